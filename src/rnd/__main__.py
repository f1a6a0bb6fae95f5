"""Entry point of `python -m rnd`."""

import sys

from rnd.cli import main

if __name__ == "__main__":
    sys.exit(main())
