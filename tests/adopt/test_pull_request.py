"""The pull request of an adoption, on the fake GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.adopt.body import body, is_draft
from rnd.adopt.branch import Branch
from rnd.adopt.place import BRANCH
from rnd.adopt.proof import Proof
from rnd.adopt.pull_request import pull_request_steps, settings_points
from rnd.adopt.reading import analyse
from rnd.adopt.tree import tree_of
from rnd.adopt.trial import PERMISSION, Trial
from rnd.organisation import load_organisation
from rnd.plan import Plan
from rnd.progress import Quiet
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.github import Hosting

MANIFEST = '[project]\nname = "aligner"\nversion = "0.3.1"\nrequires-python = ">=3.9"\n'
SAME = Proof("The wheels of both commits were built and compared.")
RAN = Trial(3, 4)
WHOLE = Branch("0" * 40, ["tox.ini: It stays."], {"setup.py": 5}, [], locked=True)


def test_the_text_has_the_proof_the_changed_lines_and_the_open_points() -> None:
    found = analyse(tree_of({"pyproject.toml": MANIFEST, "aligner/__init__.py": "", "tox.ini": ""}), "v0.3.1", "master")
    text = body(found, WHOLE, SAME, RAN)
    assert "compared. They are the same.\n" in text
    assert "## The tests that passed still pass\n\n3 passed before, 4 passed after.\n" in text
    assert "- `setup.py`: 5 lines are replaced or removed\n" in text
    assert "- git: The default branch is master;" in text
    assert text.index("- tox.ini: It is kept") < text.index("- tox.ini: It stays.")
    assert "The first release continues after v0.3.1:" in text
    lost = Proof("Compared.", ["extras: gpu is gone", "version: 1 → 2"], explained={"version: 1 → 2": "tags"})
    assert "- `extras: gpu is gone`\n- `version: 1 → 2` (tags)\n" in body(found, WHOLE, lost, RAN)
    failed = Proof(
        "Compared.", ["requirements: a[]https://ada:hunter2@b.example/a is gone"], "https://:hunter2@c.example"
    )
    text = body(found, WHOLE, failed, RAN)
    assert "a[]https://b.example/a is gone" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("branch", "proof", "tests", "draft"),
    [
        (WHOLE, SAME, RAN, False),
        (WHOLE, SAME, Trial(missing=PERMISSION), False),
        (WHOLE, SAME, Trial(2, 1, ("test_a.py::test_b",)), True),
        (WHOLE, Proof("a", ["version: 1 → 2"], explained={"version: 1 → 2": "tags"}), RAN, False),
        (WHOLE, Proof("a", ["extras: gpu is gone"]), RAN, True),
        (WHOLE, Proof("a", missing="not permitted"), RAN, True),
        (Branch("0", [], {}, ["a.yml"], locked=True), SAME, RAN, True),
        (Branch("0", [], {}, [], locked=False), SAME, RAN, True),
    ],
)
def test_what_a_person_has_to_look_at_is_a_draft(branch: Branch, proof: Proof, tests: Trial, *, draft: bool) -> None:
    assert is_draft(branch, proof, tests) == draft


@pytest.mark.slow
@pytest.mark.usefixtures("git_of_its_own")
def test_the_branch_is_pushed_and_one_pull_request_is_opened(hosting: Hosting, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=master")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "first")
    repository = hosting.publish(tmp_path)
    git(tmp_path, "checkout", "--quiet", "-b", BRANCH)
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "second")
    with hosting.client as client:
        steps = pull_request_steps(client, repository, tmp_path, "master", lambda: ("The text.", True))
        results = [[one.result for one in Plan("join", steps).apply(Quiet())] for _ in range(2)]
        assert results == [["applied", "applied"], ["done", "done"]]
        (opened,) = client.read(lambda kit: kit.rest.pulls.list(*repository))
    assert (opened["base"]["ref"], opened["head"]["ref"], opened["draft"]) == ("master", BRANCH, True)
    assert opened["body"] == "The text."
    assert opened["head"]["sha"] == git(tmp_path, "rev-parse", BRANCH)


@pytest.mark.slow
@pytest.mark.usefixtures("git_of_its_own")
def test_settings_that_differ_are_one_open_point_and_nothing_changes(hosting: Hosting, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "first")
    repository = hosting.publish(tmp_path)
    with hosting.client as client:
        config = load_organisation().github
        first, again = (settings_points(client, repository, config) for _ in range(2))
    assert first == again
    (point,) = first
    assert (point.code, point.source, point.blocks) == ("settings-differ", "GitHub", False)
    assert "settings differ from org.yml; `rnd fleet apply` changes them after the merge: " in point.message
    assert "topics" in point.message
