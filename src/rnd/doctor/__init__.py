"""Checks of this machine and of the user's accounts, with a fix for each problem."""
