"""The turn-taking benchmark: an agent in the seat of one participant of a recorded meeting.

Everybody else's words arrive as they were said; the seat's own past turns are in the history.
Three protocols: `stream` (a decision at every full second), `boundary` (at the end of every floor
turn of another participant) and `dynamic` (chunks that end where a new speaker takes the floor,
for comparison with published figures only).
"""
