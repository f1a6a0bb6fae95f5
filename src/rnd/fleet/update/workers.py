"""Run the renderer in processes of its own: copier changes the working directory, so threads would not do.

The processes get a few variables of this one, a new home, and no token.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING

from rnd import process
from rnd.fleet.update.render import Job, Rendered, render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from pathlib import Path

KEPT = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "UV"}
PROXIES = {name for word in ("http", "https", "all", "no") for name in (f"{word}_proxy", f"{word}_proxy".upper())}
JOBS = 4  # of a process at least: starting one takes as long as three updates
# Settings of uv say where packages are; those that sign in do not reach the workers.
SECRETS = ("PASSWORD", "USERNAME", "TOKEN", "PUBLISH", "KEYRING")


def environment(home: Path) -> dict[str, str]:
    """Return the variables of the workers.

    Args:
        home: An empty folder, which is their home.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT | PROXIES or (name.startswith("UV_") and not any(word in name for word in SECRETS))
    }
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home),  # so that nothing stays on this machine, even of a worker that was killed
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_TERMINAL_PROMPT": "0",
        "NETRC": os.devnull,
    }


def run(jobs: Sequence[Job], home: Path, count: int | None = None) -> list[Rendered]:
    """Return the results of some jobs, in order.

    When a process dies, the remaining jobs get a process each, so that only the one that kills its process fails.

    Args:
        jobs: The jobs.
        home: The home of the workers.
        count: How many processes; by default one for each processor, if there are jobs enough.
    """
    if not jobs:
        return []
    home.mkdir(parents=True, exist_ok=True)
    done = _all(jobs, home, count or min(os.cpu_count() or 1, -(-len(jobs) // JOBS)))
    return [one if one is not None else _alone(job, home) for job, one in zip(jobs, done, strict=True)]


def _all(jobs: Sequence[Job], home: Path, count: int) -> list[Rendered | None]:
    """Return the results of jobs; None for one whose process died."""
    with process.hidden(tuple(os.environ), environment(home)):
        # All processes start with the first job, while the variables are hidden.
        pool = ProcessPoolExecutor(count, get_context("spawn"))
        futures = [pool.submit(render, job) for job in jobs]
    try:
        return [_result(one) for one in futures]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _result(one: Future[Rendered]) -> Rendered | None:
    try:
        return one.result()
    except BrokenProcessPool:
        return None


def _alone(job: Job, home: Path) -> Rendered:
    (result,) = _all([job], home, 1)
    return result or Rendered(error="the process that rendered it died", code="render-failed")
