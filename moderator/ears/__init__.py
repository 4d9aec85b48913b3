"""Hears the meeting: voices, words, and whose they are.

Consent is not decided here: what may not be heard does not come in.
"""
