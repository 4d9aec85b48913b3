"""A live page of one meeting, served on this machine alone."""
