"""Assembles the packages of lastlook from a built program. Python's standard library only."""
