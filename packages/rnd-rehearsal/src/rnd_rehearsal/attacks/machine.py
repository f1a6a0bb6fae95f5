"""Attacks on a person's machine: by another user of it, and by a folder that `rnd` is run in. I7, I10 and I11."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import yaml

from fake_github.loopback import listening
from rnd import process
from rnd.project.new import STAGING
from rnd_rehearsal.attacks.matrix import Refused, attack
from rnd_rehearsal.sandbox import own_environment
from rnd_rehearsal.services import MAINTAINER, RESEARCHER

if TYPE_CHECKING:
    from collections.abc import Generator

    from rnd_rehearsal.attacks.arena import Arena

PATIENCE = 60  # seconds; a command that takes longer is hung
NOBODY = 65534  # the user and group id of `nobody`
ANSWERS = ".copier-answers.yml"
NEW = ("new", "lander", "--plan", "--defaults", "-d", "project_name=lander", "-d", "author=Eve <eve@example.com>")
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
HUNG = "hung"
COMMAND = (sys.executable, "-m", "rnd")


@contextmanager
def folder(arena: Arena) -> Generator[Path]:
    """Give a copy of the work tree, in which the attacker changes what it likes."""
    with TemporaryDirectory(prefix="rnd-hostile-") as place:
        copy = Path(place, "rover")
        shutil.copytree(arena.actors.folder, copy, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
        yield copy


def rnd(arena: Arena, place: Path, *arguments: str) -> str:
    """Run `rnd` in a folder as its owner, and return what it says; `HUNG` if it does not end."""
    variables = process.environment(own_environment(arena.actors.sandbox, RESEARCHER))
    command = [*COMMAND, *arguments]
    try:
        ended = subprocess.run(
            command, cwd=place, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return HUNG
    return ended.stdout + ended.stderr


def change(place: Path, **answers: object) -> None:
    """Change answers in the answers file of a folder."""
    file = place / ANSWERS
    document = yaml.safe_load(file.read_text(encoding="utf-8")) | answers
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    commit(place)


def commit(place: Path) -> None:
    """Commit everything in a folder."""
    identity = ("-c", "user.name=eve", "-c", "user.email=eve@example.com", "-c", "core.hooksPath=/dev/null")
    process.run("git", *identity, "commit", "--all", "--quiet", "--no-verify", "--message", "chore: tidy", cwd=place)


def not_run(marker: Path, said: str) -> object:
    """Refuse unless the folder's program has run or the command hangs."""
    if not marker.exists() and said != HUNG:
        raise Refused(refusal(said, "nothing of the folder ran"))
    return said


def refusal(said: str, otherwise: str) -> str:
    """Return the code of the error that a command ended with, or what happened instead."""
    found = re.search(r"error\[([\w-]+)\]", said)
    return f"rnd: {found[1] if found else otherwise}"


def script(place: Path) -> tuple[Path, Path]:
    """Write a program into a folder, and return it with the file that it creates."""
    marker, program = place.parent / "executed", place / "py.sh"
    program.write_text(f"#!/bin/sh\ntouch {marker}\necho 3.11.4\n", encoding="utf-8")
    program.chmod(0o755)
    process.run("git", "add", "py.sh", cwd=place)
    return program, marker


@attack("I10", "hostile")
def source_option(arena: Arena) -> object:
    """Names an option of git as its template, and is planned for an update."""
    with folder(arena) as place:
        program, marker = script(place)
        change(place, _src_path=f"--upload-pack={program}")
        return not_run(marker, rnd(arena, place, "update", "--plan"))


@attack("I10", "hostile")
def interpreter(arena: Arena) -> object:
    """Names a program of its own as Python version, and is planned for a set-up."""
    with folder(arena) as place:
        _, marker = script(place)
        change(place, python_version="./py.sh")
        return not_run(marker, rnd(arena, place, "setup", "--plan"))


@attack("I10", "hostile")
def migrations(arena: Arena) -> object:
    """Names a template whose migrations run a program, and is updated."""
    with folder(arena) as place:
        program, marker = script(place)
        evil = place.parent / "template"
        evil.mkdir()
        migration = {"version": "2.0.0", "command": str(program)}
        document = {"_migrations": [migration], "_tasks": [str(program)], "_subdirectory": "."}
        (evil / "copier.yml").write_text(json.dumps(document), encoding="utf-8")
        process.run("git", "init", "--quiet", "--initial-branch=main", cwd=evil)
        for tag in ("1.0.0", "2.0.0"):
            (evil / "version").write_text(tag, encoding="utf-8")
            process.run("git", "add", "--all", cwd=evil)
            commit(evil)
            process.run("git", "tag", tag, cwd=evil)
        change(place, _src_path=str(evil), _commit="1.0.0")
        return not_run(marker, rnd(arena, place, "update"))


@attack("I10", "hostile")
def yaml_bomb(arena: Arena) -> object:
    """Has answers that grow without end when they are read."""
    with folder(arena) as place:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
        (place / ANSWERS).write_text("\n".join(lines), encoding="utf-8")
        commit(place)
        return not_run(place.parent / "executed", rnd(arena, place, "update", "--plan"))


