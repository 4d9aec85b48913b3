"""The commands `join` and `serve`, a worker and its jobs.

What happens in a meeting is for `session`.
"""
