"""The list of defences fits the source and the tests. `make weaken` tries them: that takes too long for each change."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scripts import weaken
from scripts.weaken import ROOT, read_defences

if TYPE_CHECKING:
    from pathlib import Path

DEFENCES = read_defences()
FOUND = {file: (ROOT / file).read_text(encoding="utf-8") for file in {one.file for one in DEFENCES}}


@pytest.mark.parametrize("one", DEFENCES, ids=lambda one: one.defence)
def test_a_defence_is_in_its_file_once_and_its_test_is_there(one: weaken.Defence) -> None:
    weaker = one.weaken(FOUND[one.file])
    assert weaker != FOUND[one.file]
    if one.file.endswith(".py"):
        ast.parse(weaker)  # a file that does not compile would fail every test
    for test in one.test.split():
        place, _, name = test.partition("::")
        assert (ROOT / place).exists()
        assert not name or f"def {name}(" in (ROOT / place).read_text(encoding="utf-8")
    assert one.invariant in (ROOT / "docs/threats.md").read_text(encoding="utf-8")


def test_each_defence_is_listed_once() -> None:
    assert len({(one.file, one.old, one.new) for one in DEFENCES}) == len(DEFENCES)
    assert len({one.defence for one in DEFENCES}) == len(DEFENCES)


def test_the_page_for_reviewers_has_their_number() -> None:
    page = (ROOT / "docs/threats.md").read_text(encoding="utf-8")
    assert re.findall(r"\*\*(\d+) defences\*\*", page) == [str(len(DEFENCES))]


@pytest.mark.parametrize(("code", "noticed"), [(1, True), (0, False), (2, False), (4, False)])
def test_only_a_failed_test_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, noticed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A test that passes, an interrupted run, and a test that does not exist do not prove anything."""
    (tmp_path / "file.py").write_text("closed = True\n", encoding="utf-8")
    one = replace(DEFENCES[0], file="file.py", old="True", new="False", test="here")
    seen: list[str] = []

    class Place(weaken.Place):
        def __init__(self, folder: Path, _: object) -> None:
            self.folder, self.changes = folder, 0

        def run(self, *_: object, **__: object) -> int:
            seen.append((tmp_path / "file.py").read_text(encoding="utf-8"))
            return code if len(seen) > 1 else 0

        def run_afresh(self, *_: object, **__: object) -> int:
            return self.run()

        def close(self) -> None:
            pass

    monkeypatch.setattr(weaken, "copy_checkout", lambda _: tmp_path)
    monkeypatch.setattr(weaken, "read_defences", lambda: [one])
    monkeypatch.setattr(weaken, "Place", Place)
    assert weaken.main(["--jobs", "1"]) == (not noticed)
    assert seen == ["closed = True\n", *["closed = False\n"] * (1 if noticed else 2)]
    assert (tmp_path / "file.py").read_text(encoding="utf-8") == "closed = True\n"
    assert ("NOT NOTICED" not in capsys.readouterr().out) is noticed


def test_a_defence_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="contains 0 times: nowhere"):
        replace(DEFENCES[0], old="nowhere").weaken("text")
