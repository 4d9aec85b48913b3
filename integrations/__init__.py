"""The ends of a meeting: files and rooms. Nothing below knows of them."""
