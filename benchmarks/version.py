"""Measures `rnd version next` beside its peers and the floor, and writes docs/benchmarks/version.md.

`make benchmark` runs it. Each tool is installed into an environment of its own in .benchmarks/, compiled, and
called directly; all are called in turn, round after round, on the same repository in the same minutes. Wall time is
the best of all rounds, since what else the machine does can only add to it; memory is the largest process's peak.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Required, TypedDict

from benchmarks import history


class Shape(TypedDict, total=False):
    """The arguments of `history.build`."""

    commits: Required[int]
    tags: Required[int]
    tail: Required[int]
    above: int
    beside: history.Branches


ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".benchmarks" / "version"
PAGE = ROOT / "docs" / "benchmarks" / "version.md"
UV = os.environ.get("UV", "uv")
ROUNDS = 25
SLOW = 2.0  # seconds; what takes longer is called three times only
# Run by a bare interpreter, since a program's peak memory begins with that of the process that starts it.
MEASURE = """
import os, sys, time
null = os.open(os.devnull, os.O_RDWR)
started = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)])
_, status, usage = os.wait4(child, 0)
print(time.perf_counter() - started, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""
FLOOR = 'git log --format=%B "$(git describe --tags --abbrev=0)..HEAD"'
HISTORIES: dict[str, Shape] = {
    "100,000 commits, 500 tags": {"commits": 100_000, "tags": 500, "tail": 300},
    "24,000 commits, 12,000 tags": {"commits": 24_000, "tags": 12_000, "tail": 300},
    "maintenance branch, 250 of 500 tags on main": {"commits": 100_000, "tags": 500, "tail": 300, "above": 250},
    "maintenance branch, 6,000 of 12,000 tags on main": {
        "commits": 24_000,
        "tags": 12_000,
        "tail": 300,
        "above": 6_000,
    },
    "16,000 commits, 270 tags, 14 above them on a release branch": {
        "commits": 16_000,
        "tags": 270,
        "tail": 300,
        "beside": history.Branches(count=1, tags=14, between=50, span=1_000),
    },
    "18,000 commits, 370 tags, 1,500 above them on 100 release branches": {
        "commits": 18_000,
        "tags": 370,
        "tail": 300,
        "beside": history.Branches(count=100, tags=15, between=5, span=9_000),
    },
}


@dataclass
class Contender:
    """A program that answers which version comes next."""

    name: str
    package: str
    command: tuple[str, ...]
    seconds: float = float("inf")
    kibibytes: int = 0
    answer: str = ""

    def install(self) -> str:
        """Install it alone, compiled, and return its version."""
        environment = WORK / self.command[0]
        subprocess.run([UV, "venv", "--quiet", "--clear", environment], check=True)
        python = environment / "bin" / "python"
        arguments = ["--quiet", "--compile-bytecode", "--python", str(python)]
        subprocess.run([UV, "pip", "install", *arguments, self.package], check=True)
        listed = subprocess.run([UV, "pip", "list", "--python", python], check=True, capture_output=True, text=True)
        name = "rnd-template" if self.package == str(ROOT) else self.package
        return next(line.split()[1] for line in listed.stdout.splitlines() if line.split()[0] == name)

    def argv(self) -> list[str]:
        """Return the command line, with the program's own path."""
        program, *arguments = self.command
        return [str(WORK / program / "bin" / program) if self.package else program, *arguments]

    def ask(self, repository: Path) -> None:
        """Call it once for its answer, which also warms what it caches."""
        said = subprocess.run(self.argv(), cwd=repository, capture_output=True, text=True, check=False)
        self.answer = said.stdout.strip().splitlines()[-1] if self.package and said.stdout.strip() else ""

    def measure(self, repository: Path) -> None:
        """Call it once, and keep what was best."""
        command = [sys.executable, "-I", "-S", "-c", MEASURE, *self.argv()]
        said = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout
        seconds, kibibytes, code = said.split()
        if code != "0":
            raise SystemExit(f"{self.name} failed in {repository}")
        self.seconds = min(self.seconds, float(seconds))
        self.kibibytes = max(self.kibibytes, int(kibibytes))


def contenders() -> list[Contender]:
    """Return the floor, ourselves and the peers, each with the call that prints the next version."""
    return [
        Contender("floor: `git describe`, `git log`", "", ("sh", "-c", FLOOR)),
        Contender("`rnd version next`", str(ROOT), ("rnd", "version", "next")),
        Contender("git-cliff", "git-cliff", ("git-cliff", "-u", "--bumped-version")),
        Contender("commitizen", "commitizen", ("cz", "bump", "--get-next", "--yes")),
        Contender(
            "python-semantic-release", "python-semantic-release", ("semantic-release", "--noop", "version", "--print")
        ),
    ]


def compare(repository: Path) -> list[Contender]:
    """Measure everybody in turn on one repository."""
    racing = contenders()
    # One of the peers does not start without a remote; nobody calls it.
    subprocess.run(["git", "-C", repository, "remote", "add", "origin", "https://example.com/o/demo.git"], check=True)
    for contender in racing:
        contender.ask(repository)
    for number in range(ROUNDS):
        for contender in racing:
            if number < 3 or contender.seconds < SLOW:
                contender.measure(repository)
    return racing


def table(racing: list[Contender]) -> str:
    """Return the results as a Markdown table."""
    floor, ours = racing[0].seconds, racing[1].seconds
    lines = ["| | answer | wall time | to the floor | to us | peak memory |", "|---|---|---:|---:|---:|---:|"]
    lines += [
        f"| {one.name} | {one.answer} | {one.seconds * 1000:,.0f} ms | {one.seconds / floor:.2f} "
        f"| {one.seconds / ours:.2f} | {one.kibibytes / 1024:.0f} MiB |"
        for one in racing
    ]
    return "\n".join(lines)


def main() -> None:
    """Install, create the histories, measure, write the page."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    versions = {one.name: one.install() for one in contenders() if one.package}
    versions["git"] = subprocess.run(["git", "version"], check=True, capture_output=True, text=True).stdout.split()[2]
    sections = []
    for title, shape in HISTORIES.items():
        repository = WORK / title.replace(" ", "-").replace(",", "")
        last = history.build(repository, **shape)
        result = table(compare(repository))
        print(f"\n{title}\n{result}", flush=True)
        sections.append(f"## {title}\n\nThe last release is {last}.\n\n{result}\n")
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    tools = ", ".join(f"{name.strip('`')} {version}" for name, version in versions.items() if "rnd" not in name)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(PREAMBLE.format(machine=machine, tools=tools, rounds=ROUNDS) + "\n" + "\n".join(sections))


PREAMBLE = """\
# How long the next version takes

`make benchmark` measures this and writes this page. Every job of every pipeline asks for the version. The
floor is the time of the two git calls that any such tool needs.

Python takes a third of the time of `rnd version next`, so git starts before most modules are imported, and what is
asked next is asked at the same time where it can be. On one processor instead of two, the difference to the floor is
larger.

Where the highest release is on another branch, `rnd version next` lists the past of the last release, newest first,
until what is left is older than every higher release. So it reads no commit of the other branch. It still reads down to
the oldest of these releases that is not newer than the last release, which the floor does not do: this is most of the
time of the last history.

Measured in one run on {machine}, with {tools}.

Each tool is installed alone with its bytecode compiled, and called directly. Wall time is the best of {rounds} rounds
(of 3 where one takes longer than 2 s); memory is the largest process's peak.
The tags are loose and annotated, as git leaves them when they are made one by one.
"""

if __name__ == "__main__":
    main()
