"""`moderator bench` over directories of recorded meetings.

What is scored, and how, is for `moderator.measure.bench`.
"""
