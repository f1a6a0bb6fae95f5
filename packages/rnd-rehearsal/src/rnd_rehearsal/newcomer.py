"""Repositories that existed before the template, and what their owners do with them: the actors of `adopt`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd.project.update import conflicts
from rnd_rehearsal.actors import Actors
from rnd_rehearsal.sandbox import own_environment, push
from rnd_rehearsal.services import MAINTAINER, RESEARCHER

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from rnd_rehearsal.runs import Run

ENVIRONMENT_FILE = "environment.yml"
RELEASED = "v0.3.1"  # their newest tag
CI = """\
name: CI
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pytest
"""
CODE = {
    "aligner/__init__.py": "def main( ):\n    return 1",
    "aligner/words.txt": "one\ntwo\n",
}
COMMON = {
    ".github/workflows/ci.yml": CI,
    "README.rst": "Aligner\n=======\n",
    "tests/test_aligner.py": "import aligner\n\n\ndef test_it( ):\n    assert aligner.main() == 1   \n",
}
SETUP = """\
from setuptools import setup

setup(
    name="aligner-setup",
    version="0.3.1",
    python_requires=">=3.9",
    packages=["aligner"],
    package_data={"aligner": ["*.txt"]},
    install_requires=["iniconfig>=1"],
    extras_require={"fast": ["packaging"]},
    entry_points={"console_scripts": ["align=aligner:main"]},
)
"""
POETRY = """\
[tool.poetry]
name = "aligner-poetry"
version = "0.3.1"
description = "Aligns."
authors = ["Ada <ada@example.com>"]
packages = [{ include = "aligner", from = "src" }]

[tool.poetry.dependencies]
python = "^3.9"
iniconfig = ">=1"
packaging = { version = "*", optional = true }

[tool.poetry.extras]
fast = ["packaging"]

[tool.poetry.scripts]
align = "aligner:main"

