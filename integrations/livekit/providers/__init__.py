"""LiveKit's plugins behind our ports: an app's own STT, TTS and LLM hear, speak and write."""

from __future__ import annotations
