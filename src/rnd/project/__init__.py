"""A generated repository: create it, set it up, update it, locally and on GitHub."""
