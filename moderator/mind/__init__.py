"""The mind: proposes when to speak and what for, and finds the words.

What a role forbids is not decided here, and no sound leaves from here.
"""
