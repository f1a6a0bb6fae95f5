"""Watched repositories: who could join the fleet, and what stands in the way as far as file names say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from rnd.fleet.joining import READY, SEVERAL, in_the_way

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.fleet import Fleet

NO_MANIFEST = "no pyproject.toml, setup.py or setup.cfg"
PROJECT = "[project]\nname = 'one'\n"


def answer(*paths: str, project: str = "") -> dict[str, Any]:
    """Return what GitHub answers about a repository with some files."""
    below: dict[str, list[str]] = {}
    for path in paths:
        top, _, rest = path.partition("/")
        below.setdefault(top, []).extend([rest] if rest else [])
    entries = [
        {"name": top, "object": {"entries": [{"name": name} for name in names]} if names else {}}
        for top, names in below.items()
    ]
    return {"root": {"entries": entries}, "project": {"text": project}}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (answer("pyproject.toml", "src/one.py", project=PROJECT), (READY, "pyproject.toml")),
        (answer("setup.py", "one/__init__.py"), (READY, "setup.py")),
        (answer("setup.cfg"), (READY, "setup.cfg")),
        (answer("README.md", "one.py"), (NO_MANIFEST, "")),
        (answer("pyproject.toml", "two/pyproject.toml"), (SEVERAL, "two")),
        (answer("one/setup.py", "two/pyproject.toml"), (SEVERAL, "two")),
        (answer("pyproject.toml", project="[tool.uv.workspace]\nmembers = []\n"), (SEVERAL, "pyproject.toml")),
        (answer("one/pyproject.toml"), ("its package is in one, not at the root", "one")),
        (answer("pyproject.toml", "examples/setup.py", "tests/setup.py"), (READY, "pyproject.toml")),
        ({"root": None, "project": None}, (NO_MANIFEST, "")),
        ({"root": {"entries": [{"name": "sub", "object": None}]}, "project": None}, (NO_MANIFEST, "")),
    ],
)
def test_what_stands_in_the_way(node: dict[str, Any], expected: tuple[str, str]) -> None:
    assert in_the_way(node) == expected


@pytest.mark.slow
def test_status_and_the_page_say_who_could_join(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.configure(watched=["old-one", "notes"])
    fleet.push("old-one", {"setup.py": "", "old/one.py": ""})
    fleet.push("notes", {"README.md": ""})
    fleet.add("rnd-one")
    page = tmp_path / "fleet.html"
    fleet.hub.queries.clear()
    assert cli.main(["fleet", "status", "--html", str(page), "--json"]) == 0
    found = {one["name"]: one["joining"] for one in json.loads(capsys.readouterr().out)["repositories"]}
    assert found == {"old-one": READY, "notes": NO_MANIFEST, "rnd-one": None}
    assert [query.points for query in fleet.hub.queries if query.name == "Roots"] == [1]
    assert READY in page.read_text(encoding="utf-8")
    assert f'/{fleet.hosting.owner}/old-one/blob/HEAD/setup.py"' in page.read_text(encoding="utf-8")
    assert NO_MANIFEST in page.read_text(encoding="utf-8")
    assert cli.main(["fleet", "status"]) == 0
    assert f"{READY} 1" in capsys.readouterr().out
