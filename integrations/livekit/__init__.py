"""Meetings in LiveKit rooms."""
