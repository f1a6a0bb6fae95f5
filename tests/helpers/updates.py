"""A fleet whose template and repositories have real files, a clock, and a stand-in for the pipelines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fake_github import git_repository as bare
from fake_github.clock import ManualClock
from fake_github.limits import Limits
from rnd import cli
from rnd import git as program
from rnd.answers import ANSWERS_FILE
from rnd.fleet import central
from rnd.fleet.central import Remote
from rnd.fleet.governor import Governor
from rnd.fleet.ledger import give
from rnd.fleet.update.render import Job, Rendered, render
from rnd.fleet.update.words import AUTHOR_EMAIL, AUTHOR_NAME, update_message
from rnd.github.push import push
from rnd.github.repository import Repository
from rnd.organisation.fleet import Ring, Update
from tests.helpers.fleet import TEMPLATE, Fleet
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fake_github.state import PullRequest

COPIER = """\
_subdirectory: files
project_name: {type: str}
author: {type: str, default: ""}
dependency_tool: {type: str, default: uv}
python_version: {type: str, default: "3.11"}
_tasks: ["touch TASK"]
_migrations: ["touch MIGRATION"]
"""
FILES = {
    "copier.yml": COPIER,
    "files/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "files/notes.txt.jinja": "one\ntwo\nthree\nrelease 1.0.0\nfour\nfive\nsix\n",
}
ANSWERS = (
    "_commit: {version}\n_src_path: {source}\nauthor: ''\ndependency_tool: uv\nproject_name: {name}\n"
    "python_version: '3.11'\n"
)
RINGS = {
    "canary": Ring(repositories=["rnd-a"], hours=24),
    "early": Ring(repositories=["rnd-b"], hours=72),
    "all": Ring(),
}


@dataclass
class World:
    """A fleet with a clock.

    Attributes:
        fleet: The organisation.
        clock: Its time, which only waiting moves.
        red: Names of repositories whose pull requests turn red.
        opened: How many pull requests were open and unfinished, after each tick.
    """

    fleet: Fleet
    clock: ManualClock
    red: set[str] = field(default_factory=set)
    opened: list[int] = field(default_factory=list)

    @property
    def template(self) -> Path:
        """The clone of the template."""
        return self.fleet.folder / TEMPLATE

    @property
    def remote(self) -> Remote:
        """The template's repository."""
        hub = self.fleet.hub
        return Remote(self.fleet.organisation.template.repository, self.fleet.hosting.token, hub.url)

    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def release(self, version: str, **files: str) -> None:
        """Release the template with a changed line."""
        path = self.template / "files/notes.txt.jinja"
        path.write_text(re.sub(r"release \S+", f"release {version}", path.read_text()), encoding="utf-8")
        for name, text in files.items():
            (self.template / "files" / name).write_text(text, encoding="utf-8")
        git(self.template, "add", "--all")
        git(self.template, "commit", "--quiet", "--allow-empty", "--message", f"feat: {version}")
        git(self.template, "tag", version)
        self.push(self.template, TEMPLATE, "main", version)

    def push(self, folder: Path, name: str, *refs: str) -> None:
        """Push from a clone."""
        with self.fleet.hosting.client as client:
            push(client, Repository(self.fleet.hosting.owner, name), folder, refs)

    def give(self, release: str, *rings: str) -> None:
        """Give a release to rings; to all without any."""
        ours = self.fleet.organisation
        chosen = rings or tuple(ours.fleet.rings)
        central.change(self.remote, ours, lambda ledger: give(ledger, ours, chosen, release, self.now()))

    def given(self) -> dict[str, str]:
        """Return what each ring has."""
        found = central.read(self.remote, self.fleet.organisation)
        return {ring: one.release for ring, one in found.rings.items()}

    def add(self, name: str, version: str = "1.0.0", **files: str) -> Repository:
        """Add a repository that was made from a version of the template, with further files."""
        source = self.fleet.organisation.template.repository
        notes = git(self.template, "show", f"{version}:files/notes.txt.jinja") + "\n"
        texts = {
            ".copier-answers.yml": ANSWERS.format(version=version, source=source, name=name.replace("-", "_")),
            "notes.txt": notes,
            **{path.replace("__", "/"): text for path, text in files.items()},
        }
        return self.fleet.push(name, texts)

    def tick(self, *arguments: str) -> int:
        """Run one tick, and return the exit code."""
        code = cli.main(["fleet", "update", "--quiet", *arguments])
        self.opened.append(self.unfinished())
        return code

    def unfinished(self) -> int:
        """Return how many open pull requests have unfinished checks."""
        return sum(one.state == "open" and not self.is_done(one) for one in self.pulls())

    def is_done(self, pull: PullRequest) -> bool:
        """Return whether the checks of a pull request have finished."""
        repository = pull.head_repository
        return any(one["sha"] == pull.head for one in repository.statuses)

    def pulls(self, name: str | None = None) -> list[PullRequest]:
        """Return the update pull requests of a repository, or all; the oldest first."""
        owner = self.fleet.hub.state.organisation(self.fleet.hosting.owner)
        return [
            pull
            for one in self.fleet.hub.state.repositories.values()
            if one.owner is owner and name in {None, one.name}
            for pull in one.pulls.values()
            if pull.head_branch == "rnd/template"
        ]

    def pull(self, name: str) -> PullRequest:
        """Return the only update pull request of a repository."""
        (found,) = self.pulls(name)
        return found

    def pipelines(self) -> None:
        """Let the checks of open pull requests and of `main` finish: red where the test says so, else green."""
        owner = self.fleet.hub.state.organisation(self.fleet.hosting.owner)
        for one in self.fleet.hub.state.repositories.values():
            if one.owner is not owner or one.name == TEMPLATE:
                continue
            heads = {pull.head for pull in one.pulls.values() if pull.state == "open"}
            main = bare.refs(one.folder).get("refs/heads/main")
            known = {status["sha"] for status in one.statuses}
            for sha in ({main} | heads) - known - {None}:
                self.check(one.name, str(sha), "failure" if one.name in self.red else "success")

    def check(self, name: str, sha: str, conclusion: str) -> None:
        """Report the result of the required check; it takes nothing from the limits of the command."""
        repository = self.fleet.hosting.repository(name)
        context = self.fleet.organisation.github.repository.main.required_check
        account = repository.owner
        repository.statuses.append(
            {
                "id": self.fleet.hub.state.next_id(),
                "sha": sha,
                "state": conclusion,
                "context": context,
                "description": "",
                "target_url": None,
                "account": account,
                "created_at": "2026-11-30T12:00:00Z",
                "updated_at": "2026-11-30T12:00:00Z",
            }
        )

    def show(self, name: str, ref: str = "rnd/template", path: str = "notes.txt") -> str:
        """Return a file at a branch."""
        return git(self.fleet.hosting.repository(name).folder, "show", f"{ref}:{path}")

    def commit(self, name: str, ref: str, path: str, text: str, message: str = "fix: mine") -> str:
        """Commit a file to a branch as a person, and push it; return the commit."""
        clone = self.fleet.folder / f"{name}-person"
        if not clone.exists():
            git(self.fleet.folder, "clone", "--quiet", str(self.fleet.hosting.repository(name).folder), clone.name)
        git(clone, "fetch", "--quiet", "origin")
        git(clone, "checkout", "--quiet", "--detach", f"origin/{ref}")
        (clone / path).write_text(text, encoding="utf-8")
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--message", message)
        self.push(clone, name, f"HEAD:refs/heads/{ref}")
        return git(clone, "rev-parse", "HEAD")


