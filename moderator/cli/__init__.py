"""The command line: what `moderator …` prints, asks and refuses.

No meeting and no model is handled here; the commands that need one stand in `integrations`.
"""
