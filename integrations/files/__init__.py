"""Recordings, meeting records and transcripts: files in, files out."""
