"""Converts existing repositories and builds their wheels, each in a fork; the converter can be a mutant.

A process of its own, without threads, so that it can fork: build backends are imported and templates compiled once, and
each child imports `rnd.adopt` itself, from changed source text if it is a mutant. No code runs in isolation here: the
repositories are those of `tests.helpers.existing`.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import pickle
import shutil
import sys
import tomllib
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rnd
from tests.helpers import existing_full, quick_copier
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from rnd.adopt.analysis import Analysis

BACKENDS = ("setuptools>=77", "hatchling", "poetry-core>=2", "flit-core>=3.2", "uv-build")
LEGACY = "setuptools.build_meta:__legacy__"
NAMED = ("import_name", "module_root")


@dataclass(frozen=True)
class Job:
    """What to build.

    Attributes:
        name: The name of the results: `NAME.whl` and the analysis `NAME.found`, or `NAME.error` with what went wrong.
        files: The repository.
        module: The module of the converter that is changed, with the old and the new text; empty for none.
        old: The old text.
        new: The new text.
        manifest: The pyproject.toml to build with in place of the converter's; None for none.
        convert: Whether to convert the repository first.
        computed: Whether its wheel gives what its code computes.
    """

    name: str
    files: dict[str, str]
    module: str = ""
    old: str = ""
    new: str = ""
    manifest: str | None = None
    convert: bool = True
    computed: bool = False


class Mutated(importlib.abc.MetaPathFinder):
    """Finds one module, with changed text."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:  # noqa: ANN401
        del target
        if name != self.job.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = Loader(self.job, spec.origin)
        return spec


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from changed text, and no cached bytecode."""

    def __init__(self, job: Job, path: str) -> None:
        super().__init__(job.module, path)
        self.job = job

    def get_code(self, fullname: str) -> Any:  # noqa: ANN401, ARG002 - importlib calls it
        text = Path(self.path).read_text(encoding="utf-8")
        assert text.count(self.job.old) == 1, f"{self.job.old!r} is there {text.count(self.job.old)} times"
        return compile(text.replace(self.job.old, self.job.new), self.path, "exec")


def write(files: dict[str, str], folder: Path) -> Path:
    """Write files, and return the folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


