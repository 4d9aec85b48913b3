"""LiveKit plugins behind our ports."""
