"""Speaks: text to speech, sentence by sentence, and playout on meeting time."""
