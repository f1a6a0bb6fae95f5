"""Run the renderer in processes of its own: copier changes the working directory, so threads would not do.

The processes get a few variables of this one, a new home, and no token of GitHub. Where a repository locks private
packages, that home has a netrc file with a password that can read the organisation's index: programs send it to the
host of that index only, whatever a repository's `pyproject.toml` says. A variable for uv would go to the address that
the repository gives to an index of that name.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING

from rnd import git, process
from rnd.fleet.update.render import Job, Rendered, render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from pathlib import Path

KEPT = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "UV"}
PROXIES = {name for word in ("http", "https", "all", "no") for name in (f"{word}_proxy", f"{word}_proxy".upper())}
JOBS = 4  # of a process at least: starting one takes as long as three updates
# Settings of uv say where packages are; those that sign in do not reach the workers.
NETRC = ".netrc"
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
        "NETRC": str(netrc) if (netrc := home / NETRC).exists() else os.devnull,
    }


def locks_private(job: Job, is_private: Callable[[str], bool]) -> bool:
    """Return whether the lock file of a repository has a package of a private index.

    Args:
        job: The repository.
        is_private: Returns whether an index is private, given its address.
    """
    text = git.attempt(job.folder, "show", f"{job.main}:uv.lock") or ""
    return any(map(is_private, set(re.findall(r'(?m)^source = \{ registry = "([^"]+)" \}$', text))))


def allow_reading(home: Path, host: str, username: str, password: str) -> None:
    """Let the workers read a package index.

    Args:
        home: Their home.
        host: The name of the index's host, without a port: a netrc file has none.
        username: Of the account.
        password: Of the account.
    """
    home.mkdir(parents=True, exist_ok=True)
    with open(os.open(home / NETRC, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(f"machine {host} login {username} password {password}\n")


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
