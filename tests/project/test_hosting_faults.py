"""The fault matrix: whatever goes wrong with any request of a creation, one more run gives the same repository.

The requests are those that an undisturbed creation was seen to make, those of git included. Each of them in turn is
refused, limited, failed, cut before and after the fake GitHub acted, and the process is killed before and after. A
request that only reads has no after: the fake GitHub does not act. The result of one more run depends on the state
alone, so a state that was completed once is not completed again.

After most transient faults, a creation sends the same request again and goes on as if nothing had happened. One
creation suffers all of these: each request once, and the next request must be the same, with the requests and the
result of an undisturbed creation after it. A request whose fault leads to anything else suffers it in a creation of its
own.

Most other faults end a creation at once. One creation finds out which do, at each of its requests, and what is there
at that moment (see `Probe`). Only what no run has completed before then has a creation of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from rnd.errors import RndError
from tests.helpers.creation import Creation, actions, begin, without_ids
from tests.helpers.creation_faults import OUTCOMES, SENT_AGAIN, TRANSIENT, Each, Fault, Probe, alike, run_and_die
from tests.helpers.direct import connect_directly
from tests.helpers.fault_matrix import CREATION, Part
from tests.helpers.memory import quick_folder
from tests.helpers.pages import read_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.helpers.github import Hosting

NAMES = count(1)
POINTS = {"GET": 1, "HEAD": 1}  # any other request costs 5: GitHub's secondary limit, 900 points a minute


@dataclass
class Sandbox:
    """A fake GitHub, and projects on their way to it.

    Attributes:
        hosting: The fake GitHub.
        folder: For the projects.
        completed: The worlds from which one more run is known to give the same repository.
        suffered: How many faults have struck, and been made up for.
        runs: How many runs it took.
    """

    hosting: Hosting
    folder: Path
    origin: Creation = field(init=False)
    calls: list[tuple[str, str, int]] = field(init=False)
    undisturbed: str = field(init=False)
    expected: str = field(init=False)
    completed: set[str] = field(default_factory=set)
    suffered: int = 0
    runs: int = 0

    def __post_init__(self) -> None:
        with self.hosting.client as client:  # which the preflight of every creation probes
            client.send(lambda kit: kit.rest.repos.create_in_org(self.hosting.owner, name="a-first", private=True))
        self.origin = begin(self.hosting, self.folder / "origin")
        shutil.rmtree(self.origin.project.folder / ".git" / "hooks")
        undisturbed = self.begin()
        self.hosting.hub.calls.clear()
        undisturbed.run()
        self.undisturbed = undisturbed.project.name
        self.calls = list(self.hosting.hub.calls)
        self.expected = self.whole(undisturbed)
        self.completed.add(self.seen(undisturbed))

    def begin(self) -> Creation:
        """Return a project that is nowhere but here; all have one and the same first commit."""
        name = f"demo{next(NAMES)}"
        folder = self.folder / name
        shutil.copytree(self.origin.project.folder, folder)
        return replace(self.origin, project=replace(self.origin.project, folder=folder, name=name))

    def seen(self, creation: Creation) -> str:
        """Return everything that the next run could see, without the project's name."""
        there = creation.there()
        document: dict[str, Any] = here(creation)
        if there is not None:
            teams = self.hosting.hub.state.organisation(self.hosting.owner).teams.values()  # pyrefly: ignore[missing-attribute]
            document |= {
                "refs": refs(there.folder),
                "settings": there.settings,
                "default": there.default_branch,
                "topics": there.topics,
                "rulesets": [without_ids(one) for one in there.rulesets.values()],
                "environments": [without_ids(one) for one in there.environments.values()],
                "actions": actions(there),
                "teams": [team.repositories.get(there.full_name) for team in teams],
                "pulls": [(one.number, one.state, one.title) for one in there.pulls.values()],
            }
        return self.anonymous(creation, document)

    def whole(self, creation: Creation) -> str:
        """Return everything that a creation leaves, without the project's name."""
        return self.anonymous(creation, creation.state())

    def anonymous(self, creation: Creation, document: object) -> str:
        text = json.dumps(document, sort_keys=True, default=str).replace(creation.project.name, "NAME")
        return re.sub(r"\b[0-9a-f]{32}\b", "IDENTIFIER", text)  # of a repository that is being set up

    def suffer(self, number: int, kind: str) -> None:
        """Let a fault happen, and see to it that one more run gives the same repository, and one after it nothing."""
        creation, fault = self.begin(), Fault(number, *OUTCOMES[kind])
        self.hosting.hub.faults.append(fault)
        try:
            if kind.startswith("killed"):
                run_and_die(creation, fault)
            else:
                with suppress(RndError):
                    creation.run()
        finally:
            self.hosting.hub.faults.clear()
        self.runs += 1
        assert fault.struck
        world = self.seen(creation)
        if world not in self.completed:
            creation.run()
            self.runs += 1
            assert self.whole(creation) == self.expected, f"{kind} at {self.calls[number]}"
            assert [outcome.result for outcome in creation.run()] == ["done"]
            self.completed.add(world)
        self.suffered += 1
        shutil.rmtree(creation.project.folder)

    def probe(self, cases: set[tuple[int, str]]) -> set[tuple[int, str]]:
        """Return the cases that need a creation of their own: all others leave what a run has completed."""
        creation = self.begin()
        asked = {case for case in cases if self.calls[case[0]][1].startswith("/api/")}
        wanted = {number: [kind for one, kind in sorted(asked) if one == number] for number, _ in asked}
        probe = Probe(
            creation,
            partial(self.seen, creation),
            partial(here, creation),
            {number: [kind for kind in kinds if not kind.startswith("killed")] for number, kinds in wanted.items()},
        )
        self.hosting.hub.faults.append(probe)
        try:
            probe.run()
        finally:
            self.hosting.hub.faults.clear()
        self.runs += 1
        assert probe.number == len(self.calls) - 1
        assert self.whole(creation) == self.expected
        shutil.rmtree(creation.project.folder)
        # A process that is killed leaves what is there, and so does one that ends.
        ends = probe.ended | {case for case in asked if case[1].startswith("killed")}
        alone = set(cases)
        for number, kind in sorted(ends):
            world = probe.worlds[number, OUTCOMES[kind][1]]
            if world not in self.completed:
                self.suffer(number, kind)
                assert world in self.completed, f"{kind} at {self.calls[number]} left something else"
            else:
                self.suffered += 1
            alone.remove((number, kind))
        return alone

    def suffer_together(self, kind: str, numbers: set[int]) -> set[int]:
        """Let a fault happen to many requests of one creation, and return those that need one of their own."""
        left, alone = set(numbers), set[int]()
        while left:
            creation = self.begin()
            calls = [(method, alike(path, self.undisturbed)) for method, path, _ in self.calls]
            fault = Each(calls, creation.project.name, OUTCOMES[kind][0], left - alone)
            self.hosting.hub.faults.append(fault)
            try:
                creation.run()
            except RndError:
                fault.deviated = fault.struck
            finally:
                self.hosting.hub.faults.clear()
            self.runs += 1
            if fault.number < len(calls):
                fault.deviated = fault.struck
            left -= fault.surely_made_up()
            if fault.deviated is None:
                assert left == set()
                assert self.whole(creation) == self.expected, f"{kind} at each of {sorted(fault.made_up)}"
            else:
                left.discard(fault.deviated)
                alone.add(fault.deviated)
            shutil.rmtree(creation.project.folder)
        self.suffered += len(numbers - alone)
        return alone


