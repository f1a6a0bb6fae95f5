"""The levels of repositories: watched, joined, and in order once the lint baseline is empty and nothing differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from rnd.adopt.baseline import with_excludes, with_ignores
from rnd.fleet.levels import left
from rnd.github.settings import joined
from tests.helpers.fleet import ANSWERS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.fleet import Fleet

FINDINGS = {"a.py": ["E501"], "b.py": ["F401", "E501"]}
MANIFEST = with_ignores('[project]\nname = "one"\n', FINDINGS, ["a.py"])
HOOK = "      - id: line-ends\n        name: line ends\n        language: system\n"
HOOKS = with_excludes(f"repos:\n  - repo: local\n    hooks:\n{HOOK}", {"line-ends": ["a.txt", "b.txt"]})


def answer(manifest: str | None, hooks: str | None, *, truncated: bool = False) -> dict[str, Any]:
    """Return what GitHub answers about a repository."""
    return {
        "manifest": None if manifest is None else {"text": manifest, "isTruncated": truncated},
        "hooks": None if hooks is None else {"text": hooks, "isTruncated": False},
    }


@pytest.mark.parametrize(
    ("node", "entries"),
    [
        (answer(MANIFEST, HOOKS), 5),
        (answer(MANIFEST, None), 3),
        (answer('[project]\nname = "one"\n', HOOKS), 2),
        (answer(None, None), 0),
        (answer(None, "repos: []\n"), 0),
        (answer("", HOOKS, truncated=True), None),
    ],
)
def test_what_is_left_of_a_baseline(node: dict[str, Any], entries: int | None) -> None:
    assert left(node) == entries


@pytest.mark.slow
def test_status_and_the_page_have_the_levels(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    template = fleet.organisation.template.repository

    def join(name: str, manifest: str, *, in_order: bool = True) -> None:
        answers = ANSWERS.format(version="1.1.0", source=template, name=name) + "other_names: {package: one}\n"
        with monkeypatch.context() as patch:  # as after its first green pull request
            patch.setattr(joined, "has_joined", lambda _: False)
            fleet.add(name, answers=answers, in_order=in_order, more={"pyproject.toml": manifest})

    fleet.configure(watched=["notes"])
    fleet.push("notes", {"README.md": ""})
    fleet.add("rnd-new")
    join("cleaned", '[project]\nname = "one"\n')
    join("to-clean", MANIFEST)
    join("differs", '[project]\nname = "one"\n', in_order=False)
    page = tmp_path / "fleet.html"
    fleet.hub.queries.clear()
    cli.main(["fleet", "status", "--html", str(page), "--json"])
    document = json.loads(capsys.readouterr().out)
    found = {one["name"]: (one["level"], one["baseline"]) for one in document["repositories"]}
    assert found == {
        "notes": ("watched", 0),
        "rnd-new": ("in order", 0),
        "cleaned": ("in order", 0),
        "to-clean": ("joined", 3),
        "differs": ("joined", 0),
    }
    assert document["groups"]["levels"] == {"in order": 2, "joined": 2, "watched": 1}
    assert [query.points for query in fleet.hub.queries if query.name == "Baselines"] == [1]
    text = page.read_text(encoding="utf-8")
    assert text.count("joined, 3 to clean") == 1
    assert "Levels: in order 2, joined 2, watched 1" in text
    cli.main(["fleet", "status"])
    assert "in order 2" in capsys.readouterr().out
