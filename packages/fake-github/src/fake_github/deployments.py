"""What protects an environment, and whether a job may use it. Pure.

https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fake_github import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_github.state import Document, Repository

# What an environment has beside its branches, with the value that means nothing.
PROTECTION: dict[str, object] = {"wait_timer": 0, "reviewers": (), "prevent_self_review": False}


def protection_rules(kept: Document) -> Iterator[Document]:
    """Yield the rules that an environment has, each with its ID and type: wait, reviewers, limited branches."""
    found = {
        "wait_timer": kept["wait_timer"],
        "required_reviewers": kept["reviewers"],
        "branch_policy": kept["deployment_branch_policy"],
    }
    for number, kind in enumerate((kind for kind, value in found.items() if value), start=1):
        yield {"id": kept["id"] + number, "type": kind}


def refusal(repository: Repository, name: str, ref: str) -> str | None:
    """Return why a job for a ref may not use an environment, or None if it may.

    An environment that does not exist has no rules: GitHub creates it when a job first names it. The names of
    environments are not case-sensitive.
    """
    found = next((one for key, one in repository.environments.items() if key.lower() == name.lower()), None)
    policy = None if found is None else found["deployment_branch_policy"]
    if found is None or policy is None:
        return None
    kind, _, short = ref.removeprefix("refs/").partition("/")
    if policy["protected_branches"]:
        allowed = kind == "heads" and bool(rules.rules_for(repository, ref))
    else:
        wanted = {"heads": "branch", "tags": "tag"}.get(kind)
        allowed = any(
            one.get("type", "branch") == wanted and fnmatchcase(short, one["name"]) for one in found["policies"]
        )
    label = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return None if allowed else f'"{label}" is not allowed to deploy to {name} due to environment protection rules.'
