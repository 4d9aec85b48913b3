"""Transcripts of every form, read and written, a file a form.

No sound is read here; every form becomes the same `words.MeetingWords`.
"""
