"""The mind: proposes when to speak and what for, and finds the words."""
