"""The embedded mind: a small language model that was trained to decide when to take the turn."""
