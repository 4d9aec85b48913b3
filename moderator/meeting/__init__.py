"""One meeting from the first tick to the last: the loop, its settings, and what it delivers.

No file and no room may enter: a source and a sink stand for them.
"""