@contextmanager
def recorder() -> Generator[tuple[str, list[str]]]:
    """Serve what records the credentials of each request, and give its address and the record."""
    found: list[str] = []

    class Record(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.append(str(self.headers.get("Authorization", "")))
            self.send_error(404)

        do_POST = do_PUT = do_PATCH = do_GET

        def log_message(self, *_: object, **__: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Record) as server, listening(server):
        yield f"http://127.0.0.1:{server.server_port}", found


def _foreign(way: str, *arguments: str) -> None:
    """Declare the attempt to get the token of GitHub by an `origin` on another host."""

    def act(arena: Arena) -> object:
        with folder(arena) as place, recorder() as (address, found):
            process.run("git", "remote", "set-url", "origin", f"{address}/{arena.victim}.git", cwd=place)
            said = rnd(arena, place, *arguments)
            token = arena.actors.sandbox.tokens[RESEARCHER]
            if not any(token in one or one.startswith("Basic ") for one in found):
                raise Refused(refusal(said, "no token to another host"))
            return found

    attack("I10", "hostile", way=way)(act)


_foreign("has its origin on another host, and is checked", "github", "check")
_foreign("has its origin on another host, and is brought into line", "github", "apply")


def _steer(way: str, tag: str, reachable: bool) -> None:
    """Declare the attempt to steer the next version by a tag of the folder."""

    def act(arena: Arena) -> object:
        with folder(arena) as place:
            before = rnd(arena, place, "version", "next")
            tree = process.run("git", "rev-parse", "HEAD^{tree}", cwd=place).strip()
            identity = ("-c", "user.name=eve", "-c", "user.email=eve@example.com")
            made = process.run("git", *identity, "commit-tree", tree, "-m", "feat: tag", cwd=place).strip()
            target = "HEAD~1" if reachable else made
            process.run("git", "update-ref", f"refs/tags/{tag}", target, cwd=place)
            after = rnd(arena, place, "version", "next")
            if after == before:
                raise Refused("rnd: the tag does not count")
            if "error[" in after:
                raise Refused(refusal(after, ""))
            return after

    attack("I7", "hostile", way=way)(act)


_steer("has a tag of a version that its history does not contain", "8.0.0", reachable=False)
_steer("has a tag of a version that its commits do not explain", "9.9.9", reachable=True)
_steer("has a tag whose number is beyond all numbers", "v999999999999999999.0.0", reachable=True)
_steer("has a tag named like the branch on the server", "origin/main", reachable=False)
_steer("has a tag of a version in full-width digits", "\uff19.\uff19.\uff19", reachable=True)
_steer("has a tag of a version with a right-to-left override", "\u202e9.9.9", reachable=True)
_steer("has a tag named like the full ref of a version", "refs/tags/9.9.9", reachable=True)


@attack("I11", "local")
def reads_folder(arena: Arena) -> object:
    """Reads the folder of a rehearsal."""
    place = arena.actors.sandbox.folder
    if os.geteuid() == 0:
        ended = subprocess.run(
            ["ls", "-R", str(place)], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, check=False
        )
        closed = ended.returncode != 0
    else:
        closed = any(one.stat().st_mode & 0o077 == 0 for one in (place, place.parent))
    if closed:
        raise Refused("file system: permission denied")
    return place


@attack("I11", "local")
def signs_in(arena: Arena) -> object:
    """Signs in as an owner on the page of a rehearsal, whose password it does not know."""
    hub = arena.actors.sandbox.hub
    client = min(hub.client_ids)
    arena.send("GitHub", "POST", f"{hub.url}/login/device/code", FORM, urlencode({"client_id": client}).encode())
    device = list(hub.devices.values())[-1]
    answers = {"user_code": device.user_code, "login": MAINTAINER, "password": "guessed", "answer": "allow"}
    return arena.send("sign-in page", "POST", f"{hub.url}/login/device", FORM, urlencode(answers).encode())


@attack("I11", "local")
def rebinds(arena: Arena) -> object:
    """Reaches a rehearsal through a page in the browser whose name leads to this machine."""
    return arena.send("GitHub", "GET", f"{arena.actors.sandbox.hub.url}/{arena.victim}", {"Host": "evil.example"}, None)


@attack("I11", "local")
def reads_repository(arena: Arena) -> object:
    """Reads a private repository of a rehearsal without signing in."""
    return arena.github("none", "GET", f"/repos/{arena.victim}/contents/pyproject.toml")


@attack("I11", "local")
def reads_index(arena: Arena) -> object:
    """Reads the package index of a rehearsal without signing in."""
    return arena.send("index", "GET", f"{arena.actors.sandbox.index.url}simple/", {}, None)


def shared(arena: Arena) -> Path:
    """Return a folder where another user has left a pipe and a folder, and where a new repository is planned."""
    if "shared" not in arena.kept:
        place = arena.kept["shared"] = Path(arena.actors.sandbox.folder, "shared")
        (place / f"{STAGING}other").mkdir(parents=True)
        (place / f"{STAGING}other" / "mine").write_text("kept", encoding="utf-8")
        os.mkfifo(place / f"{STAGING}lander")
        arena.kept["planned"] = rnd(arena, place, *NEW)
    found: Path = arena.kept["shared"]
    return found


@attack("I11", "local")
def fifo(arena: Arena) -> object:
    """Puts a pipe where `rnd new` looks for what it left, in a folder that both may write."""
    place = shared(arena)
    if arena.kept["planned"] != HUNG:
        raise Refused(refusal(arena.kept["planned"], "the plan ends"))
    return place


@attack("I11", "local")
def staging(arena: Arena) -> object:
    """Has a folder of another user removed by the plan of a new repository beside it."""
    place = shared(arena)
    if (place / f"{STAGING}other" / "mine").exists():
        raise Refused("rnd: a plan removes nothing")
    return place
