"""Update pull requests under GitHub's limits, and killed at any moment: one for each repository."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.limits import HOUR, Limits
from rnd import cli, git
from rnd.answers import ANSWERS_FILE
from rnd.fleet import governor
from rnd.fleet.governor import Governor
from rnd.fleet.update.render import Job, Rendered
from rnd.fleet.update.words import AUTHOR_EMAIL, AUTHOR_NAME, update_message
from rnd.organisation.fleet import Ring, Update
from tests.helpers.many import add_many

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.helpers.updates import World

# `RND_TEST_REPOSITORIES=1000` runs the size that the goals are about.
COUNT = int(os.environ.get("RND_TEST_REPOSITORIES", "30"))
NAMES = ("rnd-c", "rnd-d")

pytestmark = pytest.mark.slow


def fixed(jobs: Sequence[Job], **_: object) -> list[Rendered]:
    """Stand in for copier: the commit has the files of `main`."""
    return [Rendered(commit(job), {"merged": ["notes.txt"]}) for job in jobs]


def commit(job: Job) -> str:
    """Return a commit in which only the version in the answers differs from `main`."""
    who = ("-c", f"user.name={AUTHOR_NAME}", "-c", f"user.email={AUTHOR_EMAIL}")
    date = git.run(job.folder, "log", "-1", "--format=%cI", job.main)
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    answers = git.run(job.folder, "show", f"{job.main}:{ANSWERS_FILE}")
    (job.folder / "new").write_text(re.sub("_commit: .*", f"_commit: {job.tag}", answers) + "\n", encoding="utf-8")
    blob = git.run(job.folder, "hash-object", "-w", "new")
    git.run(job.folder, "read-tree", job.main)
    git.run(job.folder, "update-index", "--cacheinfo", f"100644,{blob},{ANSWERS_FILE}")
    tree = git.run(job.folder, "write-tree")
    message = update_message(job.release, job.main)
    return git.run(job.folder, *who, "commit-tree", tree, "-p", job.main, "-m", message, extra=dates)


@pytest.fixture
def quick(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A fleet of one ring whose updates are not rendered; it has been given 1.1.0."""
    monkeypatch.setattr("rnd.fleet.update.workers.run", fixed)
    world.fleet.configure(rings={"all": Ring()}, update=Update(at_once=100, every_days=0))
    world.give("1.1.0", "all")
    return world


def created(world: World) -> list[float]:
    """Return when the pull requests were opened, in seconds since 1970."""
    return sorted(datetime.fromisoformat(pull.created_at).timestamp() for pull in world.pulls())


def test_many_are_opened_as_fast_as_github_allows(quick: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hourly = 500 if COUNT >= 1000 else COUNT // 2
    at_once = max(5, COUNT // 10)
    monkeypatch.setattr(governor, "CREATIONS", ((80, 60.0), (hourly, HOUR)))
    add_many(quick.fleet, COUNT, drifts={}, kinds={}, hostile=0, versions={"1.0.0": 1})
    quick.fleet.hub.limits = limits = Limits(quick.clock, enforced=True, content_per_hour=hourly)
    begin = quick.clock.now()
    opened = 0
    while opened < COUNT:
        assert quick.tick("--at-once", str(at_once)) == 0
        quick.pipelines()
        before, opened = opened, len(quick.pulls())
        if opened == before:  # the budget of the hour is used up
            quick.clock.sleep(max(1.0, created(quick)[-hourly] + HOUR - quick.clock.now() - governor.PATIENCE / 2))
    moments = created(quick)
    minutes = (moments[-1] - begin) / 60
    print(f"{COUNT} pull requests in {minutes:.1f} min by the clock, refusals {dict(limits.refusals)}")
    assert Counter(pull.head_repository.name for pull in quick.pulls()).most_common(1)[0][1] == 1
    assert limits.refusals == {}
    assert limits.hasty == 0
    assert limits.requests["content"] == COUNT
    assert max(quick.opened) <= at_once
    assert max(sum(one <= other < one + HOUR for other in moments) for one in moments) <= hourly
    # Writes are a second apart, so the last of two hours' budgets is opened an hour and as many seconds later.
    assert minutes * 60 <= HOUR * ((COUNT - 1) // hourly) + hourly + 30


def killed(after: int) -> int:
    """Run a tick in a process that is killed at a request, or at a push; return how it ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    left = [after]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            die()
            result = function(*arguments, **named)
            die()
            return result

        return call

    def die() -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        for name in ("pace", "heard"):
            setattr(Governor, name, counted(getattr(Governor, name)))
        git.signed_in = counted(git.signed_in)
        os._exit(cli.main(["fleet", "update", "--quiet"]))
    finally:
        os._exit(99)


def test_killed_anywhere_and_continued_by_a_new_process(quick: World) -> None:
    for name in NAMES:
        quick.add(name)
    quick.fleet.hub.limits = Limits()
    random = Random(16)
    died = 0
    for point in random.sample(range(60), 20):
        status = killed(point)
        died += os.WIFSIGNALED(status)
        quick.pipelines()
        assert all(len(quick.pulls(name)) <= 1 for name in NAMES)
    assert quick.tick() == 0
    assert [len(quick.pulls(name)) for name in NAMES] == [1, 1]
    assert all(pull.title.endswith("1.1.0") and pull.body for pull in quick.pulls())
    print(f"killed {died} of 20 times")
    assert died >= 5
