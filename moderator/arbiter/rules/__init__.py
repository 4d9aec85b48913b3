"""The arbiter's rules: small pure functions, a file a subject, tried in order.

Only role, floor, commands in force and the proposal may enter.
"""
