"""The tests of a repository run before and after its adoption, each in an environment of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rnd import uv
from rnd.adopt.adoption import Adoption
from rnd.adopt.body import body
from rnd.adopt.trial import Trial, compare, read_outcomes, run_tests
from rnd.errors import CommandFailed, PackagesUnavailable
from tests.adopt.test_pull_request import SAME, WHOLE
from tests.helpers.git import git
from tests.helpers.machine import PYTHON

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """\
[project]
name = "aligner"
version = "1"
description = "Align"
requires-python = ">=3.11"

[build-system]
requires = ["flit_core>=3.2"]
build-backend = "flit_core.buildapi"

[dependency-groups]
dev = ["pytest"]
"""
TESTS = "import aligner\n\ndef test_here():\n    pass\n\ndef test_value():\n    assert aligner.VALUE == 1\n"


def test_each_outcome_is_read() -> None:
    text = (
        "..F\nPASSED a.py::test_a\nPASSED a.py::test_b[x - y]\nFAILED a.py::test_c - assert 1\nERROR b.py\n1 failed\n"
    )
    assert {name for outcome, name in read_outcomes(text) if outcome != "PASSED"} == {"a.py::test_c", "b.py"}
    assert len(read_outcomes(text)) == 4


def test_a_test_that_passes_no_longer_is_lost_and_a_new_one_is_not() -> None:
    assert compare({"a", "b"}, {"a", "c"}) == Trial(2, 2, ("b",))
    assert not compare({"a"}, set()).holds
    assert compare({"a"}, {"a", "b"}).holds


def test_without_permission_nothing_runs_and_the_text_says_how() -> None:
    nothing: Any = None
    adoption = Adoption(nothing, nothing, {}, nothing, run_its_code=False)
    tests = adoption.tests(WHOLE)
    assert tests.missing is not None
    assert "`rnd adopt --run-its-code` runs them" in tests.missing
    found = type("Found", (), {"declared": type("D", (), {"value": str}), "tag": "v1", "points": []})
    assert tests.missing in body(found, WHOLE, SAME, tests)  # pyrefly: ignore[bad-argument-type]


@pytest.mark.slow
@pytest.mark.usefixtures("git_of_its_own")
def test_the_tests_of_both_commits_run(tmp_path: Path) -> None:
    files = {"pyproject.toml": MANIFEST, "aligner.py": '"""A."""\nVALUE = 1\n', "test_aligner.py": TESTS}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    first = git(tmp_path, "rev-parse", "HEAD")
    assert "no uv.lock" in (run_tests(tmp_path, (first, first), PYTHON).missing or "")
    try:
        uv.run(tmp_path, "lock", "--quiet")
    except (PackagesUnavailable, CommandFailed) as error:
        pytest.skip(f"the package index cannot be reached: {error}")
    (tmp_path / "aligner.py").write_text('"""A."""\nVALUE = 2\n')
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "second")
    second = git(tmp_path, "rev-parse", "HEAD")
    found = run_tests(tmp_path, (first, second), PYTHON)
    assert found.missing is None
    assert found == Trial(2, 1, ("test_aligner.py::test_value",))
    assert git(tmp_path, "status", "--porcelain", "--ignored") == ""
