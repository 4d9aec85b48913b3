"""Answers that say only what was said here: the lines that bear on a question, and what is checked.

No model: a mind brings its own words, and they are held against the lines.
"""
