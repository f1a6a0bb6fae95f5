"""GitHub answers a query in part: a null with an error. It is unknown then, and all other repositories are as before.

The cases are the queries of `rnd fleet status`, each with every place that can be null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rnd import cli
from rnd.fleet.report import failures
from rnd.github.graphql import Answer, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.helpers.fleet import Fleet

SAID = "Something went wrong."
FIELDS = ("rulesets", "environment", "head", "workflows", "answers", "defaultBranchRef", "repositoryTopics")


def place(data: Any, query: str) -> list[str | int]:  # noqa: ANN401
    """Return where an answer has the second repository, or what represents it."""
    if query == "Repositories":
        nodes = data["organization"]["repositories"]["nodes"]
        return ["organization", "repositories", "nodes", [node["name"] for node in nodes].index("rnd-b")]
    if query == "Details":
        return ["nodes", [node["name"] for node in data["nodes"]].index("rnd-b")]
    if query == "Rulesets":
        return ["nodes", 0]
    if query == "Teams":
        return ["organization", "team0"]
    return ["repository" if query == "Tags" else "repository0"]


# The query, the field below that place (or the place itself), and what the report has then.
HIDDEN, UNKNOWN, WHOLE = "hidden", "unknown", "whole"
CASES: list[tuple[str, str, str]] = [
    ("Repositories", "", HIDDEN),
    ("Repositories", "answers", HIDDEN),
    ("Repositories", "main", HIDDEN),
    ("Details", "", UNKNOWN),
    *(("Details", field, UNKNOWN) for field in FIELDS),
    ("Rulesets", "", UNKNOWN),
    ("Rulesets", "rules", UNKNOWN),
    ("Rulesets", "bypassActors", UNKNOWN),
    ("Teams", "", UNKNOWN),
    ("Files", "", WHOLE),
    ("Tags", "", WHOLE),
    ("Tags", "refs", WHOLE),
]


def without(data: Any, path: list[str | int]) -> None:  # noqa: ANN401
    """Set a place of an answer to null."""
    for part in path[:-1]:
        data = data[part]
    data[path[-1]] = None


@pytest.mark.slow
def test_each_null_of_each_query(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("rnd-a", "rnd-b", "rnd-c"):
        fleet.add(name)
        fleet.hosting.repository(name).settings["has_wiki"] = True
    whole = fleet.facts()
    for query, field, meaning in CASES:
        case = f"{query} {field}"
        with monkeypatch.context() as patch:
            patch.setattr("rnd.fleet.reading.ask", partial(query, field))
            view = fleet.look()
            code = cli.main(["fleet", "status"])
            printed = capsys.readouterr().out
        found = {one.member.name: one for one in view.repositories}
        assert view.seen == 4, case
        assert found.keys() == whole.keys() - ({"rnd-b"} if meaning == HIDDEN else set()), case
        for name, one in found.items():
            assert set(one.changes) <= set(whole[name].changes), case
            missing = {change.key for change in whole[name].changes} - {change.key for change in one.changes}
            assert missing <= set(one.unknown) or one.error is not None, case
            assert one.behind in {whole[name].behind, None}, case
            assert one.workflows in {whole[name].workflows, "unknown"}, case
        if query in {"Repositories", "Details"}:
            assert [name for name in found if name != "rnd-b" and found[name] != whole[name]] == [], case
        assert bool(failures(view)) is (meaning != WHOLE), case
        assert code == (1 if meaning != WHOLE else 3), case
        if meaning == HIDDEN:
            assert f"{'rnd-b' if field else 'a repository without a name'}: Something went wrong" in printed, case
            assert "1 unreadable" in printed, case
    print(f"partial answers: {len(CASES)} cases of {len({query for query, *_ in CASES})} queries")


def partial(query: str, field: str) -> Callable[[Any, str, Any], Answer]:
    """Return what sends queries, and leaves out a part of some answers."""

    def send(client: Any, text: str, variables: Any) -> Answer:  # noqa: ANN401
        answer = ask(client, text, variables)
        if f"query {query}(" not in text:
            return answer
        path = [*place(answer.data, query), *([field] if field else [])]
        without(answer.data, path)
        return Answer(answer.data, [{"type": "INTERNAL", "path": path, "message": SAID}])

    return send
