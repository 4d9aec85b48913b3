"""JSON of transcription services, read: a file a service.

What tells them apart are their keys: `telling`.
"""
