"""What a role is, where roles are kept and how they are read.

Nothing of a meeting under way may enter: a role is data, the same before, during and after.
"""
