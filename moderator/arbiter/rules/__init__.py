"""The arbiter's rules: small pure functions, a file a subject, tried in order."""
