"""What the room sees of the agent: transcripts, chat, attributes, data topics.

Nothing is decided and nobody's wish is read here.
"""
