"""Meetings that never happened: written scripts become records with the timing of real talk."""
