"""What people tell the agent: RPC, chat, telephone keys, refusals, another role; each checked.

Nothing that the room is shown may enter.
"""
