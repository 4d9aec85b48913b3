"""Hears the meeting: voices, words, and whose they are."""
