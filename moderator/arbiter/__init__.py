"""Decides, by the role, whether the agent speaks now: rules, turns under way, spoken commands.

Pure: no model, no file, no clock, and no word that was said enters, spoken commands aside.
"""
