"""docs/how-to/adopt.md shows what the commands print, and lists all errors, answers and commits that there are."""

from __future__ import annotations

import re
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING

import pytest

from rnd.adopt import errors
from rnd.adopt.answers import QUESTIONS
from rnd.adopt.commits import SUBJECTS
from rnd.adopt.strategies import UNION
from rnd.cli import main
from tests.helpers.git import git, make_repository
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "how-to" / "adopt.md").read_text(encoding="utf-8")
PLAN = "$ rnd adopt ../aligner --plan\n"
FILES = {
    "setup.py": """\
from setuptools import find_packages, setup

setup(
    name="aligner",
    author="Ada Lovelace",
    author_email="ada@example.com",
    version="0.3.1",
    python_requires=">=3.9",
    install_requires=["numpy>=1.24"],
    packages=find_packages("src"),
    package_dir={"": "src"},
    setup_requires=["pytest-runner"],
)
""",
    "requirements-dev.txt": "pytest>=7\n",
    "src/aligner/__init__.py": '__version__ = "0.3.1"\n',
    "README.md": "# Aligner\n",
    "LICENSE": "MIT\n",
    ".github/workflows/test.yml": "on: [push]\njobs:\n  test:\n    steps:\n      - run: pytest\n",
}


def table(heading: str) -> list[str]:
    """Return the first column of the first table below a heading, without the names of the columns."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    below = dropwhile(lambda line: not line.startswith("|"), section.splitlines())
    rows = list(takewhile(lambda line: line.startswith("|"), below))
    return [row.split("|")[1].strip().strip("`") for row in rows[2:]]


@pytest.mark.usefixtures("git_of_its_own")
def test_the_plan_that_the_page_shows_is_what_the_command_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "aligner"
    make_repository(folder, FILES)
    git(folder, "tag", "v0.3.1")
    assert main(["adopt", str(folder), "--plan"]) == 3
    printed = re.sub(r"^\S+ at commit \w+", "~/aligner at commit 3f2a91c", capsys.readouterr().out)
    assert PAGE.partition(PLAN)[2].partition("```")[0] == printed


def test_the_page_lists_each_refusal() -> None:
    codes = {getattr(one, "code", "") for one in vars(errors).values()}
    others = {"adopt-unclear", "adopt-branch-exists"}  # these can be settled, and the commands say how
    assert set(table("What cannot join")) == {code for code in codes if code.startswith("adopt-")} - others


def test_the_page_lists_each_answer_and_each_commit() -> None:
    answers = {re.sub(r"--data (\w+)=.*", r"\1", line) for line in table("What is read")}
    assert answers == set(QUESTIONS)
    assert table("Make the branch") == list(SUBJECTS.values())
    assert all(f"`{path}`" in PAGE for path in UNION)
