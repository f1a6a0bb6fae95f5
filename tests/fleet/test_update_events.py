"""What happens to a repository while a tick is about to change it: no other repository and no other owner is changed.

The rows are events, the columns the moments before a change; the number of cells is printed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from rnd.fleet.update import workers
from rnd.fleet.update.tick import Tick
from tests.helpers.events import EVENTS, OTHER, undone
from tests.helpers.git import git
from tests.helpers.update_scenes import FIRST, NAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fake_github.state import Repository
    from tests.helpers.update_scenes import LocalGit, Scene
    from tests.helpers.updates import World

pytestmark = pytest.mark.slow

# The kind of change, and the moment: before the tick acts, after it made the commits, after it pushed them.
MOMENTS = (
    *((kind, "looked") for kind in ("open", "renew", "merge", "close", "redraft")),
    *((kind, "made") for kind in ("open", "renew")),
    ("open", "pushed"),
)


def condition(one: Repository, *, branch: bool = True) -> object:
    """Return what a tick could change in a repository; optionally without the update branch."""
    refs = [line for line in git(one.folder, "show-ref").splitlines() if branch or not line.endswith("/rnd/template")]
    return {number: replace(pull) for number, pull in one.pulls.items()}, refs


def install(patch: pytest.MonkeyPatch, local: LocalGit, moment: str, happens: Callable[[], object]) -> None:
    """Let something happen once, at a moment of a tick."""
    now, run, make = cache(happens), Tick.run, workers.run

    def looked(self: Tick, *arguments: Any) -> Any:  # noqa: ANN401
        now()
        return run(self, *arguments)

    def made(jobs: Any, home: Any) -> Any:  # noqa: ANN401
        found = make(jobs, home=home)
        now()
        return found

    def pushed(*arguments: Any) -> Any:  # noqa: ANN401
        found = local(*arguments)
        if "push" in arguments and any(f"/{FIRST}.git" in str(word) for word in arguments):
            now()
        return found

    if moment == "looked":
        patch.setattr(Tick, "run", looked)
    elif moment == "made":
        patch.setattr(workers, "run", made)
    else:
        patch.setattr("rnd.git.signed_in", pushed)


@pytest.fixture
def other(quick: World, scenes: dict[str, Scene]) -> Repository:
    """A repository that is not from the template, with the commits of the first one."""
    assert scenes
    quick.fleet.add(OTHER, answers="")
    made = quick.fleet.hosting.repository(OTHER)
    objects = quick.fleet.hosting.repository(FIRST).folder / "objects"
    (made.folder / "objects/info").mkdir(exist_ok=True)
    (made.folder / "objects/info/alternates").write_text(f"{objects}\n", encoding="utf-8")
    return made


def test_what_happens_before_a_change(
    quick: World, scenes: dict[str, Scene], other: Repository, local: LocalGit
) -> None:
    one = quick.fleet.hosting.repository(FIRST)
    cells = 0
    for (kind, moment), (event, happens) in ((column, row) for column in MOMENTS for row in EVENTS.items()):
        case = f"{kind}, {moment}: {event}"
        scene = scenes[kind]
        scene.restore(quick)
        other.pulls.clear()
        other.pulls.update(
            {number: replace(pull, id=pull.id + 10**6, title="Mine") for number, pull in one.pulls.items()}
        )
        before, others = condition(one, branch=moment != "pushed"), condition(other)
        with undone(quick.fleet), pytest.MonkeyPatch.context() as patch:
            install(patch, local, moment, lambda happens=happens: happens(quick.fleet, one))
            code = quick.tick()
            assert code == (1 if event == "deleted" else 0), case
            assert condition(other) == others, case
            assert scene.is_done(quick, NAMES[1]), case
            if event == "renamed":
                assert scene.done(next(iter(one.pulls.values()), None)), case
            else:
                assert condition(one, branch=moment != "pushed") == before, case
        cells += 1
    print(f"update: {cells} cells, {len(EVENTS)} events at {len(MOMENTS)} moments")
