"""What the rules of a repository say to a push or a merge. Decides over what is known and what git has.

Rules are those of its rulesets that are active, and of classic branch protection, which is put in the same terms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github import git_objects
from fake_github import git_repository as bare
from fake_github.answers import Forbidden, NotFound
from fake_github.permissions import ACCEPTED, can_write_workflows
from fake_github.pre_receive import WORKFLOWS, matches
from fake_github.state import ROLES

if TYPE_CHECKING:
    from fake_github.hub import Hub
    from fake_github.state import Document, PullRequest, Repository, Role, Token

# The ids of GitHub's own repository roles, as rulesets name who may pass them.
ROLE_IDS: dict[int, Role] = {1: "pull", 2: "maintain", 3: "triage", 4: "push", 5: "admin"}
PASSED = {"success", "neutral", "skipped"}
ACTIONS_APP = 15368  # GitHub Actions on github.com


def refs_of(repository: Repository, ruleset: Document) -> tuple[list[str], list[str]]:
    """Return the patterns of refs that a ruleset includes and excludes, GitHub's own words put plainly."""
    default = f"refs/heads/{repository.default_branch}"
    names = (ruleset.get("conditions") or {}).get("ref_name", {})
    everything = "refs/tags/**/*" if ruleset["target"] == "tag" else "refs/heads/**/*"

    def plain(patterns: list[str]) -> list[str]:
        words = {"~DEFAULT_BRANCH": default, "~ALL": everything}
        return [words.get(pattern, pattern) for pattern in patterns]

    return plain(names.get("include", [])), plain(names.get("exclude", []))


def may_bypass(hub: Hub, repository: Repository, ruleset: Document, token: Token, modes: set[str]) -> bool:
    """Return whether a caller may bypass a ruleset, in one of some modes."""
    return any(
        actor["bypass_mode"] in modes and _is(hub, repository, actor, token)
        for actor in ruleset.get("bypass_actors", [])
    )


def _is(hub: Hub, repository: Repository, actor: Document, token: Token) -> bool:
    kind, number = actor["actor_type"], actor.get("actor_id")
    organisation = hub.state.organisation(repository.owner.login)
    if kind == "Integration":
        return token.app is not None and token.app["id"] == number
    if token.kind != "user":
        return False
    if kind == "OrganizationAdmin":
        return organisation is not None and organisation.members.get(token.account.login) == "admin"
    if kind == "Team":
        teams = organisation.teams.values() if organisation is not None else ()
        return any(team.id == number and token.account.login in team.members for team in teams)
    role = hub.state.role(token.account, repository)
    if kind == "RepositoryRole" and role is not None:
        return ROLES.index(role) >= ROLES.index(ROLE_IDS[int(number or 0)])
    return kind == "User" and token.account.id == number


def rules_for(
    repository: Repository, ref: str | None = None, held: list[Document] | None = None
) -> list[dict[str, Any]]:
    """Return the rules in force, each with the refs that it is for; only those of one ref, if that is given.

    Args:
        repository: Whose.
        ref: A whole name.
        held: The rulesets that hold the caller; all that are active when left out.
    """
    rulesets = active_rulesets(repository) if held is None else held
    found = []
    for ruleset in rulesets:
        included, excluded = refs_of(repository, ruleset)
        if ref is None or matches(ref, included, excluded):
            found += [
                {**rule, "include": included, "exclude": excluded, "ruleset": ruleset["id"]}
                for rule in ruleset["rules"]
            ]
    for branch, protection in repository.protection.items():
        name = f"refs/heads/{branch}"
        if ref in {None, name}:
            found += [{**rule, "include": [name], "exclude": []} for rule in _protection_rules(protection)]
    return found


def active_rulesets(repository: Repository) -> list[Document]:
    """Return the rulesets that are enforced."""
    return [one for one in repository.rulesets.values() if one["enforcement"] == "active"]


def _protection_rules(protection: Document) -> list[Document]:
    rules: list[Document] = []
    if protection.get("required_pull_request_reviews"):
        rules.append({"type": "pull_request", "parameters": {}})
    checks = protection.get("required_status_checks")
    if checks:
        contexts = [{"context": name} for name in checks.get("contexts", [])]
        contexts = contexts or [{"context": check["context"]} for check in checks.get("checks", [])]
        parameters = {
            "required_status_checks": contexts,
            "strict_required_status_checks_policy": checks.get("strict", False),
        }
        rules.append({"type": "required_status_checks", "parameters": parameters})
    if not protection.get("allow_force_pushes"):
        rules.append({"type": "non_fast_forward"})
    if not protection.get("allow_deletions"):
        rules.append({"type": "deletion"})
    return rules


