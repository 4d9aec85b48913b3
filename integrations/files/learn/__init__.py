"""`moderator learn` over directories: what is prepared, trained, resumed and exported.

What is learned, and how, is for `moderator.learn`.
"""
