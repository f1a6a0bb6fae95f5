"""The nightly report in one issue: created once, edited only when it changed, never somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from fake_github.faults import DROP, once
from scripts.fleet_issue import TITLE, main
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.helpers.fleet import Fleet


def test_one_issue(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", f"{fleet.hosting.owner}/rnd-template")
    template = fleet.hosting.repository("rnd-template")
    stranger = fleet.hub.add_user("mallory")
    fleet.hub.state.organisation(fleet.hosting.owner).members["mallory"] = "member"  # pyrefly: ignore[missing-attribute]
    report = tmp_path / "fleet.md"

    def run(body: str) -> list[str]:
        report.write_text(body, encoding="utf-8")
        fleet.hub.calls.clear()
        assert main([str(report)], fleet.hosting.login) == 0
        return [method for method, _, _ in fleet.hub.calls if method != "GET"]

    with monkeypatch.context() as patch:  # an issue of the same title, by somebody else
        patch.setenv("GH_TOKEN", stranger)
        assert main([_file(tmp_path, "theirs")], "mallory") == 0
    fleet.hub.faults.append(once("POST", f"/api/v3/repos/{template.full_name}/issues", DROP, phase="after"))
    assert run("one\n") == ["POST"]
    assert run("one\n") == []
    assert run("two\n") == ["PATCH"]
    assert run("two\n") == []
    assert [(one.title, one.body) for one in template.issues.values()] == [(TITLE, "theirs"), (TITLE, "two\n")]
    issue = template.issues[2]
    issue.state = "closed"
    assert run("two\n") == ["PATCH"]
    assert [one.state for one in template.issues.values()] == ["open", "open"]


def _file(folder: Path, text: str) -> str:
    (folder / "other.md").write_text(text, encoding="utf-8")
    return str(folder / "other.md")


def test_only_a_person_applies_and_each_job_has_one_token() -> None:
    """The nightly job reads, the tick writes contents and pull requests, and cron cannot use the admin token."""
    text = (ROOT / ".github" / "workflows" / "fleet.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    jobs = workflow["jobs"]
    environments = {"status": "fleet-read", "update": "fleet", "apply": "fleet-admin"}
    assert {name: job["environment"] for name, job in jobs.items()} == environments
    assert "github.event_name == 'workflow_dispatch'" in jobs["apply"]["if"]
    secrets = {name: {part for part in str(job).split() if part.startswith("secrets.")} for name, job in jobs.items()}
    tokens = {"status": "READ", "update": "WRITE", "apply": "ADMIN"}
    assert secrets == {name: {f"secrets.RND_FLEET_{token}_TOKEN"} for name, token in tokens.items()}
    assert workflow["permissions"] == {}
