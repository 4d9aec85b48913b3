"""The embedded mind: a small language model that was trained to decide when to take the turn.

Only here, in `ears`, `mouth` and `learn` may torch be imported; importing `mind` and `loading` does
not yet do so.
"""
