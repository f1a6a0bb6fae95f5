"""What can go wrong while a plan file is compared with the fleet: nothing is written that was not compared.

The rows of the matrix are faults, the columns the queries. The number of cases is printed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.faults import DROP, once_query, query_error, refusal
from rnd import cli
from rnd.fleet import governor
from rnd.github.graphql import Answer, ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.fleet import Fleet

NAMES = ("rnd-a", "rnd-b")
QUERIES = ("Details", "Rulesets", "Teams")
APPLIED, LEFT, LATER, FAILED = 0, 3, 0, 1
SECONDARY = "You have exceeded a secondary rate limit."
# The answer, the exit code, and how many of two repositories are changed.
FAULTS: dict[str, tuple[Callable[[], Any], int, int]] = {
    "401": (lambda: refusal(401, "Bad credentials"), FAILED, 0),
    "403 secondary, half an hour": (lambda: refusal(403, SECONDARY, Retry_After="1800"), LATER, 0),
    # Without a time, so that the run waits a minute.
    "200 RATE_LIMITED": (lambda: query_error("RATE_LIMITED", "API rate limit exceeded."), APPLIED, 2),
    "200 resource limits": (lambda: query_error("RESOURCE_LIMITS_EXCEEDED", "Too much."), APPLIED, 2),
    "502": (lambda: refusal(502, "Bad Gateway"), APPLIED, 2),
    "cut": (lambda: DROP, APPLIED, 2),
}


def drift(fleet: Fleet) -> None:
    for name in NAMES:
        fleet.hosting.repository(name).settings["has_wiki"] = True


def changed(fleet: Fleet) -> list[str]:
    return [name for name in NAMES if not fleet.hosting.repository(name).settings["has_wiki"]]


def planned(fleet: Fleet, folder: Path, patch: pytest.MonkeyPatch) -> str:
    """Add two repositories, and return the plan that changes both."""
    patch.setattr(governor, "PAUSE", 0.0)
    patch.setattr(governor, "Governor", partial(governor.Governor, sleep=lambda _: None))
    for name in NAMES:
        fleet.add(name)
    drift(fleet)
    file = str(folder / "plan.json")
    assert cli.main(["fleet", "plan", "--out", file]) == 3
    return file


@pytest.mark.slow
def test_each_query(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = planned(fleet, tmp_path, monkeypatch)
    for name, (outcome, code, count) in FAULTS.items():
        for query in QUERIES:
            drift(fleet)
            fleet.hub.faults[:] = [once_query(query, outcome())]
            assert cli.main(["fleet", "apply", file, "--quiet"]) == code, (name, query)
            assert len(changed(fleet)) == count, (name, query)
    print(f"apply PLAN.json: {len(FAULTS) * len(QUERIES)} cases, {len(FAULTS)} faults of {len(QUERIES)} queries")


@pytest.mark.slow
def test_each_null(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What GitHub did not answer about a repository is no reason to say that it changed, or to change it."""
    file = planned(fleet, tmp_path, monkeypatch)
    for field in ("", "answers", "main", "rulesets", "environment"):
        drift(fleet)

        def incomplete(client: Any, query: str, variables: Any, field: str = field) -> Answer:  # noqa: ANN401
            answer = ask(client, query, variables)
            if "query Details(" not in query:
                return answer
            nodes = answer.data["nodes"]
            place = next(number for number, node in enumerate(nodes) if node["name"] == "rnd-b")
            if field:
                nodes[place][field] = None
            else:
                nodes[place] = None
            path = ["nodes", place, *([field] if field else [])]
            return Answer(answer.data, [{"type": "INTERNAL", "path": path, "message": "Something went wrong."}])

        with monkeypatch.context() as patch:
            patch.setattr("rnd.fleet.reading.ask", incomplete)
            capsys.readouterr()
            assert cli.main(["fleet", "apply", file]) == LEFT, field
        said = capsys.readouterr().out
        assert "1 applied, 1 left out" in said, field
        assert "Something went wrong" in said or "GitHub did not answer" in said, field
        assert changed(fleet) == ["rnd-a"], field
