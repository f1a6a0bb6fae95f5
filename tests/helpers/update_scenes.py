"""Two repositories before each kind of change of a tick, which tests can go back to; and git without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.limits import Limits
from rnd.fleet import governor
from rnd.fleet.update.render import Rendered
from rnd.fleet.update.words import AUTHOR_EMAIL, AUTHOR_NAME, conflict_message
from rnd.organisation.fleet import Update
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fake_github.state import PullRequest
    from tests.helpers.updates import World

NAMES = ("rnd-c", "rnd-d")
FIRST = NAMES[0]
ARCHIVED = "fatal: unable to access '{url}/': The requested URL returned error: 403"


@dataclass
class Scene:
    """What is there before a tick, and whether the tick did what it should for a pull request.

    Attributes:
        done: Whether the pull request is as it should be after the tick.
        withdrawn: Releases that org.yml withdraws.
        kept: For each repository its pull requests, results of checks, `main` and update branch.
    """

    done: Callable[[PullRequest | None], bool]
    withdrawn: list[str] = field(default_factory=list)
    kept: dict[str, tuple[list[PullRequest], list[Any], str, str]] = field(default_factory=dict)

    def keep(self, world: World) -> None:
        """Keep what is there."""
        for name in NAMES:
            one = world.fleet.hosting.repository(name)
            refs = dict(line.split()[::-1] for line in git(one.folder, "show-ref").splitlines())
            branch = refs.get("refs/heads/rnd/template", "0" * 40)
            pulls = [replace(pull) for pull in one.pulls.values()]
            self.kept[name] = (pulls, list(one.statuses), refs["refs/heads/main"], branch)

    def restore(self, world: World) -> None:
        """Bring both repositories back to it."""
        world.fleet.hub.faults.clear()
        configure(world, self.withdrawn)
        for name, (pulls, statuses, main, branch) in self.kept.items():
            one = world.fleet.hosting.repository(name)
            one.pulls.clear()
            one.pulls.update({pull.number: replace(pull) for pull in pulls})
            one.statuses[:] = statuses
            one.settings["archived"] = False
            (one.folder / "refs/heads/main").write_text(f"{main}\n", encoding="utf-8")
            file = one.folder / "refs/heads/rnd/template"
            if branch.strip("0"):
                file.parent.mkdir(exist_ok=True)
                file.write_text(f"{branch}\n", encoding="utf-8")
            else:
                file.unlink(missing_ok=True)

    def is_untouched(self, world: World, name: str) -> bool:
        """Return whether everything about a repository is as before the tick."""
        one = world.fleet.hosting.repository(name)
        pulls, _, main, branch = self.kept[name]
        refs = dict(line.split()[::-1] for line in git(one.folder, "show-ref").splitlines())
        there = (refs["refs/heads/main"], refs.get("refs/heads/rnd/template", "0" * 40))
        return list(one.pulls.values()) == pulls and there == (main, branch)

    def is_done(self, world: World, name: str) -> bool:
        """Return whether the tick did what it should for a repository."""
        pulls = world.pulls(name)
        return self.done(pulls[0] if pulls else None)


@pytest.fixture
def scenes(quick: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Scene]]:
    """Two repositories before each kind of change."""
    monkeypatch.setattr(governor, "PAUSE", 0.0)
    for name in NAMES:
        quick.add(name)
    configure(quick, [])
    quick.fleet.hub.limits = Limits(quick.clock)
    # The template is fetched once, not in each tick.
    monkeypatch.setattr("rnd.fleet.update.mirror.fetch_template", lambda *_: None)
    monkeypatch.setattr("rnd.fleet.update.mirror.make_slim", lambda *_: None)
    found = {
        "open": Scene(lambda pull: pull is not None and not pull.draft and "rnd: 1.1.0" in str(pull.body)),
        "merge": Scene(lambda pull: pull is not None and pull.merged_at is not None),
        "close": Scene(lambda pull: pull is not None and pull.state == "closed", ["1.1.0"]),
        "renew": Scene(lambda pull: pull is not None and "rnd: 1.1.0" in str(pull.body)),
        "running": Scene(lambda pull: pull is not None),
        "redraft": Scene(lambda pull: pull is not None and pull.draft),
    }
    found["open"].keep(quick)
    assert quick.tick() == 0
    found["close"].keep(quick)
    found["running"].keep(quick)
    for pull in quick.pulls():
        pull.body = "Somebody else's text."
    found["renew"].keep(quick)
    found["close"].restore(quick)
    quick.pipelines()
    found["merge"].keep(quick)
    found["close"].restore(quick)
    for name in NAMES:
        mark_conflict(quick, name)
    found["redraft"].keep(quick)
    yield found
    quick.fleet.hub.faults.clear()
    quick.fleet.hub.graphql_faults.clear()


@pytest.fixture
def local(quick: World, scenes: dict[str, Scene], monkeypatch: pytest.MonkeyPatch) -> LocalGit:
    """Git without HTTP, and without making the same commits again."""
    made = LocalGit(quick)
    heads = {main: branch for _, _, main, branch in scenes["close"].kept.values()}
    monkeypatch.setattr("rnd.git.signed_in", made)
    monkeypatch.setattr(
        "rnd.fleet.update.workers.run",
        lambda jobs, home: [Rendered(heads[job.main], {"merged": ["notes.txt"]}) for job in jobs],  # noqa: ARG005
    )
    return made


def configure(world: World, withdrawn: list[str]) -> None:
    """Let updates merge by themselves, and withdraw releases."""
    world.fleet.configure(update=Update(merge={"all": "automatic"}, every_days=0), withdrawn=withdrawn)


def mark_conflict(world: World, name: str) -> None:
    """Give a pull request the commit that has the conflict markers, without making it a draft."""
    repository = world.fleet.hosting.repository(name)
    who = ("-c", f"user.name={AUTHOR_NAME}", "-c", f"user.email={AUTHOR_EMAIL}")
    pull = world.pull(name)
    message = conflict_message("1.1.0", ["notes.txt"])
    pull.head = git(
        repository.folder, *who, "commit-tree", f"{pull.head}^{{tree}}", "-p", pull.head, "-m", message
    ).strip()
    git(repository.folder, "update-ref", "refs/heads/rnd/template", pull.head)
    pull.body = str(pull.body).replace(" -->", " conflict -->", 1)


class LocalGit:
    """What git does with the repositories of this test, without processes that speak HTTP to each other.

    Both fetch and push work on the files of the fake GitHub's repository; a push keeps to its lease.

    Attributes:
        faults: What the next calls about the first repository print, by command; with it, whether they act first.
        meanwhile: What somebody does right before the first repository is fetched.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults: dict[str, tuple[str, bool]] = {}
        self.meanwhile: Callable[[], object] | None = None

    def __call__(self, folder: Path, _token: str, _server: str, command: str, *rest: str) -> CompletedProcess[str]:
        """Stand in for `rnd.git.signed_in`."""
        url = next(one for one in rest if one.endswith(".git"))
        state, name = self.world.fleet.hub.state, "/".join(url.removesuffix(".git").rsplit("/", 2)[1:])
        one = state.repository(name) or state.renamed(name)
        if one is None:
            return CompletedProcess(command, 128, "", f"fatal: repository '{url}/' not found")
        there = one.folder
        if command == "push" and one.settings["archived"]:
            return CompletedProcess(command, 128, "", ARCHIVED.format(url=url))
        fault = self.faults.pop(command, None) if f"/{FIRST}.git" in url else None
        if command == "fetch" and f"/{FIRST}.git" in url and self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        if fault is not None and not fault[1]:
            return CompletedProcess(command, 128, "", fault[0].format(url=url))
        said = self._fetch(folder, there, rest) if command == "fetch" else self._push(there, rest)
        said = fault[0].format(url=url) if fault is not None else said
        return CompletedProcess(command, 1 if said else 0, "", said)

    def _fetch(self, folder: Path, there: Path, rest: tuple[str, ...]) -> str:
        (folder / ".git/objects/info/alternates").write_text(f"{there}/objects\n", encoding="utf-8")
        for source, _, target in (one.lstrip("+").partition(":") for one in rest if one.startswith("+")):
            file = folder / ".git" / target
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes((there / source).read_bytes())
        return ""

    def _push(self, there: Path, rest: tuple[str, ...]) -> str:
        (lease,) = [one.partition("=")[2] for one in rest if one.startswith("--force-with-lease=")]
        ref, _, expected = lease.partition(":")
        file = there / ref
        if (file.read_text(encoding="utf-8").strip() if file.exists() else "") != expected:
            return "! [rejected] rnd/template -> rnd/template (stale info)"
        commit, _, target = rest[-1].partition(":")
        assert target == ref
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{commit}\n", encoding="utf-8")
        return ""
