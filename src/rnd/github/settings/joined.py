"""What holds for a repository that existed before the template: docs/how-to/adopt.md.

Its visibility is its owners' decision, because a change loses stars, forks and pages:
https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/managing-repository-settings/setting-repository-visibility.
`main` is protected once its pipeline has passed: a required check that never reports blocks every pull request.
"""

from __future__ import annotations

import dataclasses
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from rnd.answers import ANSWERS_FILE
from rnd.github.errors import MainUnproven
from rnd.github.settings.default_branch import BRANCH
from rnd.github.settings.ruleset import ACTIONS_APP

if TYPE_CHECKING:
    from rnd.github.settings.setting import RepositoryContext, Setting

ADOPTION = "rnd/adopt"  # the branch of the pull request by which a repository joins
RECENT = 10  # merged pull requests among which a green one is looked for


def has_joined(context: RepositoryContext) -> bool:
    """Return whether a repository existed before the template: it has joined, or the pull request for it is there."""
    found: Any = context.client.get_or_none(
        lambda kit: kit.rest.repos.get_content(*context.repository, path=ANSWERS_FILE)
    )
    if found is not None and "content" in found:
        return re.search(r"(?m)^other_names:", b64decode(found["content"]).decode(errors="replace")) is not None
    branch = context.client.get_or_none(lambda kit: kit.rest.git.get_ref(*context.repository, f"heads/{ADOPTION}"))
    return branch is not None


def once_proven(context: RepositoryContext, protection: Setting) -> Setting:
    """Return the protection of `main`, which waits in a repository that joins until the required check has passed.

    Args:
        context: The repository.
        protection: The setting.
    """

    def apply() -> None:
        check = context.config.repository.main.required_check
        if not protection.read() and has_joined(context) and not _has_passed(context, check):
            raise MainUnproven(f"{BRANCH} of {context.repository} is not protected yet: {check} has not passed on it.")
        protection.apply()

    return dataclasses.replace(protection, apply=apply)


def _has_passed(context: RepositoryContext, check: str) -> bool:
    """Return whether a check has passed on a pull request that was merged recently."""
    listed: Any = context.client.read(
        lambda kit: kit.rest.pulls.list(
            *context.repository, state="closed", sort="updated", direction="desc", per_page=RECENT
        )
    )
    return any(_passed_on(context, one["head"]["sha"], check) for one in listed if one["merged_at"])


def _passed_on(context: RepositoryContext, sha: str, check: str) -> bool:
    """Return whether a check, or a status of that name, passed on a commit."""
    runs: Any = context.client.read(
        lambda kit: kit.rest.checks.list_for_ref(*context.repository, sha, check_name=check, app_id=ACTIONS_APP)
    )
    if any(run["conclusion"] == "success" for run in runs["check_runs"]):
        return True
    whole: Any = context.client.read(lambda kit: kit.rest.repos.get_combined_status_for_ref(*context.repository, sha))
    return any(one["context"] == check and one["state"] == "success" for one in whole["statuses"])
