"""Conda environments: specification, lock file, installation, and the conda clients."""
