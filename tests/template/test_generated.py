"""A really generated repository passes its own checks, and its checks can fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.answers import read_project
from rnd.cli import main
from rnd.names import derive_names
from rnd.organisation import load_organisation
from tests.helpers.git import git
from tests.helpers.machine import FOUND, ROOT, isolate
from tests.helpers.template import TemplateRepository, asking_nothing, copy_template
from tests.helpers.uv_cache import keep_for

if TYPE_CHECKING:
    from collections.abc import Callable

ORGANISATION = load_organisation()
VERSIONS = list(FOUND)
# uv with each Python, and conda with the oldest, the default and the newest one.
PYTHONS = [
    *(("uv", version) for version in VERSIONS),
    *(
        ("conda", version)
        for version in VERSIONS
        if version in {VERSIONS[0], ORGANISATION.python.default, VERSIONS[-1]}
    ),
]


def make(template: TemplateRepository, folder: Path, python_version: str = ORGANISATION.python.default) -> Path:
    """Make a repository and return its folder."""
    given = (*asking_nothing(template.address, "template_test"), "--data", f"python_version={python_version}")
    assert main(["new", str(folder), "--quiet", *given]) == 0
    return folder


def offline(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user without a network would."""
    return process.attempt(*argv, cwd=folder, extra={"UV_OFFLINE": "1"})


def run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of a repository's environment, as its README says, without a network."""
    if read_project(folder).dependency_tool == "uv":
        return offline(folder, "uv", "run", "--frozen", program, *arguments)
    activated = {"PATH": f"{folder}/.conda/bin:{os.environ['PATH']}", "CONDA_PREFIX": f"{folder}/.conda"}
    return process.attempt("env", program, *arguments, cwd=folder, extra=activated | {"PIP_NO_INDEX": "1"})


