"""The embedded mind: a small language model that was trained to decide when to take the turn.

torch may be imported here; importing `mind` and `loading` does not yet do so.
"""
