"""Every part of a repository's settings: the thin side of `settings.py`. Reads and writes them on GitHub."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rnd.github import settings
from rnd.github.client import PAGE
from rnd.github.environment import environment
from rnd.github.errors import GitHubRefused
from rnd.github.part import Part
from rnd.github.ruleset import protection
from rnd.plan import Plan

if TYPE_CHECKING:
    from githubkit import Response

    from rnd.github.client import Kit
    from rnd.github.part import Place


def all_parts(place: Place) -> tuple[Part, ...]:
    """Return every part, in the order in which they are mended."""
    return (*before_content(place), *access(place), protection(place), default_branch(place))


def before_content(place: Place) -> tuple[Part, ...]:
    """Return what can be set before there is a commit, and should be."""
    public = place.policy.repository.visibility == "public"  # its actions are everybody's
    shared = () if public else (actions_access(place),)
    return (fields(place), topics(place), workflow_token(place), *shared, environment(place))


def fields(place: Place) -> Part:
    """The repository's own fields."""
    wanted = settings.wanted_repository(place.policy.repository)

    def update(kit: Kit) -> Response[Any, Any]:
        there = kit.rest.repos.get(*place.repository).json()  # anew at each attempt: one before may have been heard
        body = settings.repository_body(wanted, settings.found_repository(there))
        return kit.rest.repos.update(*place.repository, data=body)

    return Part(
        "settings",
        "Set the repository up",
        wanted,
        lambda: settings.found_repository(place.document()),
        lambda: place.client.send(update),
    )


def topics(place: Place) -> Part:
    """The topics that it is found by; others may stay."""
    policy = place.policy.repository

    def add() -> None:
        names = sorted({*place.document().get("topics", ()), *policy.topics})
        place.client.send(lambda kit: kit.rest.repos.replace_all_topics(*place.repository, data={"names": names}))

    return Part(
        "topics",
        "Set the topics",
        settings.wanted_topics(policy),
        lambda: settings.found_topics(place.document(), policy),
        add,
    )


def access(place: Place) -> tuple[Part, ...]:
    """What each team may do, each in a part of its own; other teams and people may stay."""
    owner, name = place.repository

    def read() -> settings.Values:
        listed = place.every(lambda kit, page: kit.rest.repos.list_teams(owner, name, per_page=PAGE, page=page))
        return settings.found_teams(listed)

    def let_in(team: str, permission: str) -> None:
        place.client.send(
            lambda kit: kit.rest.teams.add_or_update_repo_permissions_in_org(
                owner, team, owner, name, permission=permission
            )
        )

    return tuple(
        Part(
            f"team-{team}",
            f"Let the team {team} in",
            settings.wanted_teams({team: permission}),
            read,
            partial(let_in, team, permission),
        )
        for team, permission in place.policy.teams.items()
    )


def default_branch(place: Place) -> Part:
    """Which branch is the default one; GitHub takes only one that is there."""
    branch = settings.BRANCH
    return Part(
        "default-branch",
        f"Make {branch} the default branch",
        {"default_branch": branch},
        lambda: {"default_branch": place.document()["default_branch"]},
        lambda: place.client.send(lambda kit: kit.rest.repos.update(*place.repository, default_branch=branch)),
    )


def workflow_token(place: Place) -> Part:
    """What the own token of a workflow may do."""
    actions = place.policy.repository.actions

    def read() -> settings.Values:
        found = place.client.read(
            lambda kit: kit.rest.actions.get_github_actions_default_workflow_permissions_repository(*place.repository)
        )
        return settings.found_token(found)

    def mend() -> None:
        place.client.send(
            lambda kit: kit.rest.actions.set_github_actions_default_workflow_permissions_repository(
                *place.repository,
                default_workflow_permissions=actions.token,
                can_approve_pull_request_reviews=actions.approve_pull_requests,
            )
        )

    return Part("workflow-token", "Limit what workflows may do", settings.wanted_token(actions), read, mend)


def actions_access(place: Place) -> Part:
    """Who may use the actions of a private or internal repository."""
    level = place.policy.repository.actions.shared_with

    def read() -> settings.Values:
        try:
            found = place.client.read(lambda kit: kit.rest.actions.get_workflow_access_to_repository(*place.repository))
        except GitHubRefused as refused:
            if refused.status != 422:  # of a public repository, where everybody may
                raise
            return {}
        return {"actions.shared_with": found["access_level"]}

    def mend() -> None:
        place.client.send(
            lambda kit: kit.rest.actions.set_workflow_access_to_repository(*place.repository, access_level=level)
        )

    return Part("actions-access", "Say who may use its actions", {"actions.shared_with": level}, read, mend)


def plan_apply(place: Place) -> Plan:
    """Return the plan that mends every part."""
    return Plan(f"set {place.repository} up as org.yml has it", tuple(part.step() for part in all_parts(place)))
