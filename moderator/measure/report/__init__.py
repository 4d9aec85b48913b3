"""The report of a meeting: one self-contained HTML page, made of its journal and sound.

Nothing that a page would fetch from elsewhere may enter.
"""
