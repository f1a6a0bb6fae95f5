"""The settings of a repository, as tests change them by hand and look at what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.github.settings.plan import settings_and_guards
from rnd.github.settings.setting import RepositoryContext
from rnd.organisation import load_organisation
from rnd.organisation.github import Apps

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.github.client import Client
    from rnd.github.repository import Repository
    from rnd.github.settings.diff import Change
    from rnd.github.settings.setting import Setting
    from rnd.organisation.github import GitHub
    from tests.helpers.github import Hosting

REPOSITORY = {
    "visibility": ("visibility", "public"),
    "features.issues": ("has_issues", False),
    "features.projects": ("has_projects", True),
    "features.wiki": ("has_wiki", True),
    "merging.methods": ("allow_rebase_merge", False),
    "merging.squash_title": ("squash_merge_commit_title", "COMMIT_OR_PR_TITLE"),
    "merging.squash_message": ("squash_merge_commit_message", "BLANK"),
    "merging.merge_title": ("merge_commit_title", "PR_TITLE"),
    "merging.merge_message": ("merge_commit_message", "BLANK"),
    "merging.automatic": ("allow_auto_merge", False),
    "merging.update_branch": ("allow_update_branch", False),
    "merging.delete_branch": ("delete_branch_on_merge", False),
    "default_branch": ("default_branch", "elsewhere"),
}
# GitHub accepts titles and messages of merge commits only in pairs.
BESIDE = {
    "merge_commit_title": {"merge_commit_message": "PR_BODY"},
    "merge_commit_message": {"merge_commit_title": "PR_TITLE"},
}


def without(*kinds: str) -> Callable[[dict[str, Any]], None]:
    """Return an edit of a ruleset that takes some rules out."""

    def edit(ruleset: dict[str, Any]) -> None:
        ruleset["rules"] = [rule for rule in ruleset["rules"] if rule["type"] not in kinds]

    return edit


def parameters(kind: str, **changed: object) -> Callable[[dict[str, Any]], None]:
    """Return an edit of a ruleset that changes the parameters of a rule."""

    def edit(ruleset: dict[str, Any]) -> None:
        next(rule for rule in ruleset["rules"] if rule["type"] == kind)["parameters"].update(changed)

    return edit


RULESET: dict[str, Callable[[dict[str, Any]], object]] = {
    "main.enforced": lambda ruleset: ruleset.update(enforcement="disabled"),
    "main.branches": lambda ruleset: ruleset["conditions"]["ref_name"]["exclude"].append("refs/heads/main"),
    "main.deletion": without("deletion"),
    "main.forced_push": without("non_fast_forward"),
    "main.pull_request": without("pull_request"),
    "main.required_check": parameters("required_status_checks", required_status_checks=[{"context": "lint"}]),
    "main.check_app": parameters("required_status_checks", required_status_checks=[{"context": "all-green"}]),
    "main.up_to_date": parameters("required_status_checks", strict_required_status_checks_policy=False),
    "main.approvals": parameters("pull_request", required_approving_review_count=3),
    "main.resolve_conversations": parameters("pull_request", required_review_thread_resolution=True),
    "main.bypass": lambda ruleset: ruleset["bypass_actors"].append(
        {"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "always"}
    ),
    "main.other_rules": lambda ruleset: ruleset["rules"].append({"type": "required_linear_history"}),
}


TAGS: dict[str, Callable[[dict[str, Any]], object]] = {
    "release_tags.enforced": lambda ruleset: ruleset.update(enforcement="evaluate"),
    "release_tags.refs": lambda ruleset: ruleset["conditions"]["ref_name"]["exclude"].append("refs/tags/9*"),
    "release_tags.rules": without("update"),
    "release_tags.bypass": lambda ruleset: ruleset["bypass_actors"].append(
        {"actor_type": "RepositoryRole", "actor_id": 4, "bypass_mode": "always"}
    ),
}


def every(context: RepositoryContext) -> tuple[Setting, ...]:
    """Return every setting."""
    return settings_and_guards(context)


def apply(context: RepositoryContext) -> list[str]:
    """Apply every setting that differs, and return the keys."""
    return [setting.key for setting in every(context) if setting.changes() and (setting.apply(), 1)]


def drift(context: RepositoryContext) -> list[Change]:
    """Return every difference."""
    return [change for setting in every(context) for change in setting.changes()]


def keys(context: RepositoryContext) -> list[str]:
    """Return every setting."""
    return [key for setting in every(context) for key in setting.wanted]


def disturb(context: RepositoryContext, key: str) -> None:
    """Change one setting by hand."""
    owner, name = context.repository
    client = context.client
    if key in REPOSITORY:
        field, value = REPOSITORY[key]
        body: Any = {field: value, **BESIDE.get(field, {})}
        client.send(lambda kit: kit.rest.repos.update(owner, name, data=body))
    elif key in RULESET:
        edit_ruleset(client, context.repository, RULESET[key])
    elif key.startswith("release_tags"):
        ruleset, _, part = key.partition(".")
        edit = without("creation") if key == "release_tags_creation.rules" else TAGS[f"release_tags.{part}"]
        edit_ruleset(client, context.repository, edit, ruleset.replace("_", "-"))
    elif key.startswith(("forks.", "oidc.")):
        disturb_guards(client, context.repository, key)
    elif key == "topics":
        client.send(lambda kit: kit.rest.repos.replace_all_topics(owner, name, names=["own"]))
    elif key.startswith("teams."):
        team = key.partition(".")[2]
        client.send(
            lambda kit: kit.rest.teams.add_or_update_repo_permissions_in_org(
                owner, team, owner, name, permission="pull"
            )
        )
    elif key.startswith("actions."):
        disturb_actions(client, context.repository, key)
    else:
        disturb_environment(client, context, key)


def edit_ruleset(
    client: Client, repository: Repository, edit: Callable[[dict[str, Any]], object], name: str = "main"
) -> None:
    rulesets = client.read(lambda kit: kit.rest.repos.get_repo_rulesets(*repository))
    listed = next(one for one in rulesets if one["name"] == name)
    found: Any = client.read(lambda kit: kit.rest.repos.get_repo_ruleset(*repository, listed["id"]))
    ruleset: Any = {
        field: found[field] for field in ("name", "target", "enforcement", "bypass_actors", "conditions", "rules")
    }
    edit(ruleset)
    client.send(lambda kit: kit.rest.repos.update_repo_ruleset(*repository, found["id"], data=ruleset))


def disturb_actions(client: Client, repository: Repository, key: str) -> None:
    if key == "actions.shared_with":
        client.send(
            lambda kit: kit.rest.actions.set_workflow_access_to_repository(*repository, access_level="organization")
        )
        return
    changed: Any = {
        "actions.token": {"default_workflow_permissions": "write"},
        "actions.approve_pull_requests": {"can_approve_pull_request_reviews": True},
    }[key]
    client.send(
        lambda kit: kit.rest.actions.set_github_actions_default_workflow_permissions_repository(
            *repository, data=changed
        )
    )


def disturb_guards(client: Client, repository: Repository, key: str) -> None:
    """Undo a setting that org.yml does not have."""
    changed: Any = {
        "oidc.default_subject": {"use_default": False, "include_claim_keys": ["repo"]},
        "oidc.immutable_subject": {"use_default": True, "use_immutable_subject": False},
        "forks.write_tokens": {"run_workflows_from_fork_pull_requests": True, "send_write_tokens_to_workflows": True},
        "forks.secrets": {"run_workflows_from_fork_pull_requests": True, "send_secrets_and_variables": True},
    }[key]
    if key.startswith("oidc."):
        client.send(lambda kit: kit.rest.actions.set_custom_oidc_sub_claim_for_repo(*repository, data=changed))
    else:
        client.send(
            lambda kit: kit.rest.actions.set_private_repo_fork_pr_workflows_settings_repository(
                *repository, data=changed
            )
        )


def disturb_environment(client: Client, context: RepositoryContext, key: str) -> None:
    where = (*context.repository, context.config.repository.environment.name)
    if key == "environment.name":
        client.send(lambda kit: kit.rest.repos.delete_an_environment(*where))
        return
    client.send(lambda kit: kit.rest.repos.create_deployment_branch_policy(*where, data={"name": "release/*"}))
    first = client.read(lambda kit: kit.rest.repos.list_deployment_branch_policies(*where))["branch_policies"][0]
    client.send(lambda kit: kit.rest.repos.delete_deployment_branch_policy(*where, first["id"]))


class Organisation:
    """An organisation of which only the `github` part is asked for."""

    def __init__(self, context: RepositoryContext) -> None:
        self.github = context.config
        self.template = load_organisation().template


def with_settings(context: RepositoryContext, **changed: object) -> RepositoryContext:
    """Return the same repository with other settings in org.yml."""
    repository = context.config.repository.model_copy(update=changed)
    return RepositoryContext(
        context.client, context.repository, context.config.model_copy(update={"repository": repository})
    )


def with_app(hosting: Hosting, config: GitHub) -> GitHub:
    """Install the app that creates release tags, and return the configuration that names it."""
    identity, _ = hosting.hub.add_app("releaser", hosting.owner, {"contents": "write"})
    apps = Apps(version="Iv1.version", release=identity, release_id=hosting.hub.apps[identity].id)
    return config.model_copy(update={"apps": apps})