@pytest.fixture(scope="module")
def made_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Returns a repository that is made with a tool, once, for the tests that put back what they change."""

    @cache
    def once(tool: str) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            tmp_path = tmp_path_factory.mktemp("generated")
            isolate(tmp_path_factory.mktemp("home"), patch)
            return make(copy_template(tmp_path / "rnd-template", tool), tmp_path / "made")

    return once


@pytest.fixture(params=["uv", "conda"])
def made(request: pytest.FixtureRequest, made_with: Callable[[str], Path]) -> Path:
    """One repository with each tool."""
    return made_with(request.param)


@pytest.mark.slow
@pytest.mark.parametrize(("chosen", "python_version"), PYTHONS)
def test_its_own_checks_pass_on_every_python(
    made_with: Callable[[str], Path], tmp_path: Path, chosen: str, python_version: str
) -> None:
    """`rnd new` runs the checks, and a note in git says that they passed; by hand they are run with one Python."""
    if python_version == ORGANISATION.python.default:
        made = made_with(chosen)
    else:
        made = make(copy_template(tmp_path / "rnd-template", chosen, python_version), tmp_path / "made", python_version)
        if chosen == "uv":
            keep_for(python_version, made / ".venv")
    assert git(made, "rev-parse", "refs/rnd/checks-passed") == git(made, "rev-parse", "HEAD")
    said = run(made, "python", "--version").stdout
    assert said.startswith(f"Python {python_version}.")
    if python_version == ORGANISATION.python.default:
        if chosen == "uv":
            assert offline(made, "uv", "sync", "--all-extras", "--locked").returncode == 0
        for ended in (
            run(made, "pytest", "--cov"),  # `rnd new` has run it without
            run(made, "pre-commit", "run", "--all-files"),
            offline(made, prek(), "run", "--all-files"),
        ):
            assert ended.returncode == 0, ended.stdout + ended.stderr
    assert git(made, "status", "--porcelain") == ""


def prek() -> str:
    """Return the path of prek, which reads the same configuration as pre-commit."""
    return str(Path(sys.executable).with_name("prek"))


# Each file, and the hook that refuses it. All are there at the same time: a hook is asked once for all of them.
REFUSED = {
    "src/template_test/bare.py": ('"""No header."""\n', "lint and check the copyright header"),
    "src/template_test/other.py": ("# Copyright (c) 2020 Somebody Else. All rights reserved.\n", "lint and check"),
    "src/template_test/ugly.py": (f"# {ORGANISATION.copyright}\nx   =  1\n", "format"),
    "src/template_test/unused.py": (f"# {ORGANISATION.copyright}\nimport os\n", "lint"),
    "src/template_test/typed.py": (f"# {ORGANISATION.copyright}\nVALUE: int = 'text'\n", "check types"),
    "look.ipynb": ('{"cells": [{"outputs": [{"output_type": "stream"}]}]}\n', "notebooks have no outputs"),
    "space.txt": ("white space \n", "trim trailing whitespace"),
    "end.txt": ("no newline", "end files with one newline"),
    "dos.txt": ("dos\r\n", "end lines with LF"),
    "broken.yml": ("a: [1\n", "check YAML"),
    "broken.toml": ("a = \n", "check TOML"),
    "broken.json": ("{\n", "check JSON"),
    "merge.txt": ("<<<<<<< mine\n1\n=======\n2\n>>>>>>> theirs\n", "check for merge conflict markers"),
    "large.bin": ("x" * 600_000 + "\n", "reject files over 500 kB"),
    "key.txt": ("-----BEGIN " + "RSA PRIVATE KEY-----\n", "check for private keys"),
}


def make_stale(made: Path) -> str:
    """Add a dependency that the lock file does not have, and return the name of the lock file."""
    file, old, new, lock = {
        "uv": ("pyproject.toml", "dependencies = []", 'dependencies = ["iniconfig"]', "uv.lock"),
        "conda": ("environment.yml", "  - pip\n", "  - iniconfig\n  - pip\n", "conda-lock.yml"),
    }[read_project(made).dependency_tool]
    text = (made / file).read_text()
    assert old in text
    (made / file).write_text(text.replace(old, new, 1))
    return lock


def refusals(said: str) -> dict[str, str]:
    """Return what each hook that failed said, by its title."""
    found, title = {}, None
    for line in said.splitlines():
        ended = re.fullmatch(r"(.*?)\.+(?:\(.*\))?(Passed|Failed|Skipped)", line)
        if ended:
            title = ended[1] if ended[2] == "Failed" else None
            found.update({} if title is None else {title: ""})
        elif title is not None:
            found[title] += f"{line}\n"
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("made", "runner"), [("uv", "pre-commit"), ("conda", "prek")], indirect=["made"])
def test_each_hook_refuses_what_it_is_for(made: Path, runner: str) -> None:
    lock = make_stale(made)
    for path, (content, _) in REFUSED.items():
        (made / path).write_bytes(content.encode())
    git(made, "add", "--all")
    try:
        arguments = ("run", "--all-files")
        ended = run(made, runner, *arguments) if runner == "pre-commit" else offline(made, prek(), *arguments)
        assert ended.returncode == 1
        failed = refusals(ended.stdout)
        for path, (content, hook) in REFUSED.items():
            # The one that formats says how many files it has changed, and not which.
            changed = hook == "format" and (made / path).read_bytes() != content.encode()
            said = [text for title, text in failed.items() if title.startswith(hook)]
            assert changed or any(path in text for text in said), f"{path}:\n{ended.stdout}"
        assert {title for title in failed if not title.startswith("lint")} == {
            *(hook for _, hook in REFUSED.values() if not hook.startswith("lint")),
            f"{lock} is up to date",
        }
        if lock == "uv.lock":
            assert offline(made, "uv", "sync", "--all-extras", "--locked").returncode != 0
    finally:
        git(made, "reset", "--quiet", "--hard")


@pytest.mark.slow
@pytest.mark.parametrize("year", ["2019", "2019-2024"])
def test_a_header_with_a_year_is_as_good(made: Path, year: str) -> None:
    header = ORGANISATION.copyright.replace("(c) ", f"(c) {year} ")
    (made / "src" / "template_test" / "old.py").write_text(f"# {header}\nx = 1\n")
    try:
        assert run(made, "ruff", "check").returncode == 0
    finally:
        (made / "src" / "template_test" / "old.py").unlink()


@pytest.mark.slow
@pytest.mark.parametrize(("message", "accepted"), [("feat: align two speakers", True), ("aligned two speakers", False)])
def test_a_commit_is_held_to_conventional_form(made: Path, message: str, accepted: bool) -> None:
    head = git(made, "rev-parse", "HEAD")
    try:
        ended = offline(made, "git", "commit", "--allow-empty", "--message", message)
        assert (ended.returncode == 0) is accepted, ended.stdout + ended.stderr
        assert offline(made, "git", "commit", "--allow-empty", "--no-verify", "--message", message).returncode == 0
    finally:
        git(made, "reset", "--quiet", "--hard", head)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("message", "accepted"),
    [
        ("fix(io)!: close the file", True),
        ("feature: align", False),
        ("docs: say more\n\nand feat: in the body", True),
        ("say more\n\nfeat: in the body", False),
        ("Merge branch 'dev'", True),
    ],
)
def test_messages_of_conventional_form(made: Path, tmp_path: Path, message: str, accepted: bool) -> None:
    """The hook for messages alone, as `git commit` runs it after the hooks for files."""
    (tmp_path / "message").write_text(f"{message}\n")
    ended = offline(made, "git", "hook", "run", "commit-msg", "--", str(tmp_path / "message"))
    assert (ended.returncode == 0) is accepted, ended.stdout + ended.stderr


@pytest.mark.slow
def test_its_wheel_is_one_that_an_index_accepts(made: Path, tmp_path: Path) -> None:
    stem = derive_names("template_test", ORGANISATION).package.replace("-", "_")
    wheel, source = f"{stem}-0.1.0-py3-none-any.whl", f"{stem}-0.1.0.tar.gz"
    if read_project(made).dependency_tool == "uv":
        ended = offline(made, "uv", "build", "--out-dir", str(tmp_path / "dist"))
        expected = [wheel, source]
    else:
        wheel_only = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path / "dist"), ".")
        ended = run(made, "python", "-m", "pip", *wheel_only)
        expected = [wheel]
    assert ended.returncode == 0, ended.stderr
    built = sorted(path.name for path in (tmp_path / "dist").iterdir() if path.name != ".gitignore")
    assert built == expected
    twine = [sys.executable, "-m", "twine", "check", "--strict", *(str(tmp_path / "dist" / name) for name in built)]
    checked = subprocess.run(twine, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
@pytest.mark.parametrize("made", ["uv"], indirect=True)  # with conda, private packages come from channels
def test_the_private_index_is_declared_and_not_needed(made: Path) -> None:
    project = tomllib.loads((made / "pyproject.toml").read_text())
    (index,) = project["tool"]["uv"]["index"]
    assert index["explicit"] is True
    aws = ORGANISATION.require_aws()
    assert f"{aws.account}.d.codeartifact.{aws.region}.amazonaws.com/pypi/" in index["url"]
    assert "codeartifact" not in (made / "uv.lock").read_text()


@pytest.mark.slow
def test_names_that_the_development_tools_take_are_reserved(made: Path) -> None:
    reserved = set((ROOT / "questions" / "reserved_names.txt").read_text(encoding="utf-8").split())
    (site,) = made.glob(".*/lib/python3.*/site-packages")
    modules = {path.name.partition(".")[0].lower() for path in site.iterdir() if path.suffix in {"", ".py", ".so"}}
    importable = {name for name in modules if name.isidentifier() and not name.startswith("_")}
    assert importable <= reserved
