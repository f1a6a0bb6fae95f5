"""Measures `rnd adopt`, and writes docs/benchmarks/adoption.md.

`make benchmark` runs it. The processor time of this process and of all that it starts counts beside the wall time,
because other work of the machine adds only to the latter.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.timing import this_machine
from rnd.adopt import commits
from rnd.adopt.answers import derive_answers, settle
from rnd.adopt.branch import make_branch
from rnd.adopt.reading import analyse
from rnd.adopt.repository import look
from rnd.project.template import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "adoption.md"
FILES = 5_000
GOALS = {"analysis of 5,000 files": 1.0, "branch without a lock": 5.0}
MANIFEST = """\
[project]
name = "aligner"
version = "0.3.1"
requires-python = ">=3.11"
dependencies = ["numpy>=1.24"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
ELSEWHERE = "git@github.com:acme/rnd-template.git"


@dataclass
class Spent:
    """The seconds of each round: on the wall, and of the processor."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @contextmanager
    def measured(self) -> Generator[None]:
        """Add one round."""
        wall, processor = time.perf_counter(), _processor()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.processor.append(_processor() - processor)


def _processor() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def git(folder: Path, *arguments: str) -> None:
    """Run git without the configuration of the user."""
    identity = {f"GIT_{role}_{key}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    variables = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *arguments], cwd=folder, env=variables, check=True, capture_output=True)


def make(folder: Path, files: int) -> Path:
    """Make a repository with a number of files, and return it."""
    texts = {f"src/aligner/part{number // 100}/m{number}.py": f"VALUE = {number}\n" for number in range(files - 3)}
    texts |= {"pyproject.toml": MANIFEST, "src/aligner/__init__.py": "", "README.md": "# Aligner\n"}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.com")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    git(folder, "tag", "v0.3.1")
    return folder


def template(folder: Path) -> Template:
    """Return this template as a git repository: what is committed of it, and what is not yet."""
    git(ROOT, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder))
    git(folder, "tag", "--force", "1.0.0")
    address = f"git+file://{folder}"
    return Template(address, address, "1.0.0")


def adopt(folder: Path, source: Template) -> None:
    """Make the branch without a lock: resolving depends on the network and on what the package requires."""
    there = look(folder, ELSEWHERE)
    found = analyse(there.tree, there.tag, there.branch)
    settle(found, {})
    answers = derive_answers(found, there.tree, {}, ["3.11"], folder.name)
    make_branch(there, found, answers, source)


def measure(rounds: int, scratch: Path) -> dict[str, Spent]:
    """Return what each step takes."""
    many, few = make(scratch / "many", FILES), make(scratch / "few", 50)
    source = template(scratch / "template")
    plan = (sys.executable, "-m", "benchmarks.adoption", "--analyse", str(many))

    def branch() -> None:
        adopt(few, source)

    def analysis() -> None:
        subprocess.run(plan, cwd=ROOT, check=True)

    steps: dict[str, Callable[[], None]] = {"analysis of 5,000 files": analysis, "branch without a lock": branch}
    commits.lock = lambda *_, **__: "It is left out."
    found = {name: Spent() for name in steps}
    for number in range(-1 if rounds > 1 else 0, rounds):  # the first round fills the caches
        for name, step in steps.items():
            spent = Spent() if number < 0 else found[name]
            with spent.measured():
                step()
            if name == "branch without a lock":
                git(few, "branch", "--quiet", "-D", "rnd/adopt")
    return found


def write(found: dict[str, Spent]) -> str:
    """Return the page."""
    rows = [
        f"| {name} | {GOALS[name]:.0f} s |"
        + "".join(f" {seconds:.2f} s |" for seconds in (median(one.processor), median(one.wall), min(one.wall)))
        for name, one in found.items()
    ]
    rounds = len(next(iter(found.values())).wall)
    return f"""\
# How long an adoption takes

`make benchmark` measures this and writes this page. Processor time is that of `rnd` and of all programs that it starts,
on all cores; other work of the machine adds to the wall time only.

Measured on {this_machine()}; the median of {rounds} {"round" if rounds == 1 else "rounds"}, and the shortest.

| | goal | processor time | wall time | shortest |
|---|---:|---:|---:|---:|
{chr(10).join(rows)}

The analysis starts Python and reads a repository of {FILES:,} files, as `rnd adopt --plan` does. The branch is made
in a clone of a repository of 50 files: the template is rendered, `pyproject.toml` merged, and ruff lists what it finds.
It has no lock file, because resolving depends on the network and on what the package requires. Most of its time goes to
the six programs that list today's findings.
"""


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, default=PAGE)
    parser.add_argument("--analyse", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.analyse:
        there = look(options.analyse, ELSEWHERE)
        analyse(there.tree, there.tag, there.branch)
        return
    with TemporaryDirectory() as scratch:
        text = write(measure(options.rounds, Path(scratch)))
    options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
