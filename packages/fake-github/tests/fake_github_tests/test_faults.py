"""Any request can be made to fail, before the server acts or after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from githubkit.exception import RequestError

from fake_github import DROP, once, refusal
from fake_github_tests.acme import refused

if TYPE_CHECKING:
    from fake_github.faults import Phase
    from fake_github_tests.acme import Acme

REPOSITORIES = "/api/v3/orgs/Acme/repos"


@pytest.mark.parametrize(("phase", "there"), [("before", False), ("after", True)])
def test_a_connection_is_cut_before_or_after_the_hub_has_acted(acme: Acme, phase: Phase, there: bool) -> None:
    acme.hub.faults.append(once("POST", REPOSITORIES, DROP, phase))
    with pytest.raises(RequestError) as error:
        acme.ada.rest.repos.create_in_org("Acme", name="probe")
    assert isinstance(error.value.__cause__, httpx.RemoteProtocolError | httpx.ReadError)
    assert (acme.hub.state.repository("Acme/probe") is not None) == there


def test_a_call_is_refused_once_and_then_goes_well(acme: Acme) -> None:
    limited = refusal(403, "You have exceeded a secondary rate limit.", Retry_After="1")
    acme.hub.faults.append(once("POST", REPOSITORIES, limited))
    assert refused(lambda: acme.ada.rest.repos.create_in_org("Acme", name="probe"))[0] == 403
    acme.ada.rest.repos.create_in_org("Acme", name="probe")


def test_some_calls_can_go_well_first(acme: Acme) -> None:
    acme.hub.faults.append(once("GET", "/api/v3/user", refusal(500, "Server Error"), skip=1))
    acme.ada.rest.users.get_authenticated()
    assert refused(acme.ada.rest.users.get_authenticated)[0] == 500


def test_a_push_can_be_cut_too(acme: Acme) -> None:
    acme.clone.commit("feat: drive")
    acme.hub.faults.append(once("POST", "/Acme/rover.git/git-receive-pack", DROP, "after"))
    assert acme.clone.push("main").returncode != 0
    assert acme.clone.push("main").returncode == 0  # it had arrived: nothing is left to do
    assert "Everything up-to-date" in acme.clone.push("main").stderr
