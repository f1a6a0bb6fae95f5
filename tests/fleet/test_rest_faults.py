"""What can go wrong while the settings are read that only the REST API has, or the organisation's defaults.

The rows of the matrix are faults, the columns the requests. The number of cases is printed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.faults import DROP, once, refusal
from rnd import cli
from rnd.fleet.report import remarks
from rnd.fleet.rest import REST_ONLY
from rnd.github.errors import SignInNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.fleet.view import View
    from tests.helpers.fleet import Fleet

SECONDARY = "You have exceeded a secondary rate limit."
PRIMARY = "API rate limit exceeded for user ID 1."
UNKNOWN, ENDS, FAILS, OVERCOME = "unknown", "the run ends early", "the run fails", "overcome"
FAULTS: dict[str, tuple[Callable[[], Any], str]] = {
    "401": (lambda: refusal(401, "Bad credentials"), FAILS),
    "403": (lambda: refusal(403, "Must have admin rights to Repository."), UNKNOWN),
    "404": (lambda: refusal(404, "Not Found"), UNKNOWN),
    "403 secondary, half an hour": (lambda: refusal(403, SECONDARY, Retry_After="1800"), ENDS),
    "429, half an hour": (lambda: refusal(429, "Too many requests", Retry_After="1800"), ENDS),
    "403 primary": (lambda: refusal(403, PRIMARY, X_RateLimit_Remaining="0", X_RateLimit_Reset=half_an_hour()), ENDS),
    "504": (lambda: refusal(504, "Gateway Timeout"), OVERCOME),
    "502": (lambda: refusal(502, "Bad Gateway"), OVERCOME),
    "cut": (lambda: DROP, OVERCOME),
}


def half_an_hour() -> str:
    """Return the moment in half an hour, in seconds since 1970."""
    return str(int(time.time()) + 1800)


@pytest.fixture
def two(fleet: Fleet) -> Fleet:
    """Two repositories; of one, the actions are shared and the subject of OIDC tokens is not the default."""
    for name in ("rnd-a", "rnd-b"):
        fleet.add(name)
    kept = fleet.hosting.repository("rnd-b").actions
    kept["access"] = {"access_level": "organization"}
    kept["oidc"] = {"use_default": False, "use_immutable_subject": True}
    return fleet


def test_each_request_of_status(two: Fleet) -> None:
    """A fault makes settings of one repository unknown, or ends the reading; it never makes up a difference."""
    two.hub.calls.clear()
    whole = two.facts(full=True)
    assert {change.key for change in whole["rnd-b"].changes} == {"actions.shared_with", "oidc.default_subject"}
    requests = sorted({path for method, path, _ in two.hub.calls if method == "GET" and "/rnd-a" not in path})
    assert len(requests) == 8
    for name, (outcome, meaning) in FAULTS.items():
        for path in requests:
            two.hub.faults[:] = [once("GET", path, outcome())]
            case = f"{name}, {path}"
            if meaning == ENDS and "/orgs/" in path:
                assert cli.main(["fleet", "status"]) == 0, case
                continue
            if meaning == FAILS:
                with pytest.raises(SignInNeeded):
                    two.look(full=True)
                continue
            view = two.look(full=True)
            found = {one.member.name: one for one in view.repositories}
            for repository, facts in found.items():
                assert set(facts.changes) <= set(whole[repository].changes), case
                missing = {one.key for one in whole[repository].changes} - {one.key for one in facts.changes}
                assert missing <= {*facts.unknown, *facts.not_read}, case
                assert bool(facts.error) == bool(facts.unknown), case
            assert found["rnd-a"].unknown == (), case
            assert (view.paused is not None) == (meaning == ENDS), case
            if meaning == OVERCOME or "/orgs/" in path:
                assert found == whole, case
    two.hub.faults.clear()
    print(f"status --full: {len(FAULTS) * len(requests)} cases, {len(FAULTS)} faults of {len(requests)} requests")


def test_a_token_that_ends_in_the_middle(two: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"/api/v3/repos/{two.hosting.owner}/rnd-b/actions/permissions/access"
    two.hub.faults.append(once("GET", path, refusal(401, "Bad credentials")))
    assert cli.main(["fleet", "status", "--full"]) == 1
    said = capsys.readouterr()
    assert "error[sign-in-needed]" in said.err
    assert said.out == ""


def test_what_is_left_is_reported(two: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub's limits end the reading: everything else is reported, and when to continue."""

    def limited(request: Any, phase: str) -> Any:  # noqa: ANN401
        is_setting = "/actions/" in request.path and "/rnd-b/" in request.path
        return refusal(403, SECONDARY, Retry_After="1800") if phase == "before" and is_setting else None

    two.hub.faults.append(limited)
    view: View = two.look(full=True)
    partly = [one.member.name for one in view.partly_read]
    assert "rnd-b" in partly
    assert set(view.not_read) == {*REST_ONLY}
    assert any(" because of GitHub's limits: actions, " in remark for remark in remarks(view))
    cli.main(["fleet", "status", "--full"])
    said = capsys.readouterr()
    assert "2 repositories" in said.out
    assert "GitHub's limits end this run" in said.err
