"""Attacks on GitHub: the main branch, tags, checks, the ref of the central actions, secrets and runners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.errors import CommandFailed
from rnd.github.client import Client, find_addresses
from rnd.github.repository import parse_repository
from rnd.progress import Quiet
from rnd.version.comment import MARKER, plan_comment
from rnd_rehearsal.attacks.arena import CONTRIBUTOR
from rnd_rehearsal.attacks.matrix import Refused, attack
from rnd_rehearsal.sandbox import push
from rnd_rehearsal.services import MAINTAINER, STRANGER

if TYPE_CHECKING:
    from rnd_rehearsal.attacks.arena import Arena

TRIAGE = "tim"
PULL = "an-attack"  # the branch of the contributor's pull request
EVERYTHING = {"contents": "write", "workflows": "write", "statuses": "write", "checks": "write", "actions": "write"}


def who(arena: Arena, attacker: str) -> str:
    """Return the token of an attacker: a user's own, or for code in a job the widest that GitHub gives a job."""
    tokens = arena.actors.sandbox.tokens
    if attacker == "dependency":
        return arena.actors.sandbox.hub.workflow_token(arena.victim, EVERYTHING)
    return {"stranger": tokens[STRANGER], "contributor": tokens[CONTRIBUTOR], "triage": tokens[TRIAGE]}[attacker]


def send(arena: Arena, token: str, repository: str, *refs: str) -> object:
    """Push refs of the work tree.

    Raises:
        Refused: GitHub refuses.
    """
    try:
        push(arena.actors.sandbox, arena.actors.folder, repository, list(refs), token)
    except CommandFailed as failed:
        said = str(failed)
        rule = "ruleset" if "GH013" in said else "no write access"
        raise Refused(f"GitHub: {rule}") from failed
    return refs


def everybody(invariant: str, way: str, act: str, *attackers: str) -> None:
    """Declare an attempt by several attackers, each with its own token; `act` names a function of this module."""
    for attacker in attackers:

        def attempt(arena: Arena, attacker: str = attacker) -> object:
            return globals()[act](arena, who(arena, attacker))

        attack(invariant, attacker, way=way)(attempt)


PEOPLE = ("stranger", "contributor", "triage", "dependency")


def push_main(arena: Arena, token: str) -> object:
    """Push a commit to main."""
    return send(arena, token, arena.victim, f"{PULL}:refs/heads/main")


def move_main(arena: Arena, token: str) -> object:
    """Move main by the API."""
    sha = arena.actors.git("rev-parse", PULL)
    return arena.github(token, "PATCH", f"/repos/{arena.victim}/git/refs/heads/main", {"sha": sha, "force": True})


def create_tag(arena: Arena, token: str) -> object:
    """Push a release tag."""
    return send(arena, token, arena.victim, f"{PULL}:refs/tags/9.0.0")


def create_tag_by_api(arena: Arena, token: str) -> object:
    """Create a release tag by the API."""
    sha = arena.actors.git("rev-parse", PULL)
    return arena.github(token, "POST", f"/repos/{arena.victim}/git/refs", {"ref": "refs/tags/9.1.0", "sha": sha})


def create_release(arena: Arena, token: str) -> object:
    """Create a release, and with it a tag."""
    body = {"tag_name": "9.2.0", "target_commitish": arena.actors.git("rev-parse", PULL)}
    return arena.github(token, "POST", f"/repos/{arena.victim}/releases", body)


def move_tag(arena: Arena, token: str) -> object:
    """Move the tag of a release."""
    return send(arena, token, arena.victim, f"+{PULL}:refs/tags/0.4.1")


def delete_tag(arena: Arena, token: str) -> object:
    """Delete the tag of a release."""
    return send(arena, token, arena.victim, ":refs/tags/0.4.1")


