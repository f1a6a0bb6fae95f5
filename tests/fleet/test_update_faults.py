"""Each request of a tick fails in each way: the other repository is not affected, and the next tick completes.

The rows are faults, the columns the requests about one repository; the number of cells is printed.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import pytest

from fake_github.faults import null_at, once, once_query
from fake_github.limits import Limits
from rnd import git
from rnd.errors import RndError, TemplateUnavailable
from rnd.fleet import governor
from rnd.fleet.governor import Governor, Paused
from rnd.fleet.reading import Reader
from rnd.fleet.update.render import Rendered
from rnd.fleet.update.tick import observe
from tests.helpers.update_faults import (
    ACTED,
    FEWER,
    FEWEST,
    GIT,
    LEFT_OUT,
    MUTATIONS,
    NULLS,
    ONE,
    OPERATIONS,
    OVERCOME,
    QUERIES,
    REST,
    SIGN_IN,
)
from tests.helpers.update_scenes import FIRST, NAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fake_github.faults import Phase
    from rnd.github.client import Client
    from tests.helpers.update_scenes import LocalGit, Scene
    from tests.helpers.updates import World

pytestmark = pytest.mark.slow


def requests(world: World, scene: Scene) -> list[tuple[str, str, int]]:
    """Return the requests about the first repository when all goes well: method, path, number of equal ones before."""
    scene.restore(world)
    world.fleet.hub.calls.clear()
    assert world.tick() == 0
    assert all(scene.is_done(world, name) for name in NAMES)
    sent = [(method, path) for method, path, _ in world.fleet.hub.calls if re.search(rf"/{FIRST}(\.git)?(/|$)", path)]
    return [(*one, sent[:place].count(one)) for place, one in enumerate(sent)]


def check(world: World, scene: Scene, inject: Callable[[], object], meaning: str, case: str) -> None:
    """Run a tick with a fault, look at both repositories, and let the next tick complete it."""
    scene.restore(world)
    inject()
    code = world.tick()
    assert code == (1 if meaning in {ONE, SIGN_IN} else 0), case
    first, other = (scene.is_done(world, name) for name in NAMES)
    assert other is (meaning in {ONE, LEFT_OUT, OVERCOME}), case
    assert first or meaning != OVERCOME, case
    world.fleet.hub.faults.clear()
    if scene.is_untouched(world, FIRST) or first:
        return  # the next tick is the one without faults, which `requests` has seen
    assert world.tick() == 0, case
    assert all(scene.is_done(world, name) for name in NAMES), case
    assert [len(world.pulls(name)) for name in NAMES] == [1, 1], case


def test_each_request(quick: World, scenes: dict[str, Scene], local: LocalGit) -> None:
    cells = columns = 0
    for kind in ("open", "merge", "close", "renew"):
        scene = scenes[kind]
        sent = requests(quick, scene)
        columns += len(sent)
        for method, path, skip in sent:
            for name in REST if method == "POST" else FEWEST if method == "GET" or kind == "renew" else FEWER:
                outcome, meaning = REST[name]
                for phase in phases(method, name):
                    fault = once(method, path, outcome(), phase, skip=skip)
                    taken = LEFT_OUT if method == "PUT" and meaning == ONE else meaning  # GitHub says that of a merge
                    inject = partial(quick.fleet.hub.faults.append, fault)
                    check(quick, scene, inject, taken, f"{kind}: {name} {phase} {method} {path} {skip}")
                    cells += 1
    cells += each_git(quick, scenes["open"], local) + each_mutation(quick, scenes["redraft"])
    print(
        f"update: {cells} cells, {columns} requests by {len(REST)} faults, git fetch and push by {len(GIT)}, "
        f"a mutation by {len(MUTATIONS)}"
    )


def each_git(world: World, scene: Scene, local: LocalGit) -> int:
    """Go through the faults of git, before it acts and after; return how many cells there were."""
    cells = 0
    for command, (name, (said, meaning)), acted in product(("fetch", "push"), GIT.items(), (False, True)):
        if (command == "fetch" and name == "rule") or (acted and (command == "fetch" or name not in ACTED)):
            continue
        taken = LEFT_OUT if acted else meaning
        inject = partial(local.faults.__setitem__, command, (said, acted))
        check(world, scene, inject, taken, f"open: {name} git {command}, acted: {acted}")
        cells += 1
    return cells


def each_mutation(world: World, scene: Scene) -> int:
    """Go through the faults of the mutation; return how many cells there were."""
    cells = 0
    for name, (outcome, meaning) in MUTATIONS.items():
        for phase in phases("POST", name):
            fault = once_query("ToDraft", outcome(), phase)
            inject = partial(world.fleet.hub.faults.append, fault)
            check(world, scene, inject, meaning, f"redraft: {name} {phase}")
            cells += 1
    return cells


def phases(method: str, name: str) -> tuple[Phase, ...]:
    """Return whether a fault hits before GitHub acts, or also after it."""
    return ("before", "after") if method != "GET" and name in ACTED else ("before",)


def seen(world: World, client: Client) -> dict[str, str]:
    """Return what is decided for each repository."""
    found = observe(Reader(client, Governor(world.clock.now, lambda _: None)), world.fleet.organisation)
    return {one.member.name: one.kind for one in found.decisions}


def test_each_query(quick: World, scenes: dict[str, Scene]) -> None:
    """A fault hides a change, or is overcome. It never makes one up: nothing is opened, merged or closed by mistake."""
    hub = quick.fleet.hub
    cells = 0
    with quick.fleet.client(Governor(sleep=lambda _: None)) as client:
        for kind, expected, queries in (("running", "wait", QUERIES), ("merge", "merge", {})):
            scenes[kind].restore(quick)
            assert seen(quick, client) == dict.fromkeys(NAMES, expected)
            for query, (name, outcome) in product(OPERATIONS, queries.items()):
                hub.faults[:] = [once_query(query, outcome())]
                nothing_else(quick, client, expected, f"{kind}: {name}, {query}")
                cells += 1
            hub.faults.clear()
            for path, type_, skip in NULLS:
                hub.graphql_faults[:] = [null_at(*path, type=type_, message="Something went wrong.", skip=skip)]
                nothing_else(quick, client, expected, f"{kind}: {type_} at {path}, {skip}")
                cells += 1
            hub.graphql_faults.clear()
            assert seen(quick, client) == dict.fromkeys(NAMES, expected)
    print(f"update: {cells} cells, {len(OPERATIONS)} queries by {len(QUERIES)} faults, and {len(NULLS)} nulls")


def nothing_else(world: World, client: Client, expected: str, case: str) -> None:
    """Look with a fault: each repository has what is decided without, or nothing happens to it."""
    try:
        found = seen(world, client)
    except (Paused, RndError):
        return
    assert set(found.values()) <= {expected, "blocked", "nothing", "wait"}, (case, found)


def test_what_happens_meanwhile(
    quick: World, scenes: dict[str, Scene], local: LocalGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and acting, the repository or its branches change, or another tick comes first."""
    one = quick.fleet.hosting.repository(FIRST)
    branch, main = one.folder / "refs/heads/rnd/template", one.folder / "refs/heads/main"
    mine = scenes["open"].kept[FIRST][2]

    def push() -> None:
        branch.parent.mkdir(exist_ok=True)
        branch.write_text(f"{mine}\n", encoding="utf-8")

    changes: dict[str, Callable[[], object]] = {
        "somebody pushed to the branch": push,
        "somebody pushed to main": lambda: main.write_text(f"{scenes['close'].kept[FIRST][3]}\n", encoding="utf-8"),
    }
    for case, change in changes.items():
        scenes["open"].restore(quick)
        local.meanwhile = change
        assert quick.tick() == 0, case
        assert not quick.pulls(FIRST), case
        assert scenes["open"].is_done(quick, NAMES[1]), case
        assert not branch.exists() or branch.read_text(encoding="utf-8").strip() == mine, case
    two_ticks(quick, scenes["open"], monkeypatch)
    without_template(quick, scenes["merge"], monkeypatch)
    print(f"update: {len(changes) + 2} cells of what happens meanwhile")


