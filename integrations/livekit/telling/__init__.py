"""What people tell the agent beside speech: RPC, chat, another role; each checked against the role.

Nothing that the room is shown may enter.
"""
