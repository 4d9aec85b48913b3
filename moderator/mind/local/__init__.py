"""A mind in the box: a small instruct model on this machine answers what no measured fact answers.

It runs in a process of its own, picks words out of lines of the meeting, and never decides.
"""