def convert(files: dict[str, str], clone: Path, wheel: bytes | None) -> Analysis:
    """Do to a folder what an adoption does to the files that a build reads: all but the lock and the baseline.

    Args:
        files: The repository, which the folder has.
        clone: The folder.
        wheel: The wheel of the repository, for what its code computes; None if it computes nothing.
    """
    from copier import run_copy

    from rnd.adopt import commits, manifest
    from rnd.adopt.answers import derive_answers, settle
    from rnd.adopt.computed import settle_computed
    from rnd.adopt.reading import analyse
    from rnd.adopt.repository import Existing
    from rnd.adopt.tree import tree_of

    tree = tree_of(files)
    found = analyse(tree, "v0.3.1", "main")
    if wheel is not None:
        settle_computed(found, wheel, tree)
    settle(found, {"python_version": "3.11", "import_name": "aligner"})
    answers = derive_answers(found, tree, {"python_version": "3.11"}, ["3.9", "3.11"], "old-aligner")
    rendered = clone.parent.with_name("rendered") / clone.name.partition(".")[0]  # the answers decide, not the mutant
    if not rendered.exists():
        given = {**answers, "create_github_repository": False, "author": "Ann Other <ann@example.com>"}
        source = os.environ["RENDERED_FROM"]
        run_copy(source, rendered, data=given, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    replaced: tuple[tuple[Any, str, Any], ...] = (
        (manifest, "_check", lambda *_: None),  # the proof alone has to find it
        (commits, "lock", lambda *_, **__: None),
        (commits, "keep_versions", lambda *_, **__: []),
        (commits.Work, "_commit", lambda *_: None),
        (commits.Work, "_attributes", lambda _, ours: ours),
    )
    for owner, name, value in replaced:
        setattr(owner, name, value)
    there = Existing(clone, "0" * 40, "main", "v0.3.1", tree)
    work = commits.Work(clone, rendered, there, found, "Ann Other <ann@example.com>", answers)
    work._files()  # noqa: SLF001
    work._manifest()  # noqa: SLF001
    return found


def build(folder: Path, out: Path) -> bytes:
    """Build the wheel of a folder with the backend that it names, in this process."""
    manifest = folder / "pyproject.toml"
    system = tomllib.loads(manifest.read_text("utf-8")).get("build-system", {}) if manifest.exists() else {}
    module, _, attribute = str(system.get("build-backend", LEGACY)).partition(":")
    os.chdir(folder)
    sys.argv = ["setup.py"]
    backend = importlib.import_module(module)
    out.mkdir(parents=True)
    name = (getattr(backend, attribute) if attribute else backend).build_wheel(str(out))
    return Path(out, name).read_bytes()


def do(job: Job, place: Path) -> None:
    """Convert and build, and write the wheel."""
    folder = write(job.files, place / "build" / job.name)
    if job.module:
        sys.meta_path.insert(0, Mutated(job))
    if job.convert:
        before = place / f"{job.name.partition('.')[0]}.before.whl"
        found = convert(job.files, folder, before.read_bytes() if job.computed else None)
        (place / f"{job.name}.found").write_bytes(pickle.dumps(found))
    if job.manifest is not None:
        (folder / "pyproject.toml").write_text(job.manifest, encoding="utf-8")
    shutil.copytree(folder, place / "copies" / job.name)  # setuptools leaves what it built
    content = build(place / "copies" / job.name, place / "out" / job.name)
    (place / f"{job.name}.whl").write_bytes(content)


def forked(job: Job, place: Path, work: Callable[[Job, Path], None] = do) -> None:
    """Do a job in a child; what it prints, and its error if it fails, are in `NAME.error`."""
    if (child := os.fork()) == 0:
        error = place / f"{job.name}.error"
        log = os.open(error, os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            work(job, place)
            error.unlink()
        except BaseException:  # noqa: BLE001 - the parent reads it
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0)
    os.waitpid(child, 0)


def warm_up(place: Path) -> None:
    """Build once with each backend and convert once, so that the children have all that this imports and compiles."""
    output = os.dup(1), os.dup(2)
    log = os.open(place.with_suffix(".log"), os.O_WRONLY | os.O_CREAT)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    for number, files in enumerate(
        (existing_full.FULL_SETUP_PY, existing_full.FULL_PROJECT, existing_full.FULL_POETRY)
    ):
        folder = place / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        build(write(files, folder / "files"), folder / "out")
    shutil.rmtree(place / "clones", ignore_errors=True)
    convert(existing_full.FULL_SETUP_PY, write(existing_full.FULL_SETUP_PY, place / "clones" / "warm"), None)
    for name in [name for name in sys.modules if name.startswith("rnd.adopt")]:
        del sys.modules[name]  # each child imports its own
    delattr(rnd, "adopt")
    for descriptor, saved in enumerate(output, 1):
        os.dup2(saved, descriptor)


def main(jobs: Path, place: Path) -> None:
    """Do all jobs, one after the other."""
    for name in ("setuptools.build_meta", "hatchling.build", "poetry.core.masonry.api", "flit_core.buildapi"):
        importlib.import_module(name)
    for name in ("copier", "packaging.requirements", "yaml", "configparser", "email", "zipfile"):
        importlib.import_module(name)
    quick_copier.be_quick(pytest.MonkeyPatch())
    warm_up(place / "warm")
    assert not any(name.startswith("rnd.adopt") for name in sys.modules)
    for one in json.loads(jobs.read_text(encoding="utf-8")):
        forked(Job(**one), place)


def encode(jobs: Sequence[Job]) -> str:
    """Return jobs as `main` reads them."""
    return json.dumps([asdict(one) for one in jobs])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(Path(sys.argv[1]), Path(sys.argv[2]))
