"""Measures the image of a generated repository: its size, and what a change costs. Writes docs/benchmarks/image.md.

`make benchmark` runs it. Beside ours, two Dockerfiles that build the same package with the same dependencies, as they
are widely written: one stage with pip, and two stages with `uv sync`. All are built by one Docker daemon, in turn, on
one base image, and pushed to one registry, so what a push carries is what the registry did not have.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.timing import Machine, duration, same_for_all, table, this_machine
from rnd.project import template
from rnd_rehearsal.base_image import PYTHON, prepare_base_image
from rnd_rehearsal.engine import docker_engine
from rnd_rehearsal.registry import image_registry

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "image.md"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rnd-rehearsal"
BASE = "localhost/rnd-base:latest"
DEPENDENCIES = ("numpy", "pandas", "pydantic")
ROUNDS = 5
ACCOUNT = "000000000042"

ONE_STAGE = """\
FROM {base}
WORKDIR /app
COPY . .
RUN python3 -m venv .venv && .venv/bin/pip install --quiet --no-cache-dir .
"""
TWO_STAGES = """\
FROM {base} AS builder
RUN python3 -m venv /uv && /uv/bin/pip install --quiet --no-cache-dir uv
ENV UV_CACHE_DIR=/cache UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/cache /uv/bin/uv sync --locked --no-dev --no-install-project --no-editable
COPY . .
RUN --mount=type=cache,target=/cache /uv/bin/uv sync --locked --no-dev --no-editable
FROM {base}
COPY --from=builder /app/.venv /app/.venv
"""


@dataclass
class Contender:
    """A way to build the image.

    Attributes:
        name: What the table calls it.
        image: The name under which it is pushed.
        build: Builds the image under a tag.
        layers: The digests and sizes of what the registry has of it.
        seconds: How long a build took, by what had changed.
        carried: How many bytes a push then carried, too.
    """

    name: str
    image: str
    build: Callable[[str], None]
    layers: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    carried: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """Where it happens.

    Attributes:
        machine: Where commands run, with the daemon's address.
        folder: The generated repository.
        host: The registry.
        program: Docker, as the repository's own build.py finds it.
    """

    machine: Machine
    folder: Path
    host: str
    program: str

    def docker(self, *arguments: str) -> str:
        """Run Docker."""
        return self.machine.run(self.program, *arguments, cwd=self.folder)

    def pushed(self, tag: str) -> dict[str, int]:
        """Push an image, and return its layers with their sizes, as the registry has them."""
        self.docker("push", "--quiet", tag)
        said = self.docker("manifest", "inspect", "--insecure", tag)
        return {layer["digest"]: layer["size"] for layer in json.loads(said)["layers"]}

    def contenders(self) -> list[Contender]:
        """Return ours and the others."""

        def ours(tag: str) -> None:
            options = ("--local", "--network", "host", "--base-image", BASE, "--tag", tag)
            self.machine.run(sys.executable, "docker/build.py", *options, cwd=self.folder)

        found = [Contender("ours", f"{self.host}/ours", ours)]
        for name, text in (("one stage, pip", ONE_STAGE), ("two stages, `uv sync`", TWO_STAGES)):
            image = f"{self.host}/{'one' if text == ONE_STAGE else 'two'}"
            file = self.folder.parent / f"{image.rpartition('/')[2]}.Dockerfile"
            file.write_text(text.format(base=BASE), encoding="utf-8")

            def build(tag: str, file: Path = file) -> None:
                self.docker("build", "--quiet", "--network", "host", "--file", str(file), "--tag", tag, ".")

            found.append(Contender(name, image, build))
        return found

    def measure(self, contender: Contender, change: str, number: int) -> None:
        """Build once and push once, and keep what both took."""
        tag = f"{contender.image}:{re.sub(r'[^a-z]', '-', change)}{number}"
        start = time.perf_counter()
        contender.build(tag)
        contender.seconds.setdefault(change, []).append(time.perf_counter() - start)
        layers = self.pushed(tag)
        contender.carried.setdefault(change, []).append(
            sum(size for digest, size in layers.items() if digest not in contender.layers)
        )
        contender.layers |= layers


def change_nothing(_: Path, number: int) -> None:
    """Leave everything as it is."""
    del number


def change_a_line(folder: Path, number: int) -> None:
    """Change one line of the source."""
    module = folder / "src" / "aligner" / "__init__.py"
    module.write_text(re.sub(r"(\n# round \d+)?\Z", f"\n# round {number}", module.read_text("utf-8")), "utf-8")


def change_the_version(folder: Path, number: int) -> None:
    """Set another version, in both files that have it."""
    for name in ("pyproject.toml", "uv.lock"):
        path = folder / name
        pattern = r'(name = "[a-z-]+-aligner"\nversion = )"[^"]+"'
        path.write_text(re.sub(pattern, rf'\1"0.2.{number}"', path.read_text("utf-8")), "utf-8")


NOTHING, LINE, VERSION = "nothing", "one line of the source", "the version"
CHANGES = {NOTHING: change_nothing, LINE: change_a_line, VERSION: change_the_version}


def prepare(machine: Machine, place: Path) -> Path:
    """Generate a repository with dependencies, and lock them."""
    folder = place / "aligner"
    data = {"project_name": "aligner", "author": "Ada <ada@example.com>", "python_version": PYTHON}
    template.render(template.Template(str(ROOT), str(ROOT), "HEAD"), folder, data, {}, ask=False)
    machine.run("uv", "add", "--quiet", "--no-sync", *DEPENDENCIES, cwd=folder)
    machine.run("git", "init", "--quiet", cwd=folder)
    machine.run("git", "add", "--all", cwd=folder)
    machine.run("git", "commit", "--quiet", "--message=feat: align", cwd=folder)
    return folder


def size_table(bench: Bench, contenders: list[Contender]) -> str:
    """Return how large each image is, beside the base image and the environment that it holds."""

    def size(image: str) -> int:
        return int(bench.docker("image", "inspect", "--format", "{{.Size}}", image))

    base, rows = size(BASE), []
    for contender in contenders:
        image = f"{contender.image}:first0"
        said = bench.docker("run", "--rm", "--network", "host", image, "du", "-sb", "/app/.venv")
        environment = int(said.split()[0])
        ratio = size(image) / (base + environment)
        numbers = [f"{number / 1e6:.0f} MB" for number in (base, environment, size(image))]
        rows.append([contender.name, *numbers, f"{ratio:.3f}"])
    return table(["", "base image", "`.venv`", "image", "image to both"], rows)


def change_table(contenders: list[Contender]) -> str:
    """Return what building and pushing take after each change."""
    floor = contenders[0].seconds[NOTHING]
    rows = []
    for change in CHANGES:
        for contender in contenders:
            seconds = contender.seconds[change]
            ratio = median(mine / other for mine, other in zip(seconds, floor, strict=True))
            carried = median(contender.carried[change])
            rows.append([change, contender.name, duration(median(seconds)), f"{ratio:.1f}", f"{carried / 1e3:,.0f} kB"])
    heads = ["changed", "", "build", "to ours with nothing changed", "carried by the push"]
    return table(heads, rows)


def main() -> None:
    """Measure, and write the page."""
    described = this_machine()
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="rnd-benchmark-")))
        registry = stack.enter_context(image_registry(ACCOUNT))
        engine = stack.enter_context(docker_engine())
        machine = same_for_all(place)
        machine = Machine(dict(machine.variables) | engine | {"DOCKER_BUILDKIT": "1", "DOCKER_CONFIG": str(place)})
        folder = prepare(machine, place)
        os.environ |= engine
        program = runpy.run_path(str(folder / "docker" / "build.py"))["find_builder"]("docker").program
        bench = Bench(machine, folder, f"127.0.0.1:{registry.behind}", program)
        bench.docker("build", "--quiet", "--tag", BASE, str(prepare_base_image(CACHE)))
        contenders = bench.contenders()
        for contender in contenders:
            create(machine, place, registry.behind, contender.image.rpartition("/")[2])
            bench.measure(contender, "first", 0)
        for number in range(1, ROUNDS + 1):
            for change, make in CHANGES.items():
                make(bench.folder, number)
                for contender in contenders:
                    print(f"{number}: {change}: {contender.name}", file=sys.stderr)
                    bench.measure(contender, change, number)
        version = bench.docker("version", "--format", "{{.Client.Version}}, daemon {{.Server.Version}}").strip()
        sizes, changes = size_table(bench, contenders), change_table(contenders)
    PAGE.write_text(
        TEXT.format(
            machine=described,
            docker=version,
            dependencies=", ".join(DEPENDENCIES),
            rounds=ROUNDS,
            python=PYTHON,
            sizes=sizes,
            changes=changes,
        ),
        encoding="utf-8",
    )
    print(PAGE.read_text(encoding="utf-8"))


def create(machine: Machine, place: Path, port: int, name: str) -> None:
    """Make a repository in the registry."""
    code = (
        f"import boto3; boto3.client('ecr', region_name='us-east-1', endpoint_url='http://127.0.0.1:{port}', "
        f"aws_access_key_id='test', aws_secret_access_key='test').create_repository(repositoryName={name!r})"
    )
    machine.run(sys.executable, "-c", code, cwd=place)


TEXT = """\
<!-- Generated by `make benchmark`; do not edit. -->
# How large an image is, and what a change costs

Measured by `make benchmark` on {machine}, with Docker {docker}, BuildKit.

A generated repository with {dependencies}, built by its own `docker/build.py --local`, beside two
Dockerfiles that build the same as it is widely done: one stage with pip, and two stages with `uv sync`, which installs
the dependencies first. All on the same base image, Debian's Python {python}.

## Size

The aim is at most 1.10 times base image and environment together.

{sizes}
## After a change

{rounds} rounds. In each, everybody builds with nothing changed, then after a change of one line of the source, then
after a new version, which every build of the pipeline has. The median is shown; a ratio is taken within each round.
What a push carries is the layers, compressed, that the registry does not have, and so what every machine pulls.

{changes}
The dependencies are one layer and the package is another. What decides about the first does not hold the version, so
only what really changes the dependencies installs them again.
"""

if __name__ == "__main__":
    main()