[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""


ENVIRONMENT = """\
# Create it with: conda env create
name: aligner
channels:
  - {channel}
dependencies:
  - python={python}
  - iniconfig>=1  # reads the settings
  - ruff
  - pip
  - pip:
      - -e .
"""


@dataclass(frozen=True)
class Kind:
    """A kind of repository.

    Attributes:
        name: Of the repository, and of its package.
        tool: The dependency tool that it has afterwards.
        branch: Its default branch.
        files: Its files; in the environment of conda, `{channel}` and `{python}` become those of the sandbox.
        gone: Files that the adoption removes.
        replaced: Lines that the adoption replaces in a file that otherwise gets lines only.
    """

    name: str
    tool: str
    branch: str
    files: dict[str, str]
    gone: tuple[str, ...] = ()
    replaced: frozenset[str] = frozenset()


SETUP_PY, POETRY_1, CONDA = KINDS = (
    Kind("aligner-setup", "uv", "master", {"setup.py": SETUP, **CODE, **COMMON}, ("setup.py",)),
    Kind(
        "aligner-poetry",
        "uv",
        "main",
        {"pyproject.toml": POETRY, **{f"src/{path}": text for path, text in CODE.items()}, **COMMON},
    ),
    Kind(
        "aligner-conda",
        "conda",
        "main",
        {
            "environment.yml": ENVIRONMENT,
            "setup.py": SETUP.replace("aligner-setup", "aligner-conda"),
            **CODE,
            **COMMON,
        },
        ("setup.py",),
        frozenset({"  - ruff"}),
    ),
)


@dataclass
class Newcomer(Actors):
    """The owner of a repository that joins.

    Attributes:
        kind: What the repository is like.
    """

    kind: Kind = SETUP_PY

    @property
    def repository(self) -> str:
        """The repository's full name."""
        return f"{self.sandbox.owner}/{self.kind.name}"

    @property
    def package(self) -> str:
        """The name of the image: that of the repository."""
        return self.kind.name

    @property
    def folder(self) -> Path:
        """The owner's work tree."""
        return self.sandbox.folder / "people" / self.kind.name

    @property
    def files(self) -> dict[str, str]:
        """The files that the repository has before it joins."""
        channel, python = self.sandbox.channel, self.sandbox.organisation.python.default
        if channel is None:
            return self.kind.files
        text = self.kind.files.get(ENVIRONMENT_FILE, "").format(channel=channel.server.url, python=python)
        return self.kind.files | ({ENVIRONMENT_FILE: text} if text else {})

    @property
    def runs(self) -> list[Run]:
        """The runs of the repository so far."""
        return [run for run in self.sandbox.runner.runs if run.repository == self.repository]

    def tag(self, version: str) -> str:
        """Return the tag of a version, in the form of the tags that the repository has."""
        return f"v{version}"

    @property
    def source(self) -> Path:
        """The folder of the import package."""
        return self.folder / next(path for path in self.kind.files if path.endswith("aligner/__init__.py"))

    def write(self, name: str, text: str = "It aligns.") -> None:
        """Write a module of the package, with the header that every new source file has."""
        header = (self.folder / "docker" / "build.py").read_text(encoding="utf-8").partition("\n")[0]
        (self.source.parent / f"{name}.py").write_text(f'{header}\n"""{text}"""\n', encoding="utf-8")

    def begin(self) -> None:
        """Have a repository with a release and CI of its own, which no template knows."""
        self.report(f"there is a repository {self.kind.name} that has released {RELEASED}")
        for path, text in self.files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text, encoding="utf-8")
        branch = self.kind.branch
        self.git("init", "--quiet", f"--initial-branch={branch}")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "first")
        self.git("tag", RELEASED)
        self.sandbox.caller().ask(
            "POST", f"/orgs/{self.sandbox.owner}/repos", {"name": self.kind.name, "private": True}
        )
        self.git("remote", "add", "origin", f"{self.sandbox.hub.url}/{self.repository}.git")
        # A workflow's push starts no run: what their CI did in the past does not matter here.
        token = self.sandbox.hub.workflow_token(self.repository, {"contents": "write", "workflows": "write"})
        push(self.sandbox, self.folder, self.repository, [branch, RELEASED], token)

    def adopt(self, *arguments: str) -> CompletedProcess[str]:
        """Run `rnd adopt` with a release of the template."""
        self.report(f"{RESEARCHER} runs rnd adopt {self.kind.name} {' '.join(arguments)}")
        command = ("adopt", str(self.folder), "--template", str(self.sandbox.checkout), *arguments)
        extra = own_environment(self.sandbox, RESEARCHER)
        return self.sandbox.python.attempt("-m", "rnd", *command, cwd=self.folder, extra=extra)

    def accept(self, number: int, method: str = "squash") -> None:
        """Merge a pull request; what that starts goes on."""
        self.report(f"{RESEARCHER} merges pull request {number} of {self.kind.name} ({method})")
        self.ask("PUT", f"/pulls/{number}/merge", {"merge_method": method}, MAINTAINER)
        self.git("switch", "--quiet", self.base)

    @property
    def base(self) -> str:
        """The branch that pull requests go to."""
        return str(self.ask("GET", "")["default_branch"])

    def apply(self) -> str:
        """Apply the settings as a maintainer, and return what is left to do; follow a rename in the work tree."""
        self.report(f"{MAINTAINER} applies the settings of {self.kind.name}")
        command = ("-m", "rnd", "github", "apply", "--quiet")
        extra = own_environment(self.sandbox, MAINTAINER)
        ended = self.sandbox.python.attempt(*command, cwd=self.folder, extra=extra)
        self.pull()
        if self.git("branch", "--list", self.kind.branch) and self.kind.branch != self.base:
            self.git("branch", "--move", self.kind.branch, self.base)
        return ended.stderr

    def update(self) -> list[str]:
        """Take in the template's newest release with stock copier, and return the files in conflict."""
        self.report(f"{RESEARCHER} runs copier update in {self.kind.name}")
        command = ("-m", "copier", "update", "--trust", "--defaults", "--quiet")
        self.sandbox.python.run(*command, cwd=self.folder, extra=own_environment(self.sandbox, RESEARCHER))
        self.git("add", "--all")
        return conflicts(self.folder)

    def show(self, path: str, ref: str = "HEAD") -> str:
        """Return a file of a commit."""
        return self.git("show", f"{ref}:{path}")

    def add_drive(self) -> None:
        """Commit a feature."""
        self.write("drive")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "feat: drive")
