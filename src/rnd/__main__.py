"""Entry point of `python -m rnd`."""

import sys

from rnd.cli import program

if __name__ == "__main__":
    sys.exit(program())
