"""Duties as a mind: timing and floor state propose; templates filled with facts give the words.

No model may enter.
"""
