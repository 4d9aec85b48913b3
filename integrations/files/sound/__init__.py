"""Recordings read, and wavs written, on meeting time.

What was said stays outside: that is for `transcripts`.
"""
