"""Python packages in an environment, from their installed metadata (PEP 376, PEP 610). Read-only."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def distributions(environment: Path) -> Iterator[Path]:
    """Yield the metadata folder of each Python package."""
    return environment.glob("lib/python*/site-packages/*.dist-info")


def whole(metadata: Path) -> bool:
    """Return whether every file in a package's RECORD exists and has the recorded size.

    A wheel contains a RECORD already; the final one, which installers write after the scripts in `bin`, also lists
    INSTALLER.
    """
    try:
        with (metadata / "RECORD").open(newline="", encoding="utf-8") as record:
            rows = list(csv.reader(record))
        sizes = [((metadata.parent / path).stat().st_size, size) for path, _, size in rows]
    except (OSError, ValueError):
        return False
    finished = any(path == f"{metadata.name}/INSTALLER" for path, _, _ in rows)
    return finished and all(not size or actual == int(size) for actual, size in sizes)
