"""Update pull requests under GitHub's limits, and killed at any moment: one for each repository."""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.limits import HOUR, Limits
from rnd import cli, git
from rnd.fleet import governor
from rnd.fleet.governor import Governor
from tests.helpers.many import add_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.helpers.updates import World

# `RND_TEST_REPOSITORIES=1000` runs the size that the goals are about.
COUNT = int(os.environ.get("RND_TEST_REPOSITORIES", "30"))
# `RND_TEST_KILLED=100` kills ticks of more repositories.
NAMES = tuple(f"rnd-{number}" for number in range(int(os.environ.get("RND_TEST_KILLED", "2"))))

pytestmark = pytest.mark.slow


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
    quick.fleet.hub.limits = Limits(quick.clock)
    random = Random(16)
    died = 0
    for point in random.sample(range(54 + 3 * len(NAMES)), 20):
        status = killed(point)
        died += os.WIFSIGNALED(status)
        quick.pipelines()
        assert all(len(quick.pulls(name)) <= 1 for name in NAMES)
    assert quick.tick() == 0
    assert [len(quick.pulls(name)) for name in NAMES] == [1] * len(NAMES)
    assert all(pull.title.endswith("1.1.0") and pull.body for pull in quick.pulls())
    print(f"killed {died} of 20 times")
    assert died >= 5
