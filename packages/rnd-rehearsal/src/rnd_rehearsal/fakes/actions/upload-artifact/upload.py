"""Checks that there is a file to keep; a rehearsal keeps no artifacts."""

from __future__ import annotations

import os
from pathlib import Path

NAME, FILE, DAYS = (os.environ[name] for name in ("NAME", "FILE", "DAYS"))
if not Path(FILE).is_file():
    raise SystemExit(f"No files were found with the provided path: {FILE}. No artifacts will be uploaded.")
print(f"{NAME}: {FILE} would be kept for {DAYS or 'the default number of'} days")
