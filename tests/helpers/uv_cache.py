"""A cache of uv for the tests, in which the modules that programs of a new repository import are compiled.

uv puts into an environment what an archive of its cache holds. Programs of each new environment would compile the same
250 modules again, which takes a quarter of what `rnd new` takes. The cache begins as hard links to that of the user,
which is left as it is. Benchmarks that are run by themselves, and the jobs of `rnd rehearse --cold`, use other caches.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from fake_github.cache import alone
from rnd.cli import main
from tests.helpers.machine import ROOT, USERS_UV_CACHE, UV_CACHE, isolate
from tests.helpers.template import asking_nothing, copy_template

if TYPE_CHECKING:
    from collections.abc import Iterable

# What decides which packages a new repository has, and what is compiled of them.
DECIDES = (ROOT / "uv.lock", ROOT / "template" / "pyproject.toml.jinja", ROOT / "org.yml", Path(__file__))
# The environment of copier's task, in copier.yml.
OF_THE_TASK = ("--frozen", "--no-dev", "--extra", "conda", "--python", ">=3.11")
# Python checks such a module by a hash of its source, not by its time, which uv does not copy.
# https://docs.python.org/3/library/py_compile.html#py_compile.PycInvalidationMode
COMPILE = ("-m", "compileall", "-q", "-f", "--invalidation-mode", "checked-hash", "-i", "-")


@pytest.fixture(scope="session", autouse=True)
def uv_cache(released_templates: None, tmp_path_factory: pytest.TempPathFactory) -> None:  # noqa: ARG001 - comes first
    """Prepare the cache, unless an earlier session has done so."""
    prepared = _marker()
    with alone(UV_CACHE.with_suffix(".lock")):
        if not UV_CACHE.is_dir():
            clone(USERS_UV_CACHE, UV_CACHE)
        if not prepared.exists():
            with TemporaryDirectory(dir=UV_CACHE.parent) as place, pytest.MonkeyPatch.context() as patch:
                isolate(tmp_path_factory.mktemp("home"), patch)
                template = copy_template(Path(place, "rnd-template"))
                # Where it fails, the tests of `rnd new` say why.
                if main(["new", f"{place}/made", "--quiet", *asking_nothing(template.address)]) == 0:
                    keep_compiled(Path(place, "made", ".venv"), UV_CACHE)
                    if use_as_copier_does(template.folder, Path(place, "made"), Path(place, "task")):
                        keep_compiled(Path(place, "task"), UV_CACHE)
                    prepared.touch()


def keep_for(version: str, environment: Path) -> None:
    """Compile what a new environment of another Python has imported, unless an earlier session has done so."""
    prepared = _marker(f"-{version}")
    with alone(UV_CACHE.with_suffix(".lock")):
        if not prepared.exists():
            keep_compiled(environment, UV_CACHE)
            prepared.touch()


def _marker(end: str = "") -> Path:
    """Return the file that says that the cache is prepared."""
    key = hashlib.sha256(b"".join(file.read_bytes() for file in DECIDES)).hexdigest()[:12]
    return UV_CACHE / f"compiled-{key}{end}"


def use_as_copier_does(template: Path, made: Path, environment: Path) -> bool:
    """Make the environment of copier's task, run its program and copier itself, and return whether all ended well."""
    task = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)}
    answers = ("--trust", "--skip-tasks", "--quiet", "--defaults", "--data", "project_name=aligner")
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("uv", "sync", "--quiet", "--project", template, *OF_THE_TASK),
        (environment / "bin" / "rnd", "setup", "--quiet", made),
        (environment / "bin" / "copier", "copy", *answers, template, environment.with_name("copy")),
    )
    return all(subprocess.run(command, env=task, check=False).returncode == 0 for command in commands)


def clone(users: Path, own: Path) -> None:
    """Make a cache of hard links to the files of another one, or of copies where that is on another disk."""
    with TemporaryDirectory(dir=own.parent) as place:
        partial = Path(place, "uv")
        users.mkdir(parents=True, exist_ok=True)
        if subprocess.run(["cp", "-al", users, partial], capture_output=True, check=False).returncode != 0:
            shutil.rmtree(partial, ignore_errors=True)
            subprocess.run(["cp", "-a", users, partial], check=True)
        partial.rename(own)


def keep_compiled(environment: Path, cache: Path) -> None:
    """Compile what programs of an environment have imported, and link it into the archives of the cache.

    Each link appears as a whole: another process may use the archive.

    Args:
        environment: A virtual environment that uv has made of links to the files of the cache.
        cache: The cache.
    """
    (site,) = environment.glob("lib/python*/site-packages")
    imported = {
        compiled.relative_to(site): compiled.parent.parent / f"{compiled.name.partition('.')[0]}.py"
        for compiled in site.rglob("__pycache__/*.pyc")
        if compiled.name.count(".") == 2 and "-pytest-" not in compiled.name
    }
    sources = "\n".join(map(str, imported.values()))
    subprocess.run([environment / "bin" / "python", *COMPILE], input=sources, text=True, check=True)
    for archive in _archives(site, cache):
        for compiled, source in imported.items():
            file = archive / source.relative_to(site)
            if file.is_file() and file.samefile(source) and not (archive / compiled).exists():
                (archive / compiled).parent.mkdir(exist_ok=True)
                os.link(site / compiled, archive / compiled)


def _archives(site: Path, cache: Path) -> Iterable[Path]:
    """Return the archives of the packages of an environment, of each platform."""
    for distribution in site.glob("*.dist-info"):
        name, _, version = distribution.name.removesuffix(".dist-info").partition("-")
        for kind in ("pypi", "index/*"):
            yield from cache.glob(f"wheels-v*/{kind}/{canonicalize_name(name)}/{version}-*/")
