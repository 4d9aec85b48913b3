"""Recordings, meeting records and transcripts: files in, files out.

Nothing of LiveKit may enter.
"""
