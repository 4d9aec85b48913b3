"""What was heard, proposed, decided and played, line by line, and how it is decided again.

Nothing that decides may enter, and nothing that has no line: `rerun` asks `arbiter`.
"""
