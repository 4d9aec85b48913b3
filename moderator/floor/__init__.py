"""Who has the floor, for how long, who is spoken to, and the timing features of it.

Pure state machines over events: no sound, no model, no role.
"""
