"""Read a repository over the REST API and git with a plain script: the standard library and PyYAML, nothing of `rnd`.

The values have the names of org.yml, and the wanted ones are read from that file, so that both sides of the comparison
are made without the code under test.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import yaml

if TYPE_CHECKING:
    from pathlib import Path

TAGS = ("refs/tags/[0-9]*", "refs/tags/v[0-9]*")


@dataclass(frozen=True)
class Plain:
    """The REST API of a server, as an owner of an organisation sees it.

    Attributes:
        api: The address of the API.
        token: The owner's token.
        owner: The organisation.
    """

    api: str
    token: str
    owner: str

    def get(self, path: str) -> Any:  # noqa: ANN401
        """Return a document, or None where the server answers 404 or 422."""
        request = Request(f"{self.api}{path}", headers={"Authorization": f"Bearer {self.token}"})
        try:
            with build_opener(ProxyHandler({})).open(request) as answer:
                return json.load(answer)
        except HTTPError as error:
            if error.code in {404, 422}:
                return None
            raise

    def settings(self, name: str) -> dict[str, object]:
        """Return all settings of a repository, by the names of org.yml; without those that it does not have."""
        path = f"/repos/{self.owner}/{name}"
        whole = self.get(path)
        found: dict[str, object] = {
            "visibility": whole["visibility"],
            "default_branch": whole["default_branch"],
            "features": {part: whole[f"has_{part}"] for part in ("issues", "projects", "wiki")},
            "topics": whole["topics"],
            "merging": {
                "methods": [
                    short
                    for short, long in (
                        ("squash", "squash_merge"),
                        ("merge", "merge_commit"),
                        ("rebase", "rebase_merge"),
                    )
                    if whole[f"allow_{long}"]
                ],
                "squash_title": whole["squash_merge_commit_title"],
                "squash_message": whole["squash_merge_commit_message"],
                "merge_title": whole["merge_commit_title"],
                "merge_message": whole["merge_commit_message"],
                "automatic": whole["allow_auto_merge"],
                "update_branch": whole["allow_update_branch"],
                "delete_branch": whole["delete_branch_on_merge"],
            },
            "teams": {team["slug"]: team["permission"] for team in self.get(f"{path}/teams?per_page=100")},
            **self._rules(path),
            **self._environment(path),
            **self._actions(path),
        }
        return dict(_flat(found))

    def _rules(self, path: str) -> dict[str, object]:
        listed = {one["name"]: one["id"] for one in self.get(f"{path}/rulesets?per_page=100")}
        found: dict[str, object] = {}
        if "main" in listed:
            found["main"] = _main(self.get(f"{path}/rulesets/{listed['main']}"))
        if "release-tags" in listed:
            found["release_tags"] = _tags(self.get(f"{path}/rulesets/{listed['release-tags']}"))
        return found

    def _environment(self, path: str) -> dict[str, object]:
        there = self.get(f"{path}/environments/publish")
        if there is None:
            return {}
        listed = self.get(f"{path}/environments/publish/deployment-branch-policies")
        limited = (there["deployment_branch_policy"] or {}).get("custom_branch_policies")
        branches = sorted(one["name"] for one in listed["branch_policies"]) if limited else None
        return {"environment": {"name": there["name"], "branches": branches}}

    def _actions(self, path: str) -> dict[str, object]:
        token = self.get(f"{path}/actions/permissions/workflow")
        subject = self.get(f"{path}/actions/oidc/customization/sub")
        forks = self.get(f"{path}/actions/permissions/fork-pr-workflows-private-repos")
        return {
            "actions": {
                "token": token["default_workflow_permissions"],
                "approve_pull_requests": token["can_approve_pull_request_reviews"],
                "shared_with": self.get(f"{path}/actions/permissions/access")["access_level"],
            },
            "oidc": {"default_subject": subject["use_default"], "immutable_subject": subject["use_immutable_subject"]},
            "forks": {
                "write_tokens": forks["send_write_tokens_to_workflows"],
                "secrets": forks["send_secrets_and_variables"],
            },
        }


def _main(ruleset: Any) -> dict[str, object]:  # noqa: ANN401
    rules = {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]}
    checks = rules["required_status_checks"]["required_status_checks"]
    return {
        "enforced": ruleset["enforcement"] == "active",
        "branches": ruleset["conditions"]["ref_name"]["include"],
        "deletion": "deletion" not in rules,
        "forced_push": "non_fast_forward" not in rules,
        "pull_request": "pull_request" in rules,
        "required_check": [check["context"] for check in checks],
        "check_app": checks[0].get("integration_id"),
        "up_to_date": rules["required_status_checks"]["strict_required_status_checks_policy"],
        "approvals": rules["pull_request"]["required_approving_review_count"],
        "resolve_conversations": rules["pull_request"]["required_review_thread_resolution"],
        "bypass": ruleset["bypass_actors"],
        "other_rules": sorted(
            set(rules) - {"deletion", "non_fast_forward", "pull_request", "required_status_checks"}
        ),
    }  # fmt: skip


def _tags(ruleset: Any) -> dict[str, object]:  # noqa: ANN401
    kinds = {rule["type"] for rule in ruleset["rules"]}
    return {
        "enforced": ruleset["enforcement"] == "active" and ruleset["target"] == "tag",
        "refs": ruleset["conditions"]["ref_name"]["include"],
        "rules": sorted(kinds & {"deletion", "update"}),
        "bypass": ruleset["bypass_actors"],
    }


def _flat(values: dict[str, object]) -> list[tuple[str, object]]:
    """Return `{"a": {"b": 1}}` as `a.b`, 1."""
    return [
        (f"{key}.{part}", one) if part else (key, one)
        for key, value in values.items()
        for part, one in (value.items() if isinstance(value, dict) else [("", value)])
    ]


def wanted(org_yml: Path) -> dict[str, object]:
    """Return what org.yml wants, and what `rnd` wants without being asked, by the same names."""
    github = yaml.safe_load(org_yml.read_text(encoding="utf-8"))["github"]
    config = github["repository"]
    asked = {key: value for key, value in config.items() if key != "actions"} | {"teams": github["teams"]}
    main = {key: value for key, value in config["main"].items() if key != "required_check"}
    asked["main"] = main | {
        "required_check": [config["main"]["required_check"]],
        "enforced": True,
        "branches": ["refs/heads/main"],
        "deletion": False,
        "forced_push": False,
        "pull_request": True,
        "check_app": 15368,
        "other_rules": [],
    }
    asked |= {
        "default_branch": "main",
        "actions": config["actions"],
        "oidc": {"default_subject": True, "immutable_subject": True},
        "forks": {"write_tokens": False, "secrets": False},
        "release_tags": {"enforced": True, "refs": list(TAGS), "rules": ["deletion", "update"], "bypass": []},
    }
    return dict(_flat(asked))


def differences(found: dict[str, object], asked: dict[str, object]) -> set[str]:
    """Return the names of settings that differ; of topics, those that org.yml asks for must be there."""
    topics = found.get("topics")
    kept = [topic for topic in topics if topic in asked["topics"]] if isinstance(topics, list) else topics  # pyrefly: ignore[not-iterable]
    return {key for key, value in asked.items() if {**found, "topics": kept}.get(key) != value}


def answers(folder: Path) -> tuple[str, str]:
    """Return the version of the template, and the ref at which the workflow calls actions, from a bare repository."""

    def show(path: str) -> str:
        command = ("git", "-C", str(folder), "show", f"HEAD:{path}")
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout

    version = re.search(r"^_commit: (\S+)$", show(".copier-answers.yml"), re.MULTILINE)
    ref = re.search(r"uses: \S+@(\S+)$", show(".github/workflows/on_pr.yml"), re.MULTILINE)
    assert version is not None
    assert ref is not None
    return version[1], ref[1]
