"""Checks of this machine: required programs, Python versions and the git configuration. Read-only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rnd import git, process
from rnd.environments.conda import clients, rattler
from rnd.environments.uv import available_pythons
from rnd.project.setup import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.organisation import Organisation

# The oldest versions with all options in use: `git init --initial-branch`, `uv sync --check`.
OLDEST = {"git": (2, 28), "uv": (0, 9)}


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: The name of the check.
        state: "ok"; "missing" if it is required; "optional" if only some features need it.
        found: What was found.
        hint: How to fix it; empty if nothing has to be done.
    """

    name: str
    state: Literal["ok", "missing", "optional"]
    found: str
    hint: str


def examine(organisation: Organisation) -> tuple[Finding, ...]:
    """Run all checks of this machine."""
    return (
        _program("git"),
        _identity(),
        _program("uv"),
        *_pythons(organisation),
        _conda(),
    )


def _program(name: str) -> Finding:
    path, hint = process.find(name), TOOLS[name]
    if path is None:
        return Finding(name, "missing", "not installed", hint)
    said = process.attempt(name, "--version").stdout.strip()
    version = re.search(r"\d+(\.\d+)+", said)
    if version is None:
        return Finding(name, "missing", f"{path} does not print its version", hint)
    oldest = OLDEST[name]
    if tuple(map(int, version[0].split(".")))[:2] < oldest:
        return Finding(
            name, "missing", f"{version[0]}, too old", f"Upgrade it to {'.'.join(map(str, oldest))} or later."
        )
    if not process.on_path(name):
        return Finding(name, "missing", f"{version[0]}, not on PATH", f"Put {Path(path).parent} on PATH.")
    return Finding(name, "ok", f"{version[0]} at {path}", "")


def _identity() -> Finding:
    hint = 'git config --global user.name "Your Name"; git config --global user.email you@example.com'
    identity = git.identity(Path.cwd()) if process.find("git") else None
    return Finding("git identity", "ok" if identity else "missing", identity or "unknown", "" if identity else hint)


def _conda() -> Finding:
    """Look for a conda client or py-rattler; only repositories with conda need one."""
    found = clients.find_client() or ("py-rattler" if rattler.is_installed() else None)
    if found:
        return Finding("conda", "ok", found, "")
    hint = "For repositories with conda: install micromamba, or rnd with the extra `conda`."
    return Finding("conda", "optional", "no conda client and no py-rattler", hint)


def _pythons(organisation: Organisation) -> Iterator[Finding]:
    known = available_pythons() if process.find("uv") else {}
    for version in organisation.python.versions:
        found = known.get(version, "not available")
        hint = {"here": "", "uv can fetch it": f"uv python install {version}"}.get(
            found, "Install it and put it on PATH."
        )
        needed = version == organisation.python.default and found == "not available"
        state: Literal["ok", "missing", "optional"] = "ok" if found == "here" else "missing" if needed else "optional"
        yield Finding(f"Python {version}", state, found, hint)
