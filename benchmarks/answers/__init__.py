"""Questions about recorded meetings, and whether a mind's answers to them are right."""
