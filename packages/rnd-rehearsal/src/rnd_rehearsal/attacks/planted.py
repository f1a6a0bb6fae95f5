"""Attacks by files that a central step finds: in the folder of the repository, and in an artifact of its run.

The steps that hold an identity read the repository and the wheel that another job has kept. Code of the repository
decides what both contain.
"""

from __future__ import annotations

import hashlib
import secrets
import subprocess
import sys
import tempfile
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import manifest, process, uv
from rnd.errors import RndError
from rnd.project.template import CHECKOUT
from rnd.publish.distribution import Distribution, read_built
from rnd.publish.index import Index
from rnd_rehearsal.artifacts import TOKEN, Artifacts
from rnd_rehearsal.attacks.job import BOTH, make_wheel
from rnd_rehearsal.attacks.machine import PATIENCE, folder, recorder
from rnd_rehearsal.attacks.matrix import Refused, attack
from rnd_rehearsal.package_index import USER

if TYPE_CHECKING:
    from rnd_rehearsal.attacks.arena import Arena

PROXIES = tuple(name for one in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for name in (one, one.lower()))
# How the central actions start `rnd` (`tests/actions` has the form), and `--no-sync`, since the environment is there.
COMMAND = ("uv", "run", "--no-sync", "--frozen", "--no-dev", "--project", str(CHECKOUT), "rnd", "version", "next")
EVIL = "@EVIL@"
# Files that programs of the central steps read, if they find them: by name, with their text.
FILES = {
    **{
        f"{name}.py": f"open('{EVIL}', 'w').close()\n"
        for name in ("sitecustomize", "usercustomize", "rnd", "json", "tomllib", "packaging", "conftest")
    },
    "rnd/__init__.py": f"open('{EVIL}', 'w').close()\n",
    "uv.toml": 'http-proxy = "@PROXY@"\nindex-url = "@PROXY@/simple/"\nrequired-version = "==0.0.1"\n',
    ".python-version": f"{EVIL}.sh\n",
    ".env": "PYTHONPATH=.\nUV_INDEX_URL=@PROXY@/simple/\n",
    ".netrc": "machine 127.0.0.1 login evil password evil\n",
    "pip.conf": "[global]\nindex-url = @PROXY@/simple/\n",
    ".pypirc": "[pypi]\nrepository = @PROXY@/\n",
    ".gitconfig": f"[core]\n\tfsmonitor = {EVIL}.sh\n",
    ".docker/config.json": '{"credsStore": "evil"}',
    ".venv/bin/python": f"#!/bin/sh\ntouch {EVIL}\n",
    ".venv/pyvenv.cfg": "home = /usr/bin\n",
}


def plant(place: Path, proxy: str) -> Path:
    """Put `FILES` into a folder, and return what their programs create."""
    marker = place.parent / "executed"
    script = place.parent / "executed.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n", encoding="utf-8")
    script.chmod(0o755)
    for name, text in FILES.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(EVIL, str(marker)).replace("@PROXY@", proxy), encoding="utf-8")
        file.chmod(0o755)
    return marker


@attack("I1", "dependency")
def configuration(arena: Arena) -> object:
    """Plants modules and configuration of Python, uv, pip, git and Docker in the folder that a central step reads."""
    with folder(arena) as place, recorder() as (proxy, asked):
        marker = plant(place, proxy)
        variables = process.environment({**dict.fromkeys(PROXIES), "UV_PROJECT_ENVIRONMENT": sys.prefix})
        ended = subprocess.run(
            COMMAND, cwd=place, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        if not marker.exists() and not asked and ended.returncode == 0:
            raise Refused("uv: the configuration is that of the action")
        return ended.stdout + ended.stderr


@attack("I1", *BOTH)
def proxy_beside_the_wheel(arena: Arena) -> object:
    """Keeps a `uv.toml` beside its wheel, which sends the upload and its credentials through a proxy of its own."""
    index, version = arena.actors.sandbox.development, f"9.3.dev0+a{secrets.token_hex(4)}"
    password = arena.bearer(arena.own("development"))
    with TemporaryDirectory(prefix="rnd-hand-over-") as name, recorder() as (proxy, found):
        wheel = make_wheel(Path(name), arena.package(arena.victim), version)
        text = f'http-proxy = "{proxy}"\nhttps-proxy = "{proxy}"\nallow-insecure-host = ["*"]\n'
        Path(name, "uv.toml").write_text(text, encoding="utf-8")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        made = Distribution("wheel", wheel, arena.package(arena.victim), version, digest)
        with process.hidden(PROXIES):
            try:
                Index(index.url, f"{index.url}simple/", USER, password).upload(made, [made])
            except RndError:
                if not found:
                    raise
    if found:
        return found
    raise Refused("rnd: an upload reads no configuration of the wheel's folder")


@attack("I11", "local")
def configuration_of_temporary_files(arena: Arena) -> object:
    """Puts a `uv.toml` into the folder of temporary files, above the one in which another user builds a package."""
    del arena
    with TemporaryDirectory(prefix="rnd-tmp-") as name, process.hidden((), {"TMPDIR": name}):
        Path(name, "uv.toml").write_text('required-version = "==0.0.1"\n', encoding="utf-8")
        tempfile.tempdir = None
        try:
            with uv.temporary_folder("rnd-") as place:
                (place / "demo").mkdir()
                manifest_file = '[project]\nname = "demo"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
                (place / "demo" / "pyproject.toml").write_text(manifest_file, encoding="utf-8")
                ended = uv.attempt(place / "demo", "lock")
        finally:
            tempfile.tempdir = None
    if ended.returncode == 0:
        raise Refused("rnd: configuration above the temporary folder does not apply")
    return ended.stderr


def _kept(way: str, requests: tuple[str, ...]) -> None:
    """Declare the attempt to have another wheel published by the name of the artifact.

    Args:
        way: What is tried.
        requests: Who sends which request: `build PUT`, or `test PUT` and `test DELETE` of the attacker.
    """

    def act(arena: Arena) -> object:
        artifacts = Artifacts()  # of a run of its own
        jobs = {"build": artifacts.admit(1, 1), "test": artifacts.admit(1, 1)}
        with folder(arena) as place, TemporaryDirectory(prefix="rnd-hand-over-") as name:
            version = manifest.read_version(place)
            wheel = make_wheel(Path(name), arena.package(arena.victim), version)
            honest = wheel.read_bytes()
            bodies = {"build": honest, "test": honest + b"evil"}
            for who, method in (one.split() for one in requests):
                status = artifacts.answer(method, "/wheel", jobs[who][TOKEN], bodies[who])[0]
                if who == "build" and status >= HTTPStatus.BAD_REQUEST:
                    raise Refused(f"GitHub: {int(status)}")
            wheel.write_bytes(artifacts.answer("GET", "/wheel", artifacts.admit(1, 1)[TOKEN], b"")[2])
            try:
                return read_built(place, wheel.parent, hashlib.sha256(honest).hexdigest())
            except RndError as error:
                raise Refused(f"rnd: {error.code}") from error

    attack("I5", *BOTH, way=way)(act)


_kept("keeps a wheel under the name of the build's, from a test, before the build does", ("test PUT", "build PUT"))
_kept(
    "deletes the wheel of the build, from a test, and keeps another one under its name",
    ("build PUT", "test DELETE", "test PUT"),
)
