"""The peers that creating a repository is measured against, each installed into a folder of its own.

None of them becomes a dependency of this project. One that cannot be installed is left out, and named with the reason.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.timing import Machine

PROJECT = "my_project"
PROJEN_OPTIONS = (
    *("--no-git", "--no-post", "--uv", "--no-pip", "--no-venv", "--no-setuptools"),
    *("--name", PROJECT.replace("_", "-"), "--module-name", PROJECT),
    *("--author-name", "Ada", "--author-email", "ada@example.com"),
)


# What begins an expression, a statement or a comment of Jinja.
BRACES = re.compile(r"\{[{%#]")


class Unavailable(Exception):
    """A peer cannot be installed."""


@dataclass(frozen=True)
class Peer:
    """A program that makes a project.

    Attributes:
        name: What it is called.
        version: Its version.
        command: The command that renders one project, to be run in an empty folder.
    """

    name: str
    version: str
    command: tuple[str | Path, ...]


def python_program(machine: Machine, place: Path, package: str, program: str) -> tuple[Path, str]:
    """Install a program from the package index, alone, and return its path and version.

    Args:
        machine: Where to run the installer.
        place: An existing folder for the virtual environment.
        package: A requirement, such as `copier==9.19.1`.
        program: The name of the command.

    Raises:
        Unavailable: It cannot be installed.
    """
    name = re.split("[=<>]", package)[0]
    environment = place / name
    python = environment / "bin" / "python"
    try:
        machine.run("uv", "venv", "--quiet", environment, cwd=place)
        machine.run("uv", "pip", "install", "--quiet", "--python", python, package, cwd=place)
    except RuntimeError as error:
        raise Unavailable(f"{name} cannot be installed") from error
    asked = f"from importlib.metadata import version; print(version({name!r}))"
    return environment / "bin" / program, machine.run(python, "-c", asked, cwd=place).strip()


def uv(machine: Machine, place: Path) -> Peer:
    """Return uv's own start of a package."""
    version = machine.run("uv", "--version", cwd=place).split()[1]
    return Peer("`uv init --package`", version, ("uv", "init", "--package", PROJECT))


def pyscaffold(machine: Machine, place: Path) -> Peer:
    """Return PyScaffold; it makes a git repository and a commit, which cannot be turned off."""
    program, version = python_program(machine, place, "pyscaffold", "putup")
    return Peer("PyScaffold", version, (program, "--no-config", PROJECT))


def projen(machine: Machine, place: Path) -> Peer:
    """Return projen's Python project, without git and without what it installs afterwards."""
    folder = place / "projen"
    folder.mkdir()
    try:
        machine.run("npm", "install", "--no-audit", "--no-fund", "--prefix", folder, "projen", cwd=folder)
    except (RuntimeError, FileNotFoundError) as error:
        raise Unavailable("projen cannot be installed") from error
    version = json.loads((folder / "node_modules" / "projen" / "package.json").read_text("utf-8"))["version"]
    return Peer("projen", version, (folder / "node_modules" / ".bin" / "projen", "new", "python", *PROJEN_OPTIONS))


def cookiecutter(machine: Machine, place: Path, rendered: Path) -> Peer:
    """Return cookiecutter with a template that renders to the very files that ours does.

    Args:
        machine: Where to run the installer.
        place: An existing folder for the virtual environment and the template.
        rendered: What our template rendered for the same project.

    Raises:
        Unavailable: It cannot be installed.
    """
    program, version = python_program(machine, place, "cookiecutter", "cookiecutter")
    template = place / "cookiecutter-template"
    for source in sorted(path for path in rendered.rglob("*") if path.is_file()):
        inside = str(source.relative_to(rendered)).replace(PROJECT, "{{cookiecutter.project}}")
        target = template / "{{cookiecutter.project}}" / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        # What a file holds for somebody else's braces, as workflows do for GitHub's, is not cookiecutter's to read.
        text = BRACES.sub(lambda found: f"{{{{ {found[0]!r} }}}}", source.read_text("utf-8"))
        target.write_text(text.replace(PROJECT, "{{ cookiecutter.project }}"), "utf-8")
    (template / "cookiecutter.json").write_text(json.dumps({"project": PROJECT}), "utf-8")
    peer = Peer("cookiecutter", version, (program, "--no-input", template))
    _must_render_the_same(machine, peer, place / "cookiecutter-proof", rendered)
    return peer


def _must_render_the_same(machine: Machine, peer: Peer, place: Path, rendered: Path) -> None:
    place.mkdir()
    machine.run(*peer.command, cwd=place)
    if _contents(place / PROJECT) != _contents(rendered):
        raise RuntimeError("the template for cookiecutter does not render what ours does")
    shutil.rmtree(place)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
