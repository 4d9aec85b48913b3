"""Fakes and small meetings, for the tests of this project and of what is built on it.

Typed like the real things; no product code may import them.
"""
