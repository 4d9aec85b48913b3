"""`moderator replay` over many meetings: which they are, what is done already, and the table.

How one meeting is replayed is for `integrations/files/replay.py`.
"""
