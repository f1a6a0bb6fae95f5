"""A repository's first day: its files, environment, git repository and checks."""