@pytest.fixture
def world(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A fleet whose template has the releases 1.0.0 and 1.1.0; all rings have 1.0.0."""
    clock = ManualClock()
    made = World(fleet, clock)
    fleet.configure(rings=RINGS, update=Update(merge={"canary": "automatic"}, every_days=0))
    for name, text in FILES.items():
        (made.template / name).parent.mkdir(parents=True, exist_ok=True)
        (made.template / name).write_text(text, encoding="utf-8")
    git(made.template, "tag", "--delete", "1.0.0", "1.1.0", "v1")
    with fleet.hosting.client as client:
        for ref in ("1.0.0", "1.1.0", "v1"):
            name = f"tags/{ref}"
            client.send(lambda kit, name=name: kit.rest.git.delete_ref(fleet.hosting.owner, TEMPLATE, name))
    made.release("1.0.0")
    made.give("1.0.0")
    made.release("1.1.0")
    before = fleet.hub.limits
    # Starting processes takes most of the time; `test_update_workers.py` has them.
    monkeypatch.setattr("rnd.fleet.update.workers.run", lambda jobs, home: [render(job) for job in jobs])  # noqa: ARG005
    monkeypatch.setattr("rnd.fleet.governor.Governor", partial(Governor, clock.now, clock.sleep))
    fleet.hub.limits = Limits(clock, enforced=True)
    yield made
    fleet.hub.limits = before


def fixed(jobs: Sequence[Job], **_: object) -> list[Rendered]:
    """Stand in for copier: the commit has the files of `main`."""
    return [Rendered(commit(job), {"merged": ["notes.txt"]}) for job in jobs]


def commit(job: Job) -> str:
    """Return a commit in which only the version in the answers differs from `main`."""
    who = ("-c", f"user.name={AUTHOR_NAME}", "-c", f"user.email={AUTHOR_EMAIL}")
    date = program.run(job.folder, "log", "-1", "--format=%cI", job.main)
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    answers = program.run(job.folder, "show", f"{job.main}:{ANSWERS_FILE}")
    (job.folder / "new").write_text(re.sub("_commit: .*", f"_commit: {job.tag}", answers) + "\n", encoding="utf-8")
    blob = program.run(job.folder, "hash-object", "-w", "new")
    program.run(job.folder, "read-tree", job.main)
    program.run(job.folder, "update-index", "--cacheinfo", f"100644,{blob},{ANSWERS_FILE}")
    tree = program.run(job.folder, "write-tree")
    message = update_message(job.release, job.main)
    return program.run(job.folder, *who, "commit-tree", tree, "-p", job.main, "-m", message, extra=dates)


@pytest.fixture
def quick(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A fleet of one ring whose updates are not rendered; it has been given 1.1.0."""
    monkeypatch.setattr("rnd.fleet.update.workers.run", fixed)
    world.fleet.configure(rings={"all": Ring()}, update=Update(at_once=100, every_days=0))
    world.give("1.1.0", "all")
    return world