def here(creation: Creation) -> dict[str, Any]:
    """Return what a creation changes on this machine."""
    folder = creation.project.folder / ".git"
    return {"here": refs(folder), "configuration": (folder / "config").read_text(encoding="utf-8")}


def refs(folder: Path) -> list[str]:
    """Return the names of the refs in a repository; git would take a process for it."""
    packed = folder / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.exists() else []
    loose = [file.relative_to(folder).as_posix() for file in (folder / "refs").rglob("*") if file.is_file()]
    return sorted({*loose, *(line.split()[1] for line in lines if line[0] not in "#^")})


@pytest.fixture
def sandbox(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    # The fake GitHub speaks http: reading the authorities of the system for each run would take a quarter of its time.
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
    connect_directly(hosting.hub, monkeypatch)
    with quick_folder("faults") as folder:
        yield Sandbox(hosting, folder)


PARTS = 1


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_one_more_run_gives_the_same_repository(
    sandbox: Sandbox, part: int, record_property: Callable[[str, object], None]
) -> None:
    before = processor_time()
    cases = [(number, kind) for number, call in enumerate(sandbox.calls) for kind in OUTCOMES if acts(call, kind)]
    own = {(number, kind) for number, kind in cases if number % PARTS == part}
    for kind in TRANSIENT:
        many = {number for number, one in own if one == kind and is_sent_again(sandbox.calls[number])}
        own -= {(number, kind) for number in many - sandbox.suffer_together(kind, many)}
    for number, kind in sorted(sandbox.probe(own)):
        sandbox.suffer(number, kind)
    size = {"requests": len(sandbox.calls), "faults": len(OUTCOMES), "whole": len(cases)}
    done = {"cases": sandbox.suffered, "worlds": len(sandbox.completed), "runs": sandbox.runs}
    record_property(*Part(PARTS, **size, **done, seconds=processor_time() - before).record())


def processor_time() -> float:
    """Return the seconds that this process and its children have taken of a processor."""
    return sum(os.times()[:4])


def is_sent_again(call: tuple[str, str, int]) -> bool:
    """Say whether a creation sends a request again as it is; git begins from the start."""
    return call[0] in SENT_AGAIN and call[1].startswith("/api/")


def acts(call: tuple[str, str, int], kind: str) -> bool:
    """Say whether a fault is another one than that before the fake GitHub acted."""
    return not kind.endswith("after") or call[0] != "GET"


def test_fifty_creations_fit_into_an_hour_of_githubs_limits(
    sandbox: Sandbox, record_property: Callable[[str, object], None]
) -> None:
    """5,000 requests an hour; 900 points a minute; 80 requests that create content a minute, 500 an hour.

    See docs.github.com, "Rate limits for the REST API". What git sends is not counted there, and is counted here.
    """
    methods = [method for method, _, _ in sandbox.calls]
    points = sum(POINTS.get(method, 5) for method in methods)
    creating = methods.count("POST")
    record_property(CREATION, f"{len(methods)} requests, {points} points, {creating} that create")
    assert 50 * len(methods) <= 5000
    assert 50 * creating <= 500
    assert points <= 900 * 60 // 50
    assert creating <= 80
    page = " ".join(read_page("docs/how-to/repository-on-github.md").split())
    assert f"takes {len(methods)} requests, those of git included: {points} of the 900 points" in page
    assert f"for fifty creations in an hour {50 * len(methods):,} of 5,000 requests" in page
