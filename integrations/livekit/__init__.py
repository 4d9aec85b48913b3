"""Meetings in LiveKit rooms: a source, a sink, and people who come, go, refuse and command.

Only here livekit may be imported.
"""
