"""Update pull requests under GitHub's limits, and killed at any moment: one for each repository."""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import datetime
from mmap import mmap
from random import Random
from struct import Struct
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.limits import HOUR, Limits
from rnd import cli, git
from rnd.fleet import governor
from rnd.fleet.governor import Governor
from tests.helpers.many import add_many
from tests.helpers.update_scenes import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.update_scenes import LocalGit, Scene
    from tests.helpers.updates import World

# `RND_TEST_REPOSITORIES=1000 RND_TEST_KILLED=1000` runs the size that the goals are about; it takes half an hour.
COUNT = int(os.environ.get("RND_TEST_REPOSITORIES", "30"))
KILLED = int(os.environ.get("RND_TEST_KILLED", "40"))
KILLS = 20
STEPS = Struct("q")
# How often the process can be killed for each repository: before and after each request, each answer and each git.
POINTS = 10
# Openings at the most that GitHub allows in a minute; https://docs.github.com/en/rest/using-the-rest-api
FASTEST = 60 / 80
SLOWER = 1.03  # than that, at most

pytestmark = pytest.mark.slow


def created(world: World) -> list[float]:
    """Return when the pull requests were opened, in seconds since 1970."""
    return sorted(datetime.fromisoformat(pull.created_at).timestamp() for pull in world.pulls())


def open_all(world: World, patch: pytest.MonkeyPatch, count: int, tick: Callable[[int], object]) -> None:
    """Let ticks open pull requests in many repositories, and check that they keep to GitHub's limits and to org.yml.

    Args:
        world: The fleet.
        patch: Changes the limit of the hour, for fewer than 1,000 repositories.
        count: How many repositories.
        tick: Runs a tick with so many unfinished pull requests at the most.
    """
    hourly = 500 if count >= 1000 else count // 2
    at_once = max(5, count // 10)
    patch.setattr(governor, "CREATIONS", ((80, 60.0), (hourly, HOUR)))
    add_many(world.fleet, count, drifts={}, kinds={}, hostile=0, versions={"1.0.0": 1})
    limits = Limits(
        world.clock, enforced=True, content_per_hour=hourly, seconds_between_writes=governor.CREATION_PAUSE - 1e-6
    )
    world.fleet.hub.limits = limits
    begin = world.clock.now()
    opened = 0
    while opened < count:
        tick(at_once)
        world.pipelines()
        before, opened = opened, len(world.pulls())
        full = opened >= hourly and created(world)[-hourly] + HOUR - world.clock.now() - governor.PATIENCE / 2
        if opened == before and full > 0:  # the budget of the hour is used up
            world.clock.sleep(full)
    moments = created(world)
    seconds, floor = moments[-1] - begin, HOUR * ((count - 1) // hourly) + FASTEST * (hourly - 1)
    print(
        f"{count} pull requests in {seconds:,.0f} s by the clock, {seconds / floor:.3f} of the shortest time, "
        f"refusals {dict(limits.refusals)}, at most {max(world.opened)} unfinished"
    )
    assert Counter(pull.head_repository.name for pull in world.pulls()).most_common(1)[0][1] == 1
    assert all(pull.title.endswith("1.1.0") and pull.body for pull in world.pulls())
    assert limits.refusals == {}
    assert limits.hasty == 0
    assert limits.requests["content"] == count
    assert max(world.opened) <= at_once
    assert max(sum(one <= other < one + HOUR for other in moments) for one in moments) <= hourly
    assert seconds <= SLOWER * floor


def test_many_are_opened_as_fast_as_github_allows(quick: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def tick(at_once: int) -> None:
        assert quick.tick("--at-once", str(at_once)) == 0

    open_all(quick, monkeypatch, COUNT, tick)


def killed_at(steps: mmap, points: set[int], command: Callable[[], int]) -> int:
    """Run a command in a process of its own that is killed when it takes one of some steps; return how it ended.

    Args:
        steps: How many steps all processes have taken, in memory that they share.
        points: The steps to be killed at.
        command: What runs.
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            step()
            result = function(*arguments, **named)
            step()
            return result

        return call

    def step() -> None:
        (taken,) = STEPS.unpack_from(steps)
        STEPS.pack_into(steps, 0, taken + 1)
        if taken in points:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        for name in ("pace", "heard"):
            setattr(Governor, name, counted(getattr(Governor, name)))
        git.signed_in = counted(git.signed_in)
        os._exit(command())
    finally:
        os._exit(99)


def test_killed_anywhere_and_continued_by_a_new_process(
    quick: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # who is killed leaves files behind
    steps = mmap(-1, STEPS.size)
    points = set(Random(16).sample(range(POINTS * KILLED), KILLS))
    ended: Counter[str] = Counter()

    def tick(at_once: int) -> None:
        status = killed_at(steps, points, lambda: cli.main(["fleet", "update", "--quiet", "--at-once", str(at_once)]))
        ended["killed" if os.WIFSIGNALED(status) else f"exit code {os.waitstatus_to_exitcode(status)}"] += 1
        quick.opened.append(quick.unfinished())

    open_all(quick, monkeypatch, KILLED, tick)
    print(f"{KILLED} repositories, {sum(ended.values())} processes: {dict(ended)}")
    assert ended["killed"] == KILLS
    assert ended.keys() == {"killed", "exit code 0"}


def test_killed_before_and_after_a_change(quick: World, scenes: dict[str, Scene], local: LocalGit) -> None:
    """Killed in the middle of merging, renewing, closing: the next tick does the rest, and nothing twice."""
    assert local.faults == {}
    steps = mmap(-1, STEPS.size)
    random = Random(17)
    cells = 0

    def command() -> int:
        return cli.main(["fleet", "update", "--quiet"])

    for kind in ("merge", "renew", "close", "redraft"):
        scene = scenes[kind]
        scene.restore(quick)
        STEPS.pack_into(steps, 0, 0)
        assert killed_at(steps, set(), command) == 0
        (total,) = STEPS.unpack_from(steps)
        for point in random.sample(range(total // 2, total), 4):  # after the queries
            scene.restore(quick)
            STEPS.pack_into(steps, 0, 0)
            assert os.WIFSIGNALED(killed_at(steps, {point}, command)), (kind, point)
            assert quick.tick() == 0, (kind, point)
            assert all(scene.is_done(quick, name) for name in NAMES), (kind, point)
            assert [len(quick.pulls(name)) for name in NAMES] == [1, 1], (kind, point)
            cells += 1
    print(f"update: {cells} cells of killed changes")
