"""A live page of one meeting, served on this machine alone.

Nothing of the meeting passes through it: the page is a participant of its own.
"""
