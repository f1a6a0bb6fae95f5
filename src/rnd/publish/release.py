"""Create the tag and the GitHub release on the published commit. The last step of publishing.

One request creates both, with the full hash of the commit, so that neither exists without the other; see
https://docs.github.com/en/rest/releases/releases#create-a-release. A tag is never moved: if it is
on another commit, the step fails and reports both.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from rnd.github.errors import GitHubRefused
from rnd.plan import Action, Plan, State, Step, done, needed
from rnd.publish.errors import TagTaken, WorkflowsDiffer

if TYPE_CHECKING:
    from rnd.github.client import Client
    from rnd.github.repository import Repository
    from rnd.version.next_version import Answer

WORKFLOWS = ".github/workflows/"
MOST_TAGS = 10  # annotated tags of annotated tags: git allows any number


@dataclass(frozen=True)
class Release:
    """A release to create.

    Attributes:
        tag: The tag.
        commit: The full hash of the commit.
        notes: The release notes, as Markdown.
        is_latest: Whether no release has a higher version.
    """

    tag: str
    commit: str
    notes: str
    is_latest: bool


def plan_publish(client: Client, repository: Repository, release: Release) -> Plan:
    """Return the plan that creates the tag and the release."""
    return Plan(f"release {release.tag} of {repository}", (release_step(client, repository, release),))


def release_step(client: Client, repository: Repository, release: Release) -> Step:
    """Create the tag on the commit, and the release of the tag."""
    owner, name = repository

    def look() -> State:
        tagged = tagged_commit(client, repository, release.tag)
        if tagged not in {None, release.commit}:
            raise TagTaken(f"Tag {release.tag} of {repository} is on {tagged}, and not on {release.commit}.")
        found = client.get_or_none(lambda kit: kit.rest.repos.get_release_by_tag(owner, name, release.tag))
        if found is None or tagged is None:
            there = f"tag {release.tag} is there" if tagged else f"no tag {release.tag}"
            return needed(f"no release; {there}")
        return done(f"{release.tag} is on {release.commit[:7]}: {found['html_url']}")

    def create() -> None:
        try:
            client.create_once(
                lambda: state if (state := look()).done else None,
                lambda kit: kit.rest.repos.create_release(
                    owner,
                    name,
                    data={
                        "tag_name": release.tag,
                        "target_commitish": release.commit,
                        "name": release.tag,
                        "body": release.notes,
                        "make_latest": "true" if release.is_latest else "false",
                    },
                ),
            )
        except GitHubRefused as refused:
            _explain(client, repository, release, refused)
            raise

    action = Action(f"create the release {release.tag} on {release.commit}, and with it the tag", create)
    return Step("release", "Make the tag and the release", look, (action,))


def _explain(client: Client, repository: Repository, release: Release, refused: GitHubRefused) -> None:
    """Raise the reason if GitHub refused a release because of its workflow files: it answers 403, or 404.

    Raises:
        WorkflowsDiffer: The workflow files of the commit are not those of the default branch.
    """
    if refused.status not in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        return
    owner, name = repository
    try:
        branch = client.read(lambda kit: kit.rest.repos.get(owner, name))["default_branch"]
        changed = _changed(client, repository, (release.commit, branch))
    except GitHubRefused:  # the token cannot even look
        return
    if changed:
        raise WorkflowsDiffer(
            f"GitHub does not let this token release {release.commit[:7]}, because its workflow files are not those of "
            f"{branch}: {', '.join(sorted(changed))}. GitHub's answer: {refused.message}"
        ) from refused


def _changed(client: Client, repository: Repository, ends: tuple[str, str]) -> set[str]:
    """Return the workflow files that one of two commits or branches has changed since they parted."""
    owner, name = repository
    changed: set[str] = set()
    for two in (ends, ends[::-1]):
        both = "...".join(two)
        compared = client.read(lambda kit, both=both: kit.rest.repos.compare_commits(owner, name, both))
        changed |= {one["filename"] for one in compared.get("files", []) if one["filename"].startswith(WORKFLOWS)}
    return changed


def tagged_commit(client: Client, repository: Repository, tag: str) -> str | None:
    """Return the full hash of the commit that a tag names, through any annotated tags; None where there is no tag."""
    owner, name = repository
    # githubkit's type has `object_`, which is how its models call what GitHub calls `object`.
    found = cast("Any", client.get_or_none(lambda kit: kit.rest.git.get_ref(owner, name, f"tags/{tag}")))
    for _ in range(MOST_TAGS):
        if found is None or found["object"]["type"] != "tag":
            break
        sha = found["object"]["sha"]
        found = cast("Any", client.read(lambda kit, sha=sha: kit.rest.git.get_tag(owner, name, sha)))
    return str(found["object"]["sha"]) if found else None


def read_release(page: str, pending: str | None) -> Release:
    """Return the release of the HEAD commit.

    Args:
        page: The URL of the repository's page.
        pending: A commit whose release may be in progress.

    Raises:
        VersionMismatch: `pyproject.toml` has a different version, so this commit published a different one.
        UsageError: There is no commit yet.
    """
    from pathlib import Path

    from rnd import git, manifest
    from rnd.errors import UsageError
    from rnd.version import history
    from rnd.version.derivation import derive, up_to_date
    from rnd.version.notes import write_notes
    from rnd.version.refs import HERE
    from rnd.version.tags import newest

    written = manifest.read_version(git.work_tree(Path()))
    answer, head = up_to_date(written, pending)
    if head is None:
        raise UsageError("There is no commit to release.", "Commit first.")
    tag = answer["tag"]
    noted: Answer = answer
    if tag == answer["previous"]:  # HEAD is released already: write the notes of its own release
        noted = {**derive(tag, pending)[0], "tag": tag}
    tags = history.read(HERE)["tags"]
    return Release(tag, head, write_notes(noted, page), is_latest=newest([*tags, tag]) == tag)
