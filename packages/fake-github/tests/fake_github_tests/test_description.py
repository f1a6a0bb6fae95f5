"""The fake GitHub validates against GitHub's description, and reports what differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from fake_github import FakeGitHub, description
from fake_github.api import ROUTES
from fake_github.events import WEBHOOKS
from fake_github.validation import Contract

if TYPE_CHECKING:
    from pathlib import Path

USER = {"login": "ada", "id": 1}


@pytest.fixture(scope="module")
def contract() -> Contract:
    """GitHub's description, as the fake GitHub uses it."""
    found = description.find([entry.path for entry in ROUTES], WEBHOOKS)
    if found is None:
        pytest.skip("npm is not on this machine; install Node 22 or later, or run `uv sync --group node`")
    return Contract(description.read(found))


def test_every_operation_of_the_hub_is_one_of_githubs(contract: Contract) -> None:
    assert [entry for entry in ROUTES if contract.operation(entry.method, entry.path) is None] == []
    assert set(WEBHOOKS) == set(contract.description["x-webhooks"])
    assert len({(entry.method, entry.path) for entry in ROUTES}) == len(ROUTES)


def test_what_differs_is_named(contract: Contract) -> None:
    path = "/repos/{owner}/{repo}/topics"
    assert contract.request("PUT", path, {}, {"names": ["mars"]}) == []
    assert "names" in contract.request("PUT", path, {}, {})[0]
    assert "is not of type 'string'" in contract.request("PUT", path, {}, {"names": [1]})[0]
    assert "the body is missing" in contract.request("PUT", path, {}, None)[0]
    assert "there is no parameter pages" in contract.request("GET", path, {"pages": "2"}, None)[0]
    assert contract.response("GET", path, 200, {"names": ["mars"]}) == []
    assert "names" in contract.response("GET", path, 200, {"topics": []})[0]
    assert "that status is not described" in contract.response("GET", path, 201, {"names": []})[0]
    assert contract.response("GET", path, 418, {"message": "I'm a teapot"}) == []  # an error, in their common form
    assert "no such operation" in contract.request("GET", "/repos/{owner}", {}, None)[0]


def test_a_misspelled_setting_is_found(contract: Contract) -> None:
    said = contract.request("POST", "/orgs/{org}/repos", {}, {"name": "rover", "has_wikis": False})
    assert said == ["POST /orgs/{org}/repos, request: there is no property has_wikis"]


def test_null_is_where_github_gives_null(contract: Contract) -> None:
    status = "/repos/{owner}/{repo}/check-runs"
    said = contract.response("POST", status, 201, {"conclusion": None})
    assert not any("conclusion" in sentence for sentence in said)


def test_the_hub_collects_what_differs(tmp_path: Path, contract: Contract) -> None:
    del contract  # the fake GitHub has its own
    with FakeGitHub.serve(tmp_path) as hub:
        token = hub.add_user("ada")
        sign = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{hub.api_url}/zen", headers=sign).status_code == 404
        httpx.post(f"{hub.api_url}/user/repos", headers=sign, json={"name": "rover", "private": "yes"})
        assert hub.violations[0] == "GET /zen: the server has no such operation"
        assert "'yes' is not of type 'boolean'" in hub.violations[1]


def test_without_npm_it_says_that_nothing_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GITHUB_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", "/usr/bin/nowhere")
    monkeypatch.setattr("fake_github.process.find", lambda program: None if program == "npm" else f"/usr/bin/{program}")
    with FakeGitHub.serve(tmp_path / "hub") as hub:
        assert hub.unvalidated
        assert "npm is not on this machine" in hub.unvalidated
        assert httpx.get(f"{hub.api_url}/rate_limit").status_code == 200


def test_only_what_is_needed_is_kept(contract: Contract) -> None:
    size = len(json.dumps(contract.description))
    assert size < 6_000_000
    assert "/gists" not in contract.description["paths"]
