"""Runs `rnd` from the code of this checkout, in an environment that has only what it depends on; see `toolkit`.

Python is isolated (`-I`), so that it imports nothing of the folder that a job works on.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from rnd.cli import program

if __name__ == "__main__":
    sys.exit(program())
