"""Where meetings come from and where the agent is heard: files, rooms."""