def move_central(arena: Arena, token: str) -> object:
    """Push to the ref of the central actions."""
    sandbox = arena.actors.sandbox
    ref = sandbox.organisation.template.workflow_ref
    return send(arena, token, sandbox.template, f"+{PULL}:refs/heads/{ref}")


def move_central_by_api(arena: Arena, token: str) -> object:
    """Move the ref of the central actions by the API."""
    sandbox = arena.actors.sandbox
    ref = sandbox.organisation.template.workflow_ref
    body = {"sha": arena.actors.git("rev-parse", PULL), "force": True}
    return arena.github(token, "PATCH", f"/repos/{sandbox.template}/git/refs/heads/{ref}", body)


def tag_central(arena: Arena, token: str) -> object:
    """Create a tag with the name of the central ref, which `uses:` might prefer."""
    sandbox = arena.actors.sandbox
    return send(arena, token, sandbox.template, f"{PULL}:refs/tags/{sandbox.organisation.template.workflow_ref}")


def lift_rules(arena: Arena, token: str) -> object:
    """Create a ruleset of one's own, to weaken those that are there."""
    body = {"name": "mine", "target": "branch", "enforcement": "disabled", "rules": []}
    return arena.github(token, "POST", f"/repos/{arena.victim}/rulesets", body)


def open_environment(arena: Arena, token: str) -> object:
    """Open the environment of releases to all branches."""
    name = arena.organisation.github.repository.environment.name
    body = {"deployment_branch_policy": None}
    return arena.github(token, "PUT", f"/repos/{arena.victim}/environments/{name}", body)


for _way, _act in (
    ("pushes to main", "push_main"),
    ("moves main by the API", "move_main"),
):
    everybody("I5", _way, _act, *PEOPLE)
for _way, _act in (
    ("pushes a release tag", "create_tag"),
    ("creates a release tag by the API", "create_tag_by_api"),
    ("creates a release, and with it a tag", "create_release"),
    ("moves the tag of a release", "move_tag"),
    ("deletes the tag of a release", "delete_tag"),
):
    everybody("I7", _way, _act, *PEOPLE)
for _way, _act in (
    ("pushes to the ref of the central actions", "move_central"),
    ("moves the ref of the central actions by the API", "move_central_by_api"),
    ("creates a tag with the name of the central ref", "tag_central"),
):
    everybody("I8", _way, _act, *PEOPLE)
everybody("I2", "opens the environment of releases to all branches", "open_environment", *PEOPLE)
everybody("I6", "adds a ruleset", "lift_rules", *PEOPLE)


@attack("I7", "triage")
def comment(arena: Arena) -> object:
    """Writes a comment with the marker of the explained version, to have it updated and to edit it afterwards."""
    sandbox, number = arena.actors.sandbox, arena.kept["pull"]
    place = f"/repos/{arena.victim}/issues/{number}/comments"
    forged = arena.github(sandbox.tokens[TRIAGE], "POST", place, {"body": f"{MARKER}The next version is 9.0."})["id"]
    token = sandbox.hub.workflow_token(arena.victim, {"pull_requests": "write"})
    addresses = find_addresses({"GITHUB_API_URL": sandbox.hub.api_url, "GITHUB_SERVER_URL": sandbox.hub.url})
    with Client(addresses, token) as client:
        plan_comment(client, parse_repository(arena.victim), number, "The next version is 0.5.0.").apply(Quiet())
    comments = arena.github(sandbox.tokens[MAINTAINER], "GET", place)
    if any("9.0" in one["body"] for one in comments if one["id"] == forged):
        raise Refused("rnd: the comment has another author")
    return comments


@attack("I8", "contributor", "dependency")
def app_token(arena: Arena) -> object:
    """Moves the central ref with the app token of its own repository."""
    token = arena.call({"github": "version", "token": arena.token(arena.job("pull"))})["github_token"]
    return move_central(arena, token)


