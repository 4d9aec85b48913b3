"""Speaks: text to speech, sentence by sentence, and playout on meeting time.

Whether to speak is decided elsewhere; thoughts have no way in.
"""
