"""What is measured about making a repository: rendering, the whole set-up, and the start of the program.

What runs is the working copy's `rnd`, on a clone of the last commit's template.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import peers
from benchmarks.peers import PROJECT, Peer, Unavailable
from benchmarks.timing import Contender, Machine, Timings, measure
from rnd.project import template

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
RND = Path(sys.prefix) / "bin" / "rnd"
ANSWERS = (
    "--defaults",
    "--data",
    f"project_name={PROJECT}",
    "--data",
    "create_github_repository=false",
    "--data",
    "author=Ada <ada@example.com>",
)
# A finished step, as a pipe sees it.
STEP = re.compile(r"(?P<title>[^:]+): (done|nothing to do) \(")
START = "start, questions, rendering"
CHECKS = "Run the repository's checks"

OURS = "ours"
ONE_FILE = "one single file"
ONE_FILE_FOLDER = "one single file, from a folder without git"
BARE = "bare: uv and git by hand"
NEW = "`rnd new`"
COPY = "`copier copy --trust`"
PYTHON = "`python -c pass`"


@dataclass(frozen=True)
class Bench:
    """What every measurement needs.

    Attributes:
        machine: Where commands run.
        scratch: A folder for what is made and measured.
        rounds: How often the slow things are measured; the quick ones more often.
        template: Our template, a git repository at the last commit.
        single: A template of one single file, a git repository too.
        rendered: What our template renders.
        copier: Copier, installed alone.
    """

    machine: Machine
    scratch: Path
    rounds: int
    template: Path
    single: Path
    rendered: Path
    copier: Path

    def quick(self, factor: int) -> int:
        """Return how often something quick is measured; once in a run of one round."""
        return self.rounds * factor if self.rounds > 1 else 1


def render_ours(source: Path, destination: Path) -> None:
    """Render our template, in this process."""
    data = {"project_name": PROJECT, "author": "Ada <ada@example.com>"}
    template.render(template.Template(str(source), str(source), "HEAD"), destination, data, {}, ask=False)


def render_plainly(source: Path, destination: Path, ref: str | None) -> None:
    """Render any template with copier, in this process."""
    from copier import run_copy

    run_copy(str(source), destination, vcs_ref=ref, defaults=True, quiet=True)


def prepare(machine: Machine, place: Path, rounds: int) -> Bench:
    """Lay out the templates and install copier alone.

    The single file lies in a sub-folder, as ours do: at the root copier also renders the name of every file in .git.
    """
    single = place / "single"
    (single / "template").mkdir(parents=True)
    (single / "template" / "README.md").write_text("# A project\n", "utf-8")
    (single / "copier.yml").write_text("_subdirectory: template\n", "utf-8")
    machine.run("git", "init", "--quiet", cwd=single)
    machine.run("git", "add", "--all", cwd=single)
    machine.run("git", "commit", "--quiet", "--message=One file", cwd=single)
    machine.run("git", "gc", "--quiet", cwd=single)
    # Packed, as what comes from a forge is; a plain clone of a folder would take its loose objects along, file by file.
    machine.run("git", "clone", "--quiet", "--no-local", ROOT, place / "template", cwd=place)
    render_ours(place / "template", place / "rendered")
    copier, _ = peers.python_program(machine, place, f"copier=={version('copier')}", "copier")
    scratch = place / "scratch"
    scratch.mkdir()
    return Bench(machine, scratch, rounds, place / "template", single, place / "rendered", copier)


def find_peers(bench: Bench, place: Path) -> tuple[list[Peer], list[str]]:
    """Return the peers that could be installed, and why the others could not."""
    place.mkdir()
    machine = bench.machine
    found, missing = [], []
    ways: tuple[Callable[[], Peer], ...] = (
        lambda: peers.uv(machine, place),
        lambda: peers.cookiecutter(machine, place, bench.rendered),
        lambda: peers.pyscaffold(machine, place),
        lambda: peers.projen(machine, place),
    )
    for way in ways:
        try:
            found.append(way())
        except Unavailable as error:
            print(error.__cause__, file=sys.stderr)
            missing.append(f"{error}, so it is not measured.")
    return found, missing


def measure_rendering(bench: Bench) -> dict[str, Timings]:
    """Measure copier in this process, on our template and on its floors."""
    folder = bench.single / "template"
    contenders = (
        Contender(OURS, lambda place: render_ours(bench.template, place / PROJECT)),
        Contender(ONE_FILE, lambda place: render_plainly(bench.single, place / PROJECT, "HEAD")),
        Contender(ONE_FILE_FOLDER, lambda place: render_plainly(folder, place / PROJECT, None)),
    )
    return measure(contenders, bench.quick(4), bench.scratch)


def measure_rendering_commands(bench: Bench, found: list[Peer]) -> dict[str, Timings]:
    """Measure the commands that render, ours beside the peers."""
    copy = (bench.copier, "copy", "--quiet", "--vcs-ref", "HEAD")
    commands: dict[str, tuple[str | Path, ...]] = {
        OURS: (*copy, "--trust", "--skip-tasks", *ANSWERS, bench.template, PROJECT),
        ONE_FILE: (*copy, bench.single, PROJECT),
        **{f"{peer.name} {peer.version}": peer.command for peer in found},
    }
    return measure(commanders(bench, commands), bench.quick(2), bench.scratch)


def measure_start(bench: Bench) -> dict[str, Timings]:
    """Measure how long the program takes to say something, beside its own bare interpreter."""
    commands: dict[str, tuple[str | Path, ...]] = {
        PYTHON: (sys.executable, "-c", "pass"),
        "`rnd --version`": (RND, "--version"),
        "`rnd --help`": (RND, "--help"),
    }
    return measure(commanders(bench, commands), bench.quick(6), bench.scratch)


def commanders(bench: Bench, commands: dict[str, tuple[str | Path, ...]]) -> list[Contender]:
    """Return contenders that each run one command."""

    def runner(command: tuple[str | Path, ...]) -> Callable[[Path], None]:
        def run(place: Path) -> None:
            bench.machine.run(*command, cwd=place)

        return run

    return [Contender(name, runner(command)) for name, command in commands.items()]


def measure_setup(bench: Bench) -> tuple[dict[str, Timings], dict[str, list[dict[str, float]]]]:
    """Measure the whole set-up, the repository's own checks aside.

    Returns:
        The timings; and, for each run of our ways, the warm-up first, the seconds of each step.
    """
    steps: dict[str, list[dict[str, float]]] = {NEW: [], COPY: []}
    commands: dict[str, tuple[str | Path, ...]] = {
        NEW: (RND, "new", PROJECT, *ANSWERS, "--template", bench.template),
        COPY: (bench.copier, "copy", "--trust", "--vcs-ref", "HEAD", *ANSWERS, bench.template, PROJECT),
    }

    def set_up(name: str, place: Path) -> float:
        taken = split_steps(bench.machine.lines(*commands[name], cwd=place))
        steps[name].append(taken)
        return sum(taken.values()) - taken[CHECKS]

    contenders = (
        Contender(BARE, lambda place: by_hand(bench, place)),
        Contender(NEW, lambda place: set_up(NEW, place)),
        Contender(COPY, lambda place: set_up(COPY, place)),
    )
    return measure(contenders, bench.rounds, bench.scratch), steps


def by_hand(bench: Bench, place: Path) -> None:
    """Make a package with the same dependencies, as one would by hand: nothing is checked, no hook is installed."""
    run = bench.machine.run
    folder = place / PROJECT
    run("uv", "init", "--quiet", "--package", PROJECT, cwd=place)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(f"\n{dependency_groups(bench.rendered)}")
    run("uv", "sync", "--quiet", "--all-extras", cwd=folder)
    run("git", "init", "--quiet", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run("git", "commit", "--quiet", "--message=First commit", cwd=folder)


def dependency_groups(rendered: Path) -> str:
    """Return the table of development dependencies of the rendered repository, which has no others."""
    text = (rendered / "pyproject.toml").read_text("utf-8")
    return text[text.index("[dependency-groups]") : text.index("[build-system]")]


def split_steps(lines: list[tuple[float, str]]) -> dict[str, float]:
    """Split the time of a command at the lines that say that a step is finished.

    Returns:
        Seconds of each step, under its title; the first, which only looks for uv, includes everything before it.
    """
    taken: dict[str, float] = {}
    before = 0.0
    for moment, line in lines:
        step = STEP.match(line)
        if step:
            taken[step["title"] if taken else START] = moment - before
            before = moment
    taken["end"] = lines[-1][0] - before
    return taken
