"""pypiserver as a WSGI application of this process. A process of its own costs a third of a second for each index."""

from __future__ import annotations

import logging
import sys
import warnings
from functools import cache
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from wsgiref.types import WSGIApplication


def pypiserver(folder: Path, *options: str) -> WSGIApplication:
    """Return a pypiserver that holds the files of a folder, and lets everybody read and upload.

    Args:
        folder: What it holds.
        options: Further options of its command line.
    """
    _prepare()
    from pypiserver import app_from_config
    from pypiserver.config import Config

    # With a password, pypiserver would need the unmaintained passlib.
    config: Any = Config.from_args(["run", "-P", ".", "-a", ".", "--disable-fallback", *options, str(folder)])
    return cast("WSGIApplication", app_from_config(config))


@cache
def _prepare() -> None:
    """Import pypiserver with its copy of Bottle, which is older than the rules of this process for warnings."""
    finders = list(sys.meta_path)
    with warnings.catch_warnings(action="ignore"):  # it needs the module cgi
        bottle: Any = import_module("pypiserver.bottle_wrapper").bottle
    sys.meta_path[:] = finders  # Bottle adds a finder of a form that Python has given up
    logging.getLogger("pypiserver").setLevel(logging.WARNING)  # it would log each request
    read = bottle._file_iter_range  # noqa: SLF001 - it leaves the file open

    def read_and_close(file: IO[bytes], *of_range: int) -> Iterator[bytes]:
        with file:
            yield from read(file, *of_range)

    bottle._file_iter_range = read_and_close  # noqa: SLF001
