"""Topics of the room's text streams and data packets: what is sent where, and read from where."""

from __future__ import annotations

CHAT = "lk.chat"
"""Text streams: what people write, and the agent's answers."""

TRANSCRIPTION = "lk.transcription"
"""Text streams: everybody's words."""

DECISION = "moderator.decision"
"""Data, JSON: a decision with its reason."""

NOW = "moderator.now"
"""Data, JSON, may be lost: the floor and the shares of talk."""

CHANGE = "moderator.change"
"""Data, JSON: another role, or whose words are erased."""

HAND = "moderator.hand"
"""Data, text: what the agent wants the floor for."""
