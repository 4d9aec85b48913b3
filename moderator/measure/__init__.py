"""What a meeting adds up to: the turn-taking benchmark, the summary, the report.

It reads what happened and changes nothing; nothing of `learn` may enter.
"""