def passed_checks(repository: Repository, sha: str) -> set[tuple[str, int | None]]:
    """Return the check runs and statuses that a commit has passed, as their name and the id of the app that reported.

    The last report of each app counts, and with None as app, those of everybody. A status of a user has no app. A check
    run and a status of one name are both required:
    https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks.
    """
    last: dict[tuple[str, str, int], bool] = {}
    apps: dict[int, int | None] = {}
    for run in repository.check_runs.values():
        if run["head_sha"] == sha:
            last[run["name"], "run", run["account"].id] = run["conclusion"] in PASSED
            apps[run["account"].id] = run["account"].id
    for status in repository.statuses:
        if status["sha"] == sha:
            account = status["account"]
            last[status["context"], "status", account.id] = status["state"] == "success"
            apps[account.id] = account.id if account.kind == "Bot" else None
    verdicts: dict[tuple[str, int | None], bool] = {}
    for (name, _, account_id), good in last.items():
        for app in {None, apps[account_id]}:
            verdicts[name, app] = verdicts.get((name, app), True) and good
    return {key for key, good in verdicts.items() if good}


def push_policy(hub: Hub, repository: Repository, token: Token) -> Document:
    """Return what the `pre-receive` hook decides by, for one who pushes."""
    held = [
        ruleset
        for ruleset in active_rulesets(repository)
        if not may_bypass(hub, repository, ruleset, token, {"always", "exempt"})
    ]
    shas = {run["head_sha"] for run in repository.check_runs.values()} | {one["sha"] for one in repository.statuses}
    return {
        "rules_url": f"{hub.url}/{repository.full_name}/rules",
        "rules": rules_for(repository, held=held),
        "passed": {sha: sorted(map(list, passed_checks(repository, sha)), key=str) for sha in shas},
        "private": sorted(token.account.private_emails),
        "workflows": can_write_workflows(token),
        "client": "an OAuth App" if token.kind == "user" else "a GitHub App",
        "lacking": "`workflow` scope" if token.kind == "user" else "`workflows` permission",
    }


def refuse_workflows(repository: Repository, token: Token, sha: str) -> None:
    """Refuse to name a commit whose workflow files differ from those of the default branch without a permission for it.

    An app and a run lack *workflows*, which a run can never have; a token with scopes lacks `workflow`, and GitHub then
    answers that there is no such thing. See the permissions of
    https://docs.github.com/en/rest/releases/releases#create-a-release and https://github.com/cli/cli/issues/9514.

    Raises:
        Refused: The token may not.
    """
    if can_write_workflows(token):
        return
    where = (f"refs/heads/{repository.default_branch}:{WORKFLOWS}", f"{sha}^{{commit}}:{WORKFLOWS}")
    now, then = (bare.attempt(repository.folder, "rev-parse", "--quiet", "--verify", one) for one in where)
    if now == then:
        return
    if token.has_scopes:
        raise NotFound
    kind = "personal access token" if token.fine_grained else "integration"
    raise Forbidden(f"Resource not accessible by {kind}", {ACCEPTED: "contents=write,workflows=write"})


def merge_obstacles(
    repository: Repository, pull: PullRequest, method: str | None = None, held: list[Document] | None = None
) -> list[str]:
    """Return what the rules have against merging a pull request, each as GitHub says it.

    Args:
        repository: Whose pull request it is.
        pull: The pull request.
        method: "merge", "squash" or "rebase"; whether it is allowed is not asked when left out.
        held: The rulesets that apply to the caller; by default all active ones.
    """
    said = []
    passed = passed_checks(repository, pull.head)
    for rule in rules_for(repository, f"refs/heads/{pull.base_branch}", held):
        parameters = rule.get("parameters") or {}
        if rule["type"] == "required_status_checks":
            wanted = [(check["context"], check.get("integration_id")) for check in parameters["required_status_checks"]]
            missing = [name for name, app in wanted if (name, app) not in passed]
            said += [f'Required status check "{name}" is expected.' for name in missing]
            strict = parameters.get("strict_required_status_checks_policy")
            if strict and not bare.is_ancestor(repository.folder, pull.base, pull.head):
                said.append("This branch must not be out-of-date with the base branch.")
        if rule["type"] == "pull_request":
            reviews = parameters.get("required_approving_review_count", 0)
            if reviews:
                said.append(f"At least {reviews} approving review is required by reviewers with write access.")
            allowed = parameters.get("allowed_merge_methods")
            if method and allowed and method not in allowed:
                said.append(f"Merge method {method} merging is not allowed on this branch.")
    return list(dict.fromkeys(said))


def required_checks(repository: Repository, pull: PullRequest) -> set[str]:
    """Return the names of the checks that a pull request needs to merge."""
    rules = rules_for(repository, f"refs/heads/{pull.base_branch}")
    wanted = [rule["parameters"] for rule in rules if rule["type"] == "required_status_checks"]
    return {check["context"] for one in wanted for check in one["required_status_checks"]}


def merge_state(repository: Repository, pull: PullRequest) -> tuple[bool, str]:
    """Return whether a pull request merges without a conflict, and GitHub's word for what it waits for."""
    if not git_objects.merges(repository.folder, pull.base, pull.head):
        return False, "dirty"
    obstacles = merge_obstacles(repository, pull)
    if "This branch must not be out-of-date with the base branch." in obstacles:
        return True, "behind"
    return True, "blocked" if obstacles or pull.draft else "clean"
