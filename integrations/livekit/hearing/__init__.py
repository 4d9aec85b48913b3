"""From published microphones to percepts: tracks, their clock, the agent's echo, the room's ears.

Whoever refused does not come in.
"""
