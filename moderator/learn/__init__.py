"""Trains the embedded mind on recorded meetings: prepare, train, evaluate, export.

No file format and no command may enter: meetings come as `measure.bench` has them.
"""
