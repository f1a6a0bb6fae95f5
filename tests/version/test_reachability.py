"""What is in the past of a commit, in histories whose clocks are wrong."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnd.errors import CommandFailed
from rnd.version import history, reachability
from rnd.version.reachability import among_ancestors
from tests.helpers.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path

Graph = list[tuple[list[int], int]]  # of each commit: the numbers of its parents, and its date
NOW = 1_700_000_000
YEAR = 365 * 86_400


def build(folder: Path, graph: Graph, tags: dict[str, int]) -> list[str]:
    """Create a repository with these commits, on a branch each, and return their hashes."""
    repository = Repository(folder)
    repository.git("init", "--quiet", "--initial-branch=c0")
    lines = []
    for number, (parents, date) in enumerate(graph):
        lines.append(f"commit refs/heads/c{number}\nmark :{number + 1}\ncommitter A <a@example.com> {date} +0000\n")
        lines.append(f"data 7\nfix: {number % 100:02}\n")
        lines += [f"{'merge' if index else 'from'} :{parent + 1}\n" for index, parent in enumerate(parents)]
        lines.append("\n")
    lines += [f"reset refs/tags/{tag}\nfrom :{number + 1}\n\n" for tag, number in tags.items()]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input="".join(lines).encode(), check=True)
    named = dict(
        line.split()
        for line in repository.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").splitlines()
    )
    return [named[f"c{number}"] for number in range(len(graph))]


def past(graph: Graph, number: int) -> set[int]:
    """Return the numbers of the commits in the past of one, itself included."""
    waiting, found = [number], set()
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting += graph[number][0]
    return found


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    graph: Graph = []
    for number in range(draw(st.integers(1, 14))):
        parents = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        graph.append((parents, NOW + draw(st.integers(-3, 3)) * YEAR))
    return graph


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs(), st.data())
def test_any_history_with_any_clocks(
    tmp_path_factory: pytest.TempPathFactory, graph: Graph, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("repository")
    hashes = build(folder, graph, {})
    base = data.draw(st.integers(0, len(graph) - 1))
    candidates = data.draw(st.sets(st.integers(0, len(graph) - 1)))
    expected = {hashes[number] for number in past(graph, base) & candidates}
    assert among_ancestors(str(folder), hashes[base], [hashes[number] for number in sorted(candidates)]) == expected


def line(start: int, commits: int, first: int, date: int) -> Graph:
    """Return a row of commits, one an hour, from a parent on."""
    return [([start if not number else first + number - 1], date + number * 3600) for number in range(commits)]


@pytest.mark.parametrize("wrong", [NOW + 50 * YEAR, NOW - 20 * YEAR], ids=["ahead", "behind"])
def test_a_release_merged_from_a_branch_whose_clock_is_wrong_is_found(tmp_path: Path, wrong: int) -> None:
    """The highest release is on a branch of its own; the one below was merged before an older line was released."""
    graph: Graph = [([], NOW)]
    graph += line(0, 8, 1, wrong)  # the maintenance branch: 2.0.1 at its end
    graph += [([0, 8], NOW + YEAR)]  # merged
    graph += line(9, 600, 10, NOW + YEAR + 3600)
    graph += line(609, 3, 610, NOW + 3 * YEAR)  # not merged: 3.0.0
    tags = {"2.0.1": 8, "1.9.0": 20, "3.0.0": 612}
    build(tmp_path, graph, tags)
    Repository(tmp_path).git("symbolic-ref", "HEAD", "refs/heads/c609")
    found = history.read(str(tmp_path))
    assert found["release"] == "2.0.1"
    assert len(found["commits"]) == 601


def test_a_release_whose_own_clock_is_in_the_past_hides_no_higher_one(tmp_path: Path) -> None:
    graph: Graph = [([], NOW)]
    graph += line(0, 600, 1, NOW)
    graph[300] = (graph[300][0], 0)  # 1.0.1 was released at the epoch
    graph += line(600, 3, 601, NOW + YEAR)
    build(tmp_path, graph, {"2.0.0": 50, "1.0.1": 300, "3.0.0": 603})
    Repository(tmp_path).git("symbolic-ref", "HEAD", "refs/heads/c600")
    assert history.read(str(tmp_path))["release"] == "2.0.0"


def test_commits_that_are_released_do_not_count_again_where_a_clock_is_wrong(tmp_path: Path) -> None:
    """Git lists the first commit as not released: it stops before it has read the seven commits dated before it."""
    graph: Graph = [([], NOW), *line(0, 7, 1, NOW - 20 * YEAR), ([0], NOW + 3600), ([7, 8], NOW + 7200)]
    hashes = build(tmp_path, graph, {"1.0.0": 7})
    repository = Repository(tmp_path)
    repository.git("symbolic-ref", "HEAD", "refs/heads/c9")
    assert {commit["id"] for commit in history.read(str(tmp_path))["commits"]} == {hashes[8], hashes[9]}
    repository.git("branch", "base", "1.0.0")
    branch = history.read_branch(str(tmp_path), "refs/heads/base")
    assert {commit["id"] for commit in branch} == {hashes[8], hashes[9]}


def test_only_what_the_two_do_not_share_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph: Graph = [([], NOW), *line(0, 20_000, 1, NOW + 3600)]
    graph += line(19_990, 5, 20_001, NOW + 19_990 * 3600 + 60)
    hashes = build(tmp_path, graph, {})
    read: list[str] = []
    real = reachability.Walk.read

    def counted(walk: reachability.Walk, commit: str, parents: list[str]) -> bool:
        read.append(commit)
        return real(walk, commit, parents)

    monkeypatch.setattr(reachability.Walk, "read", counted)
    assert among_ancestors(str(tmp_path), hashes[20_000], [hashes[20_005], hashes[20_003]]) == set()
    assert len(read) < 30


def test_a_tag_of_something_else_and_a_tag_of_a_tag(released: Repository) -> None:
    head = released.git("rev-parse", "HEAD").strip()
    tree = released.git("rev-parse", "HEAD^{tree}").strip()
    assert among_ancestors(str(released.path), head, [tree, head]) == {head}
    released.git("tag", "--annotate", "--message=a", "0.5.0")
    released.git("tag", "--annotate", "--message=b", "0.6.0", "0.5.0")
    released.git("switch", "--quiet", "--create", "next")
    released.commit("feat: a")
    released.release("0.7.0")
    released.git("switch", "--quiet", "main")
    assert history.read(str(released.path))["release"] == "0.6.0"


def test_an_object_that_is_missing_is_an_error(released: Repository) -> None:
    with pytest.raises(CommandFailed, match="exit code 128"):
        among_ancestors(str(released.path), "1" * 40, ["2" * 40])
