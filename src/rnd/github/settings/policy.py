"""Whether GitHub runs the pipeline at all: Actions can be off, limited to some actions, or need pins to a full commit.

An organisation can set each for all its repositories; a repository shows what is in force. See
https://docs.github.com/en/rest/actions/permissions and
https://docs.github.com/en/organizations/managing-organization-settings/disabling-or-limiting-github-actions-for-your-organization.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from rnd.github.errors import ActionsLimited, GitHubRefused
from rnd.plan import Action, State, Step, done, needed

if TYPE_CHECKING:
    from rnd.github.settings.setting import Document, RepositoryContext

# The actions of others that the pipeline uses, all by GitHub; a test compares them with the workflows.
ACTIONS = (
    "actions/attest",
    "actions/checkout",
    "actions/create-github-app-token",
    "actions/download-artifact",
    "actions/upload-artifact",
)


def faults(permissions: Document, selected: Document | None) -> list[str]:
    """Return what prevents the pipeline from running, one sentence each.

    Args:
        permissions: Of a repository or an organisation, as GitHub's API describes them.
        selected: The allow list; None where it is not read.
    """
    off = permissions.get("enabled") is False or permissions.get("enabled_repositories") == "none"
    found = ["GitHub Actions is disabled."] if off else []
    if permissions.get("sha_pinning_required"):
        found.append("Actions must be pinned to a full commit hash, and repositories call the shared ones at a branch.")
    allowed = permissions.get("allowed_actions", "all")
    if allowed == "local_only":
        found.append(f"Only actions of the organisation can run; the pipeline also needs {', '.join(ACTIONS)}.")
    elif allowed == "selected" and selected is not None and not selected.get("github_owned_allowed"):
        patterns = [str(one).partition("@")[0] for one in selected.get("patterns_allowed") or ()]
        missing = [name for name in ACTIONS if not any(fnmatchcase(name, pattern) for pattern in patterns)]
        if missing:
            found.append(f"The list of allowed actions lacks {', '.join(missing)}.")
    return found


def policy_step(context: RepositoryContext) -> Step:
    """Return the step that checks whether the pipeline can run in a new repository; it changes nothing."""

    def observe() -> State:
        found = read_faults(context)
        return needed(" ".join(found)) if found else done("the pipeline can run")

    def refuse() -> None:
        raise ActionsLimited("\n".join(read_faults(context)))

    return Step(
        "actions-policy",
        "Check that GitHub runs the pipeline",
        observe,
        (Action("stop if a policy of GitHub prevents it", refuse),),
    )


def read_faults(context: RepositoryContext) -> list[str]:
    """Return what prevents the pipeline from running in a repository; nothing if the token cannot see it."""
    client, repository = context.client, context.repository
    try:
        permissions: Any = client.read(
            lambda kit: kit.rest.actions.get_github_actions_permissions_repository(*repository)
        )
        selected = None
        if permissions.get("allowed_actions") == "selected":
            selected = client.read(lambda kit: kit.rest.actions.get_allowed_actions_repository(*repository))
    except GitHubRefused as refused:
        if refused.status != 403:
            raise
        return []
    return faults(permissions, selected)
