"""Conda environments: what is asked for, what is locked, what is installed, and the programs that do it."""
