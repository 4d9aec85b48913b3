"""Fakes and small meetings, for the tests of this project and of what is built on it."""
