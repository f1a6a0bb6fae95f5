"""Attacks by the git configuration of a folder, which names programs for git to start, and by its manifest: I10."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rnd import process
from rnd_rehearsal.attacks.machine import folder, not_run, rnd
from rnd_rehearsal.attacks.matrix import Refused, attack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd_rehearsal.attacks.arena import Arena


def poisoned(place: Path) -> Path:
    """Write a program into the configuration of a work tree, wherever git starts one, and return what it creates."""
    marker, program = place.parent / "executed", place.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n", encoding="utf-8")
    program.chmod(0o755)
    keys = ("core.fsmonitor", "core.sshCommand", "core.askPass", "diff.external", "filter.evil.clean", "gpg.program")
    more = ("filter.evil.process", "diff.evil.textconv", "credential.helper", "remote.origin.uploadpack")
    for key in (*keys, *more):
        process.run("git", "config", key, str(program), cwd=place)
    process.run("git", "config", "log.showSignature", "true", cwd=place)
    for hook in ("post-index-change", "reference-transaction"):
        path = place / ".git" / "hooks" / hook
        path.unlink(missing_ok=True)
        path.symlink_to(program)
    (place / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil\n", encoding="utf-8")
    for file in (place / "README.md", place / "pyproject.toml"):
        os.utime(file)  # git reads them again
    return marker


def _commands() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Return what is run in a hostile folder: what it is for, and the command."""
    yield "is asked for its next version", ("version", "next")
    yield "is asked why that is its next version", ("version", "explain")
    yield "is examined", ("doctor",)
    yield "is compared with the settings", ("github", "check")
    yield "is planned for an update", ("update", "--plan")
    yield "is planned for a set-up", ("setup", "--plan")
    yield "is planned for a version and its push", ("version", "set", "--push", "main", "--plan")
    yield "gets a version, in the job that publishes", ("version", "set")
    yield "is described, in the job that publishes", ("release", "sbom", "sbom.json")


def _configures(way: str, command: tuple[str, ...]) -> None:
    """Declare the attempt to have a program started by a command that only reads."""

    def act(arena: Arena) -> object:
        with folder(arena) as place:
            marker = poisoned(place)
            said = rnd(arena, place, *command)
            if "error[unexpected]" in said:
                return said
            return not_run(marker, said)

    attack("I10", "hostile", way=f"configures programs and hooks for git, and {way}")(act)


for _way, _command in _commands():
    _configures(_way, _command)


# A line of TOML: it writes the clipboard of a terminal, and gives commands to GitHub's runner in each form.
VERSION = r'version = "0.1.0\u001b]52;c;ZXZpbA==\u0007\n::set-output name=app::true\n ##[set-output name=app]true"'


@attack("I10", "hostile")
def printed(arena: Arena) -> object:
    """Writes commands for terminals and workflows into the version of its manifest, and is planned for a version."""
    with folder(arena) as place:
        manifest = place / "pyproject.toml"
        text = re.sub(r"(?m)^version = .*$", lambda _: VERSION, manifest.read_text(encoding="utf-8"))
        manifest.write_text(text, encoding="utf-8")
        said = rnd(arena, place, "version", "set", "--plan")
    if "it has 0.1.0" in said and not re.search(r"(?m)\x1b|^\s*::|##\[", said):
        raise Refused("rnd: no controls and no commands are printed")
    return said
