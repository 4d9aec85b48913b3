"""Metrics of the meetings of a process, and where they are sent.

No label may name a room or a person.
"""