def two_ticks(world: World, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second tick, started when the first is about to open a pull request, opens both; there is one of each."""
    scene.restore(world)
    codes: list[int] = []
    whole = Governor.pace

    def pace(self: Governor, method: str, path: str) -> None:
        if method == "POST" and path.endswith(f"/{FIRST}/pulls") and not codes:
            codes.append(9)
            codes[:] = [world.tick()]
        whole(self, method, path)

    with monkeypatch.context() as patch:
        patch.setattr(Governor, "pace", pace)
        assert world.tick() == 0
    assert codes == [0]
    assert [len(world.pulls(name)) for name in NAMES] == [1, 1]
    assert all(scene.is_done(world, name) for name in NAMES)


def without_template(world: World, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs no template happens although it cannot be reached: the other repository is merged."""
    scene.restore(world)
    one = world.fleet.hosting.repository(FIRST)
    one.pulls.clear()
    (one.folder / "refs/heads/rnd/template").unlink()

    def fails(*_: object) -> None:
        raise TemplateUnavailable("The template's server does not answer.")

    monkeypatch.setattr("rnd.fleet.update.mirror.fetch_template", fails)
    assert world.tick() == 1
    assert not world.pulls(FIRST)
    assert scene.is_done(world, NAMES[1])


def test_renamed_meanwhile(quick: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository is renamed before it is fetched, or before its branch is pushed: one pull request, no failure."""
    monkeypatch.setattr(governor, "PAUSE", 0.0)
    quick.fleet.hub.limits = Limits(quick.clock)
    state = quick.fleet.hub.state
    whole = git.signed_in
    for before in ("fetch", "push"):
        name = f"rnd-{before}"
        quick.add(name)
        repository = quick.fleet.hosting.repository(name)

        def rename(folder: Path, token: str | None, server: str, command: str, *rest: str) -> object:
            if command == before and repository.name == name:  # noqa: B023 - it is called in this turn of the loop
                state.rename(repository, f"{name}-new")  # noqa: B023
            return whole(folder, token, server, command, *rest)

        with monkeypatch.context() as patch:
            patch.setattr("rnd.git.signed_in", rename)
            assert quick.tick() == 0
        assert repository.name == f"{name}-new"
        assert len(repository.pulls) == 1
        assert quick.tick() == 0
        assert len(repository.pulls) == 1


@pytest.mark.parametrize("hours", [-26, 26])
def test_wrong_clock(
    quick: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hours: int
) -> None:
    """The hours of rings depend on the clock of this machine, so nothing happens while it is wrong."""
    quick.add(FIRST)
    wrong = partial(Governor, lambda: quick.clock.now() + hours * 3600, quick.clock.sleep)
    with monkeypatch.context() as patch:
        patch.setattr("rnd.fleet.governor.Governor", wrong)
        assert quick.tick() == 1
    assert "[fleet-clock-wrong]" in capsys.readouterr().err
    assert not quick.pulls()
    assert quick.tick() == 0
    assert len(quick.pulls()) == 1


def test_opening_with_conflicts(
    quick: World, scenes: dict[str, Scene], local: LocalGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request with conflicts is a draft from its first moment, and there is one, when its creation fails."""
    assert local.meanwhile is None
    heads = {main: branch for _, _, main, branch in scenes["redraft"].kept.values()}
    files = {"merged": ["notes.txt"], "conflict": ["notes.txt"]}
    monkeypatch.setattr(
        "rnd.fleet.update.workers.run",
        lambda jobs, home: [Rendered(heads[job.main], files) for job in jobs],  # noqa: ARG005
    )
    path = f"/api/v3/repos/{quick.fleet.hosting.owner}/{FIRST}/pulls"
    cells = 0
    for name in ("403 no permission", "403 content block", "502", "cut"):
        for phase in phases("POST", name):
            scenes["open"].restore(quick)
            quick.fleet.hub.calls.clear()
            quick.fleet.hub.faults.append(once("POST", path, REST[name][0](), phase))
            quick.tick()
            assert ("POST", path) in {call[:2] for call in quick.fleet.hub.calls}, (name, phase)
            assert all(pull.draft for pull in quick.pulls()), (name, phase)
            quick.fleet.hub.faults.clear()
            assert quick.tick() == 0
            assert [len(quick.pulls(one)) for one in NAMES] == [1, 1], (name, phase)
            assert all(pull.draft and " conflict -->" in str(pull.body) for pull in quick.pulls()), (name, phase)
            cells += 1
    print(f"update: {cells} cells of opening with conflicts")
