"""Measuring side by side: rounds in which every contender runs once, in an order that changes.

What slows the machine down for a while then slows all contenders alike. A ratio is taken within each round, and the
median of the rounds is reported.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# A developer may have set these. Users have not, and they slow down every start of Python.
SLOWING = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONDEVMODE", "PYTHONTRACEMALLOC")
MISLEADING = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_RUN_RECURSION_DEPTH")


@dataclass(frozen=True)
class Contender:
    """One thing to measure.

    Attributes:
        name: What the table calls it.
        run: Does it once, in an empty folder of its own. May return the seconds that count, where not all of them do.
    """

    name: str
    run: Callable[[Path], float | None]


@dataclass(frozen=True)
class Timings:
    """The seconds of one contender, round by round."""

    name: str
    seconds: list[float] = field(default_factory=list)

    def ratio(self, base: Timings) -> float:
        """Return how many times as long as the base it took: the median of the rounds."""
        return median(mine / other for mine, other in zip(self.seconds, base.seconds, strict=True))

    def beyond(self, base: Timings) -> float:
        """Return how many seconds more than the base it took: the median of the rounds."""
        return median(mine - other for mine, other in zip(self.seconds, base.seconds, strict=True))

    @property
    def middle(self) -> float:
        """The median, in seconds."""
        return median(self.seconds)

    @property
    def best(self) -> float:
        """The shortest, in seconds."""
        return min(self.seconds)


def measure(contenders: Sequence[Contender], rounds: int, scratch: Path) -> dict[str, Timings]:
    """Run every contender once to warm the caches, then once in each round.

    One single round only shows that the benchmark works, and needs no warm caches.

    Args:
        contenders: What to measure, under names that differ.
        rounds: How often.
        scratch: An existing folder; each run gets a new one inside it, and it is removed afterwards, untimed.
    """
    timings = {contender.name: Timings(contender.name) for contender in contenders}
    for round_number in range(-1 if rounds > 1 else 0, rounds):
        shift = round_number % len(contenders)
        for contender in (*contenders[shift:], *contenders[:shift]):
            print(f"{'warm-up' if round_number < 0 else round_number + 1}: {contender.name}", file=sys.stderr)
            seconds = _once(contender, scratch / "run")
            if round_number >= 0:
                timings[contender.name].seconds.append(seconds)
    return timings


def _once(contender: Contender, folder: Path) -> float:
    folder.mkdir()
    start = time.perf_counter()
    counted = contender.run(folder)
    seconds = time.perf_counter() - start
    shutil.rmtree(folder)
    return seconds if counted is None else counted


@dataclass(frozen=True)
class Machine:
    """Where commands run: the same variables for every contender.

    Attributes:
        variables: The whole environment of a command.
    """

    variables: Mapping[str, str]

    def run(self, *argv: str | Path, cwd: Path) -> str:
        """Run a command that must succeed, and return its standard output.

        Raises:
            RuntimeError: It ended with another exit code than 0.
        """
        completed = subprocess.run(
            argv, cwd=cwd, env=self.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if completed.returncode != 0:
            raise RuntimeError(f"{shlex.join(map(str, argv))} failed:\n{completed.stdout}{completed.stderr}")
        return completed.stdout

    def lines(self, *argv: str | Path, cwd: Path) -> list[tuple[float, str]]:
        """Run a command that must succeed, and return what it said on standard error, line by line.

        Returns:
            Seconds since the start, and the line; last of all an empty line, at the end of the command.

        Raises:
            RuntimeError: It ended with another exit code than 0.
        """
        start = time.perf_counter()
        with subprocess.Popen(
            argv,
            cwd=cwd,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            said = [(time.perf_counter() - start, line.rstrip()) for line in process.stderr]
        if process.returncode != 0:
            raise RuntimeError(f"{shlex.join(map(str, argv))} failed:\n" + "\n".join(line for _, line in said))
        return [*said, (time.perf_counter() - start, "")]


def same_for_all(settings: Path) -> Machine:
    """Return a machine for fair measurements.

    Programs are found past the shims of version managers and past this program's own virtual environment; Python may
    keep its bytecode, as it does for every user; and git has a name and no other settings.

    Args:
        settings: An existing folder, for the settings of git.
    """
    config = settings / "gitconfig"
    config.write_text("[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n", "utf-8")
    variables = {name: value for name, value in os.environ.items() if name not in (*SLOWING, *MISLEADING)}
    own = Path(sys.prefix) / "bin"
    path = [
        entry for entry in variables["PATH"].split(os.pathsep) if Path(entry) != own and Path(entry).name != "shims"
    ]
    variables["PATH"] = os.pathsep.join((str(Path(sys.base_prefix) / "bin"), *path))
    variables |= {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1"}
    return Machine(variables)


def this_machine() -> str:
    """Describe the machine in a few words, and how busy it is before it is measured."""
    load = os.getloadavg()[0]
    return f"{platform.system()} on {platform.machine()}, {os.cpu_count()} processors, load {load:.1f} at the start"


def duration(seconds: float) -> str:
    """Write a duration the way that a table shows it."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its first column to the left and the others to the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
