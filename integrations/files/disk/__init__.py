"""The disk itself: files whole or not at all, a run's directory, names and texts from outside.

No format may enter.
"""
