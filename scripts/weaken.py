"""Weakens each defence in a copy of this checkout, and shows that a test then fails: `make weaken`.

A test that passes proves a defence only if it fails without it. `tests/defences/` names each defence, the text of the
source that is the defence, a weaker one in its place, what then succeeds, and the test that must notice.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from concurrent.futures import Executor

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "defences"
SECONDS = 300  # for the tests of one defence; a command that hangs without its defence is noticed
OPTIONS = ("-q", "--no-header", "--tb=no", "-p", "no:cacheprovider")
PIPES = "RND_PIPES"  # by which scripts.pytest_server finds the requests, and where to answer
FAILED = 1  # https://docs.pytest.org/en/stable/reference/exit-codes.html; others mean that no test has decided


@dataclass(frozen=True)
class Defence:
    """One defence, and its test.

    Attributes:
        invariant: Of `docs/threats.md`.
        defence: What it is, in a few words.
        succeeds: What succeeds without it.
        file: The file that contains it.
        old: Its text, which the file contains once.
        new: A weaker text.
        test: The tests that fail with the weaker text, as pytest names them.
        seconds: The time limit of the tests.
    """

    invariant: str
    defence: str
    succeeds: str
    file: str
    old: str
    new: str
    test: str
    seconds: int = SECONDS

    def weaken(self, text: str) -> str:
        """Return the text of the file with the weaker text.

        Raises:
            ValueError: The file does not contain the defence exactly once.
        """
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} contains {text.count(self.old)} times: {self.old}")
        return text.replace(self.old, self.new)


def read_defences() -> list[Defence]:
    """Return all defences, ordered by invariant."""
    tables = (tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.toml")))
    found = [Defence(**entry) for table in tables for entry in table["defence"]]
    return sorted(found, key=lambda one: int(one.invariant.removeprefix("I")))


def copy_checkout(folder: Path) -> Path:
    """Copy the checkout at HEAD into a folder, with an environment of its own, and return the copy."""
    copy = folder / "checkout"
    subprocess.run(["git", "clone", "--quiet", "--local", str(ROOT), str(copy)], check=True)
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    subprocess.run([uv, "sync", "--frozen", "--quiet"], cwd=copy, check=True, env=_variables(copy))
    return copy


class Place:
    """A copy of the checkout, in which tests run.

    Args:
        folder: The copy.
        tests: All tests that will run there.

    Attributes:
        alone: Tests that pass in a process of their own only, in every copy.
    """

    alone: ClassVar[set[str]] = set()

    def __init__(self, folder: Path, tests: Sequence[str]) -> None:
        self.folder, self.changes = folder, 0
        files = sorted({test.partition("::")[0] for test in tests})
        (asked, asking), (reading, writing) = os.pipe(), os.pipe()
        self._requests = os.fdopen(asking, "w", encoding="utf-8")
        self._answers = os.fdopen(reading, encoding="utf-8")
        with (folder.parent / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [*self._pytest(), "-p", "scripts.pytest_server", *files],
                cwd=folder,
                env=_variables(folder) | {PIPES: f"{asked} {writing}"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(asked, writing),
            )
        os.close(asked)
        os.close(writing)

    def _pytest(self) -> tuple[str, ...]:
        return str(self.folder / ".venv" / "bin" / "python"), "-m", "pytest", *OPTIONS

    def run(self, tests: Sequence[str], seconds: int = SECONDS, file: str | None = None) -> int:
        """Run tests, with a file that was changed, and return pytest's exit code; a test that hangs has failed."""
        print(json.dumps({"tests": list(tests), "seconds": seconds, "file": file}), file=self._requests, flush=True)
        code: int = json.loads(self._answers.readline())["code"]
        return code

    def run_afresh(self, tests: Sequence[str], seconds: int) -> int:
        """Run tests in a process that imports everything itself."""
        command = [*self._pytest(), "-x", *tests]
        try:
            ended = subprocess.run(
                command, cwd=self.folder, env=_variables(self.folder), capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return FAILED
        return ended.returncode

    def close(self) -> None:
        """End the server."""
        self._requests.close()
        self._server.wait()
        self._answers.close()

    def notices(self, one: Defence) -> bool:
        """Return whether the tests of a defence fail without it.

        Some code takes a value when it is imported, such as a data model. So if the tests pass where the file was
        executed again, they run in a new process.
        """
        file = self.folder / one.file
        text, times = file.read_text(encoding="utf-8"), file.stat()
        self.changes += 1
        file.write_text(one.weaken(text), encoding="utf-8")
        # Python compiles a file again if its time, in whole seconds, or its size is another one.
        os.utime(file, (times.st_atime, times.st_mtime + self.changes))
        try:
            tests = one.test.split()
            noticed = self.alone.isdisjoint(tests) and self.run(tests, one.seconds, one.file) == FAILED
            return noticed or self.run_afresh(tests, one.seconds) == FAILED
        finally:
            file.write_text(text, encoding="utf-8")
            os.utime(file, (times.st_atime, times.st_mtime))


def main(arguments: Sequence[str] | None = None) -> int:
    """Weaken defences, print the result of each, and return 0 if a test notices each of them."""
    parser = argparse.ArgumentParser(prog="scripts.weaken", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="those that contain a text")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="copies to work in")
    options = parser.parse_args(arguments)
    wanted = [one for one in read_defences() if options.only in f"{one.invariant} {one.defence} {one.file} {one.test}"]
    count = min(options.jobs, len(wanted))
    with TemporaryDirectory(prefix="rnd-weaken-") as name, ThreadPoolExecutor(options.jobs) as pool:
        folders = [Path(mkdtemp(dir=name)) for _ in range(count)]
        tests = [test for one in wanted for test in one.test.split()]
        places = [Place(copy, tests) for copy in pool.map(copy_checkout, folders)]
        try:
            results = try_all(places, wanted, pool)
        finally:
            for place in places:
                place.close()
    if results is None:
        return 1
    print(f"{sum(results)} of {len(results)} weakened defences are noticed by a test.")
    return 0 if all(results) else 1


def try_all(places: Sequence[Place], wanted: Sequence[Defence], pool: Executor) -> list[bool] | None:
    """Return which weakened defences are noticed; None if a test fails with all defences."""
    free: Queue[Place] = Queue()
    for place in places:
        free.put(place)

    @contextmanager
    def borrowed() -> Generator[Place]:
        place = free.get()
        try:
            yield place
        finally:
            free.put(place)

    def passes(test: str) -> bool:
        with borrowed() as place:
            passed = place.run([test]) == 0
            if not passed:  # it does not work in a fork, or not at all
                place.alone.add(test)
                passed = place.run_afresh([test], SECONDS) == 0
        if not passed:
            print(f"{test} fails with all defences.", file=sys.stderr, flush=True)
        return passed

    def notices(one: Defence) -> bool:
        with borrowed() as place:
            noticed = place.notices(one)
        print(f"{'noticed' if noticed else 'NOT NOTICED'}: {one.invariant}, {one.defence}", flush=True)
        return noticed

    if not all(list(pool.map(passes, sorted({test for one in wanted for test in one.test.split()})))):
        return None
    return list(pool.map(notices, wanted))


def _variables(copy: Path) -> dict[str, str]:
    """Return the environment of a copy: that of this checkout's tools does not apply."""
    dropped = {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    path = [str(copy / ".venv" / "bin"), str(ROOT / ".tools" / "bin"), kept.get("PATH", os.defpath)]
    return kept | {"PATH": os.pathsep.join(path)}


if __name__ == "__main__":
    sys.exit(main())
