"""Which release is the last one, by the dates of commits: exact where clocks are within a day, and the limit if not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnd.version import history, reachability, walk
from rnd.version.tags import newest
from rnd.version.walk import DAY, DatedWalk, dates_of
from tests.helpers.repository import Repository
from tests.version.test_reachability import NOW, YEAR, Graph, build, line, past

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

TAGS = ("0.1.0", "0.2.0", "v0.3", "1.0.0", "1.0.1", "2.0.0")


@st.composite
def histories(draw: st.DrawFn) -> Graph:
    """Return a history where no commit is dated more than a day after one of its descendants."""
    graph: Graph = []
    highest: list[int] = []  # of each commit: the highest date in its past
    for number in range(draw(st.integers(1, 12))):
        parents = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        before = max((highest[parent] for parent in parents), default=NOW - YEAR)
        date = before + draw(st.sampled_from([-DAY, -DAY + 1, 0, 60, 10 * DAY]))
        graph.append((parents, date))
        highest.append(max(before, date))
    return graph


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.data())
def test_the_release_is_the_highest_in_the_past_where_clocks_are_within_a_day(
    tmp_path_factory: pytest.TempPathFactory, graph: Graph, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("repository")
    places = st.integers(0, len(graph) - 1)
    tags = data.draw(st.dictionaries(st.sampled_from(TAGS), places))
    build(folder, graph, tags)
    written = data.draw(st.sampled_from([None, "0.1.0", "1.0.0", "9.0.0"]))
    if written:
        Repository(folder).manifest(written)
    head = data.draw(places)
    Repository(folder).git("symbolic-ref", "HEAD", f"refs/heads/c{head}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "AT_LEAST", data.draw(st.sampled_from([0, 3])))
        patch.setattr(walk, "BATCH", data.draw(st.sampled_from([1, 4])))
        found = history.read(str(folder))
    reachable = past(graph, head)
    assert found["release"] == newest(tag for tag, place in tags.items() if place in reachable)


def maintenance(folder: Path, ahead: int) -> None:
    """Create a maintenance branch, checked out, that left `main` at 1.0.0, and `main` with 2.0.0 far ahead of it."""
    graph: Graph = [([], NOW), *line(0, ahead, 1, NOW + 3600), ([0], NOW + YEAR)]
    build(folder, graph, {"1.0.0": 0, "2.0.0": ahead})
    Repository(folder).git("symbolic-ref", "HEAD", f"refs/heads/c{ahead + 1}")


@pytest.mark.parametrize("written", ["1.0.0", None], ids=["manifest", "no manifest"])
def test_the_other_branch_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str | None) -> None:
    maintenance(tmp_path, 1_000)
    if written:
        Repository(tmp_path).manifest(written)
    read: list[str] = []

    def counted(pieces: Iterable[bytes]) -> Iterator[str]:
        for entry in reachability.lines(pieces):
            read.append(entry)
            yield entry

    monkeypatch.setattr(walk, "lines", counted)
    monkeypatch.setattr(walk, "among_ancestors", lambda *_: pytest.fail("read down to the fork"))
    found = history.read(str(tmp_path))
    assert (found["release"], len(found["commits"])) == ("1.0.0", 1)
    assert len(read) < 10


@pytest.mark.parametrize(
    ("ahead", "listed", "found"),
    [(DAY, 0, True), (YEAR // 12, 11, True), (YEAR // 12, 5, False), (50 * YEAR, 5, True)],
    ids=["a day", "near", "far", "in the future"],
)
def test_a_candidate_whose_clock_was_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int, listed: int, found: bool
) -> None:
    """Found where a listed date shows it, or the date is in the future. The limit of the rule is one that is far."""
    monkeypatch.setattr(walk, "AT_LEAST", listed)
    monkeypatch.setattr(walk, "BATCH", 1)
    graph: Graph = [([], NOW), *line(0, 2, 1, NOW + ahead), *line(2, 10, 3, NOW + 3600)]
    hashes = build(tmp_path, graph, {})
    with DatedWalk(str(tmp_path), hashes[-1]) as dated:
        assert dated.reached(dates_of(str(tmp_path), [hashes[1]])) == ({hashes[1]} if found else set())


def test_only_the_highest_candidate_needs_to_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BATCH", 1)
    graph: Graph = [([], NOW), *line(0, 5, 1, NOW + 60)]
    hashes = build(tmp_path, graph, {})
    dates = dates_of(str(tmp_path), hashes[1:5])
    with DatedWalk(str(tmp_path), hashes[-1]) as dated:
        assert dated.reached(dates, hashes.index) == {hashes[4]}
    with DatedWalk(str(tmp_path), hashes[-1]) as dated:
        assert dated.nearest(hashes[:5]) == hashes[4]
        assert dated.reached(dates_of(str(tmp_path), hashes[:4])) == set(hashes[:4])


def test_what_is_not_a_commit_has_no_date(released: Repository) -> None:
    released.git("tag", "9.9.9", "HEAD^{tree}")
    head = released.git("rev-parse", "HEAD")
    assert list(dates_of(str(released.path), ["refs/tags/9.9.9", "refs/tags/0.4.1"])) == [head]
    assert dates_of(str(released.path), []) == {}