@attack("I8", "contributor")
def release_token(arena: Arena) -> object:
    """Moves the central ref with the release app's token of a throw-away repository."""
    event = {"github": "release", "token": arena.token(arena.job("release"), arena.evil)}
    return move_central(arena, arena.call(event, arena.evil)["github_token"])


@attack("I7", "contributor")
def foreign_tag(arena: Arena) -> object:
    """Tags another repository with the release app's token of a throw-away repository."""
    event = {"github": "release", "token": arena.token(arena.job("release"), arena.evil)}
    return create_tag(arena, arena.call(event, arena.evil)["github_token"])


@attack("I7", "contributor", "dependency")
def release_app(arena: Arena) -> object:
    """Asks for the release app's token from a pull request."""
    return arena.call({"github": "release", "token": arena.token(arena.job("pull"))})


@attack("I7", "contributor", "dependency")
def version_app(arena: Arena) -> object:
    """Tags with the version app's token of a pull request."""
    return create_tag(arena, arena.call({"github": "version", "token": arena.token(arena.job("pull"))})["github_token"])


def merge_after(arena: Arena, attacker: str, report: str) -> object:
    """Report the required check by hand on the head of a pull request, and merge it."""
    check = arena.organisation.github.repository.main.required_check
    head, token = arena.actors.git("rev-parse", PULL), who(arena, attacker)
    if report == "status":
        body: dict[str, object] = {"state": "success", "context": check}
        arena.github(token, "POST", f"/repos/{arena.victim}/statuses/{head}", body)
    else:
        body = {"name": check, "head_sha": head, "status": "completed", "conclusion": "success"}
        arena.github(token, "POST", f"/repos/{arena.victim}/check-runs", body)
    merging = who(arena, "contributor")
    number = arena.kept["pull"]
    return arena.github(merging, "PUT", f"/repos/{arena.victim}/pulls/{number}/merge", {"merge_method": "squash"})


def _report(attacker: str, report: str) -> None:
    what = {"status": "status", "check": "check run"}[report]
    attack("I6", attacker, way=f"reports the required check by hand as a {what}, and merges")(
        lambda arena: merge_after(arena, attacker, report)
    )


for _attacker in ("contributor", "stranger", "triage"):
    _report(_attacker, "status")
    _report(_attacker, "check")


@attack("I6", "contributor", "stranger", "triage")
def merge_at_once(arena: Arena) -> object:
    """Merges before the required check is there."""
    path = f"/repos/{arena.victim}/pulls/{arena.kept['pull']}/merge"
    return arena.github(who(arena, "contributor"), "PUT", path, {"merge_method": "squash"})


@attack("I4", "stranger")
def stranger_secret(arena: Arena) -> object:
    """Reads an app's key by the token of a job."""
    return arena.github(who(arena, "stranger"), "GET", f"/repos/{arena.victim}/actions/variables")


def register(arena: Arena, attacker: str, path: str) -> object:
    """Ask for the token that registers a runner."""
    return arena.github(who(arena, attacker), "POST", path)


def _register(attacker: str, place: str) -> None:
    def act(arena: Arena) -> object:
        owner = arena.organisation.github.owner
        path = {"organisation": f"/orgs/{owner}", "repository": f"/repos/{arena.victim}"}[place]
        return register(arena, attacker, f"{path}/actions/runners/registration-token")

    attack("I9", attacker, way=f"registers a runner for the {place}")(act)


for _attacker in ("stranger", "contributor", "dependency"):
    for _place in ("organisation", "repository"):
        _register(_attacker, _place)


@attack("I9", "contributor", "dependency")
def own_machine(arena: Arena) -> object:
    """Asks for the release identity on a machine that runs repository code."""
    return arena.identity("release", arena.job("release", runner_environment="self-hosted"))


@attack("I9", "contributor", "dependency")
def version_machine(arena: Arena) -> object:
    """Asks for the version app's token on a machine that runs repository code."""
    token = arena.token(arena.job("pull", runner_environment="self-hosted"))
    return arena.call({"github": "version", "token": token})
