"""Many seeded repositories: copies of one, with differences that a test knows.

    fleet = populate(hub, "Acme/model", 1000, seed=7, files=files, drifts={"wiki": Drift(3, switch_wiki_on)})
    assert {one.name for one in found} == {one.name for one in fleet if "wiki" in one.drifts}

Each repository is drawn on its own: the first hundred of a thousand are the hundred of the same seed. Nothing goes
through the API: there are no events, and `calls` stays empty. Touches the folder of the repositories.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from fake_github import hostile
from fake_github.git_store import Store, write_refs
from fake_github.seeded import KINDS, PLAIN, Drift, Edit, Mix, Seeded
from fake_github.state import Organisation, PullRequest, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fake_github.hub import Hub
    from fake_github.seeded import Files
    from fake_github.state import Account

__all__ = ["KINDS", "Drift", "Edit", "Seeded", "open_pull", "populate"]

START = datetime(2026, 1, 1, tzinfo=UTC)


def populate(
    hub: Hub,
    model: str,
    count: int,
    *,
    seed: int,
    files: Callable[[Seeded], Mapping[str, str]],
    versions: Mapping[str, float] | None = None,
    refs: Mapping[str, float] | None = None,
    drifts: Mapping[str, Drift] | None = None,
    edits: Mapping[str, Edit] | None = None,
    kinds: Mapping[str, float] = KINDS,
    renamed: float = 1,
    hostile: float = 3,
    prefix: str = "project",
) -> list[Seeded]:
    """Add repositories and return what is in each.

    Args:
        hub: Where.
        model: The full name of a repository that is configured as most of them are; it stays as it is. Its settings,
            topics, rulesets, environments, variables, permissions of Actions and teams are copied.
        count: How many.
        seed: Of the draw.
        files: Returns the files of a repository; it gets what was drawn so far. Not called for kinds without content.
        versions: Of the template, each with its weight.
        refs: Of the workflows, each with its weight.
        drifts: Differences from the model, by name.
        edits: Changes to files, by name.
        kinds: Per cent of each kind.
        renamed: Per cent that had another name.
        hostile: Per cent whose name, description and topics are hostile.
        prefix: Of the other names.

    Raises:
        ValueError: The model does not exist, or a name is taken.
    """
    mix = Mix(versions or {"1.0.0": 1}, refs or {"v1": 1}, drifts or {}, edits or {}, kinds, renamed, hostile, prefix)
    with hub.lock:
        like = hub.state.repository(model)
        if like is None:
            raise ValueError(f"There is no repository {model}.")
        (hub.folder / like.owner.login.lower()).mkdir(exist_ok=True)
        store = Store(hub.folder / ".store", hub.hooks)
        with store.packed():
            return [_make(hub, like, store, mix, files, _Place(seed, number)) for number in range(count)]


@dataclass(frozen=True)
class _Place:
    seed: int
    number: int

    def random(self) -> Random:
        return Random(f"{self.seed} {self.number}")  # noqa: S311 - repeatable on purpose


def _make(
    hub: Hub,
    like: Repository,
    store: Store,
    mix: Mix,
    files: Callable[[Seeded], Mapping[str, str]],
    place: _Place,
) -> Seeded:
    random = place.random()
    kind = _kind(random, mix.kinds)
    version, ref = _weighted(random, mix.versions), _weighted(random, mix.refs)
    drifts, edits = _chosen(random, mix.drifts), _chosen(random, mix.edits)
    is_renamed, is_hostile = _happens(random, mix.renamed), _happens(random, mix.hostile)
    name = f"{random.choice(hostile.NAMES)}{place.number}" if is_hostile else f"{mix.prefix}-{place.number:05}"
    repository = _copy(hub, like, name, place.number)
    if is_hostile:
        repository.settings["description"] = random.choice(hostile.DESCRIPTIONS)
        repository.topics += [topic for topic in hostile.TOPICS if topic not in repository.topics][:3]
    former = f"former-{mix.prefix}-{place.number:05}" if is_renamed else None
    if former is not None:
        hub.state.former_names[f"{like.owner.login}/{former}".lower()] = repository.id
    _apply_kind(repository, kind, like)
    for drift in drifts:
        mix.drifts[drift].change(repository)
    seeded = Seeded(repository, kind, version, ref, drifts, edits, former, is_hostile)
    return _write(store, seeded, {} if kind == "empty" else dict(files(seeded)), mix, place.number)


def _write(store: Store, seeded: Seeded, files: Files, mix: Mix, number: int) -> Seeded:
    repository = seeded.repository
    for edit in seeded.edits:
        mix.edits[edit].change(files)
    if seeded.kind == "empty":
        store.create(repository.folder, {})
        return replace(seeded, edits=())
    head = store.commit(files, "chore: begin", int(START.timestamp()) + number)
    store.create(repository.folder, {f"refs/heads/{repository.default_branch}": head}, repository.default_branch)
    return replace(seeded, head=head, files=files)


def _kind(random: Random, kinds: Mapping[str, float]) -> str:
    point = random.uniform(0, 100)
    for kind, percent in kinds.items():
        point -= percent
        if point < 0:
            return kind
    return PLAIN


def _weighted(random: Random, weights: Mapping[str, float]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


def _happens(random: Random, percent: float) -> bool:
    return random.uniform(0, 100) < percent


def _chosen(random: Random, choices: Mapping[str, Drift] | Mapping[str, Edit]) -> tuple[str, ...]:
    return tuple(name for name, one in choices.items() if _happens(random, one.percent))


def _copy(hub: Hub, like: Repository, name: str, number: int) -> Repository:
    """Return a repository with a state like another's, and with ids of its own."""
    state = hub.state
    if state.repository(f"{like.owner.login}/{name}") is not None:
        raise ValueError(f"There is a repository {like.owner.login}/{name} already.")
    identity = state.next_id()
    moment = (START + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    copied = Repository(
        id=identity,
        owner=like.owner,
        name=name,
        folder=hub.folder / like.owner.login.lower() / f"{name.lower()}-{identity}.git",
        settings=dict(like.settings),
        topics=list(like.topics),
        collaborators=dict(like.collaborators),
        protection=deepcopy(like.protection),
        variables=deepcopy(like.variables),
        actions=deepcopy(like.actions),
        vulnerability_alerts=like.vulnerability_alerts,
        created_at=moment,
        updated_at=moment,
        pushed_at=moment,
    )
    for ruleset in like.rulesets.values():
        other = state.next_id()
        copied.rulesets[other] = {**deepcopy(ruleset), "id": other}
    for environment in like.environments.values():
        kept: dict[str, Any] = {**deepcopy(environment), "id": state.next_id()}
        kept["policies"] = [{**policy, "id": state.next_id()} for policy in kept["policies"]]
        copied.environments[kept["name"]] = kept
    if isinstance(like.owner, Organisation):
        for team in like.owner.teams.values():
            if like.full_name in team.repositories:
                team.repositories[copied.full_name] = team.repositories[like.full_name]
    state.repositories[copied.full_name.lower()] = copied
    return copied


def _apply_kind(repository: Repository, kind: str, like: Repository) -> None:
    if kind == "archived":
        repository.settings["archived"] = True
    elif kind == "disabled":
        repository.disabled = True
    elif kind == "locked":
        repository.lock_reason = "MIGRATING"
    elif kind == "fork":
        repository.parent = like
    elif kind == "mirror":
        repository.mirror_url = f"https://git.example.com/{repository.name}.git"
    elif kind == "no-main":
        repository.default_branch = "master"


def open_pull(
    hub: Hub,
    seeded: Seeded,
    author: Account,
    branch: str,
    files: Mapping[str, str],
    *,
    title: str = "chore: update",
    draft: bool = False,
) -> PullRequest:
    """Open a pull request in a repository that has a commit and no other branch yet.

    Args:
        hub: Where.
        seeded: The repository.
        author: Of the pull request.
        branch: Where its commit is.
        files: What the commit changes.
        title: Of the pull request, and the message of its commit.
        draft: Whether it is a draft.
    """
    repository, base = seeded.repository, seeded.head
    if base is None:
        raise ValueError(f"{seeded.name} is empty.")
    store = Store(hub.folder / ".store", hub.hooks)
    seconds = int(START.timestamp())
    head = store.commit({**seeded.files, **files}, title, seconds, (base,))
    pull = PullRequest(
        id=hub.state.next_id(),
        number=repository.next_number(),
        author=author,
        title=title,
        body="",
        head_repository=repository,
        head_branch=branch,
        head=head,
        base_branch=repository.default_branch,
        base=base,
        draft=draft,
    )
    merge = store.commit({**seeded.files, **files}, f"Merge {head} into {base}", seconds, (base, head))
    repository.pulls[pull.number] = pull
    name = f"refs/pull/{pull.number}"
    main = {f"refs/heads/{repository.default_branch}": base}
    write_refs(repository.folder, main | {f"refs/heads/{branch}": head, f"{name}/head": head, f"{name}/merge": merge})
    return pull
