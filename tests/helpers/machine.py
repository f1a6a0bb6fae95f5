"""This machine, as the tests use it: interpreters, caches, and a home without its configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rnd.organisation import load_organisation
from rnd_rehearsal import channel as conda_channel
from rnd_rehearsal.cache import cache_folder
from tests.helpers import node

ROOT = Path(__file__).parents[2]
ACME = ROOT / "tests" / "acme.yml"
AUTHOR = "Ada Lovelace <ada@example.com>"
PYTHON = load_organisation().python.default
# For what holds whichever tool a repository's environment is made with.
BOTH_TOOLS = pytest.mark.parametrize("tool", ["uv", "conda"])


# Variables of whoever runs the tests, by how they begin.
TAKEN_AWAY = (
    "GIT_",
    "GH_",
    "GITHUB_",
    "COPIER_",
    "XDG_",
    "VIRTUAL_ENV",
    "UV_PROJECT",
    "CONDA_",
    "MAMBA_",
    "RATTLER_AUTH",
)


# A uv that is not on PATH has started these tests, and names itself.
if shutil.which("uv") is None:
    os.environ["PATH"] += os.pathsep + str(Path(os.environ["UV"]).parent)
os.environ["PATH"] = node.offer(os.environ["PATH"])


def _cache() -> str:
    """Return the cache of uv that the user has, which stays warm while HOME moves."""
    return subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


def _pythons() -> list[Path]:
    """Folders of interpreters that are on this machine and not on PATH: pyenv's."""
    return sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin"))


def _path() -> str:
    """Return PATH with the Pythons of this machine and without pyenv's shims, which look at the folder's version."""
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not entry.endswith(".pyenv/shims")]
    return os.pathsep.join([*path, *map(str, PYTHONS)])


def _found() -> dict[str, str]:
    """Return the Pythons of this machine that uv finds, each version that the organisation offers with its path."""
    command = ["uv", "python", "list", "--only-installed", "--output-format", "json"]
    said = subprocess.run(
        command, env=os.environ | {"PATH": _path()}, capture_output=True, text=True, check=True
    ).stdout
    found = {".".join(python["version"].split(".")[:2]): python["path"] for python in json.loads(said)}
    return {version: found[version] for version in load_organisation().python.versions if version in found}


USERS_UV_CACHE = Path(_cache())
PYTHONS = _pythons()
# No test asks for a Python that this machine does not have: it may not be allowed to fetch one.
FOUND = _found()
# What the rehearsal has fetched stays shared and warm too.
RND_CACHE = str(cache_folder())
UV_CACHE = Path(RND_CACHE) / "uv"
# Where jsii unpacks the archives of AWS CDK, 220 MB, for Node. In an empty home it would do so each time.
JSII_CACHE = Path(RND_CACHE) / "jsii"
# What leads to packages on this machine, which a build in a container needs as well.
INDEXES = {
    name: value for name, value in os.environ.items() if name.startswith(("UV_DEFAULT_INDEX", "UV_INDEX", "PIP_INDEX"))
}
BASE_IMAGE = "localhost/rnd-base:latest"


def channel(version: str = PYTHON) -> Path:
    """Return a conda channel that holds a Python of this machine, and the development tools for it."""
    if conda_channel.interpreter(version) is None:
        pytest.skip(f"no Python {version} to make a conda package of; `uv python install {version}` brings one")
    return conda_channel.channel(Path(RND_CACHE), version)


def isolate(home: Path, patch: pytest.MonkeyPatch) -> Path:
    """Move to an empty folder as the home, and return it."""
    (home / ".gitconfig").write_text("[user]\nname = Ada Lovelace\nemail = ada@example.com\n")
    for name in [name for name in os.environ if name.startswith(TAKEN_AWAY)]:
        if name != "GIT_SSL_CAINFO":
            patch.delenv(name)
    # Each program of a new environment would compile its modules at every start.
    patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    patch.setenv("HOME", str(home))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("UV_CACHE_DIR", str(UV_CACHE))
    patch.setenv("RND_CACHE_DIR", RND_CACHE)
    patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    patch.setenv("PATH", _path())
    return home
