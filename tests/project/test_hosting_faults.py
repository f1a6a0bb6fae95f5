"""The fault matrix: whatever goes wrong with any request of a creation, one more run gives the same repository.

The requests are those that an undisturbed creation was seen to make, those of git included. Each of them in turn is
refused, limited, failed, cut before and after the fake GitHub acted, and the process is killed before and after. A
request that only reads has no after: the fake GitHub does not act. The result of one more run depends on the state
alone, so a state that was completed once is not completed again.

After most transient faults, a creation sends the same request again and goes on as if nothing had happened. One
creation suffers all of these: each request once, and the next request must be the same, with the requests and the
result of an undisturbed creation after it. A request whose fault leads to anything else suffers it in a creation of its
own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
import warnings
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.faults import DROP, refusal
from rnd.errors import RndError
from tests.helpers.creation import Creation, actions, begin, without_ids
from tests.helpers.fault_matrix import CREATION, Part
from tests.helpers.machine import quick_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from werkzeug.wrappers import Request, Response

    from fake_github.faults import Drop, Phase
    from tests.helpers.github import Hosting

OUTCOMES: dict[str, tuple[Response | Drop, Phase]] = {
    "401": (refusal(401, "Bad credentials"), "before"),
    "403": (refusal(403, "Forbidden"), "before"),
    "404": (refusal(404, "Not Found"), "before"),
    "409": (refusal(409, "Conflict"), "before"),
    "422": (refusal(422, "Validation Failed"), "before"),
    "429": (refusal(429, "Too many requests", Retry_After="0"), "before"),
    "403 with Retry-After": (refusal(403, "You have exceeded a secondary rate limit", Retry_After="0"), "before"),
    "500": (refusal(500, "Server Error"), "before"),
    "cut before": (DROP, "before"),
    "cut after": (DROP, "after"),
    "killed before": (DROP, "before"),
    "killed after": (DROP, "after"),
}
# What a creation makes up for by itself, and the requests that it then sends again without looking first. What was just
# created may not be there yet: a 404 is transient then.
TRANSIENT = ("429", "403 with Retry-After", "404", "500", "cut before")
SENT_AGAIN = {"GET", "PUT", "PATCH", "DELETE"}
NAMES = count(1)
POINTS = {"GET": 1, "HEAD": 1}  # any other request costs 5: GitHub's secondary limit, 900 points a minute


@dataclass
class Fault:
    """What goes wrong with the request of a number, from 0.

    Attributes:
        victim: The process to be killed; 0 for none.
    """

    number: int
    outcome: Response | Drop
    phase: Phase
    victim: int = 0
    seen: int = -1
    struck: bool = False

    def __call__(self, _: Request, phase: Phase) -> Response | Drop | None:
        if phase == "before":
            self.seen += 1
        if self.struck or (self.seen, phase) != (self.number, self.phase):
            return None
        self.struck = True
        if self.victim:
            os.kill(self.victim, signal.SIGKILL)
        return self.outcome


@dataclass
class Each:
    """What goes wrong with many requests of one creation: each suffers it once, and must be sent again at once.

    Attributes:
        calls: The requests of an undisturbed creation.
        name: The name of this one's project.
        numbers: The requests that suffer.
        made_up: Those after which the creation went on as if nothing had happened.
        deviated: The one after which it did not; what follows is refused, which ends the creation.
    """

    calls: list[tuple[str, str]]
    name: str
    outcome: Response | Drop
    numbers: set[int]
    made_up: set[int] = field(default_factory=set)
    deviated: int | None = None
    number: int = 0
    struck: int | None = None

    def __call__(self, request: Request, phase: Phase) -> Response | Drop | None:
        if self.deviated is not None:
            return OUTCOMES["401"][0]
        if phase == "before":
            return self.strike((request.method, alike(request.path, self.name)))
        if self.number in self.numbers:
            self.made_up.add(self.number)
        self.number += 1
        return None

    def strike(self, call: tuple[str, str]) -> Response | Drop | None:
        if [call] != self.calls[self.number : self.number + 1]:
            self.deviated = self.struck
            assert self.deviated is not None, f"no creation before sent {call} as number {self.number}"
            return OUTCOMES["401"][0]
        if self.number in self.numbers and self.struck != self.number:
            self.struck = self.number
            return self.outcome
        return None

    def surely_made_up(self) -> set[int]:
        """Return `made_up` without what may not have been sent again: the same request follows in any case."""
        if self.deviated is None:
            return self.made_up
        return {one for one in self.made_up if set(self.calls[one : self.deviated + 1]) != {self.calls[one]}}


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
        here = creation.project.folder / ".git"
        document: dict[str, Any] = {"here": refs(here), "configuration": (here / "config").read_text(encoding="utf-8")}
        if there is not None:
            teams = self.hosting.hub.state.organisation(self.hosting.owner).teams.values()  # type: ignore[union-attr]
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


def alike(path: str, name: str) -> str:
    """Return the path of a request without what differs between projects: the name, and the ids of rulesets."""
    return re.sub(r"/\d+\b", "/ID", path.replace(name, "NAME"))


def refs(folder: Path) -> list[str]:
    """Return the names of the refs in a repository; git would take a process for it."""
    packed = folder / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.exists() else []
    loose = [file.relative_to(folder).as_posix() for file in (folder / "refs").rglob("*") if file.is_file()]
    return sorted({*loose, *(line.split()[1] for line in lines if line[0] not in "#^")})


def run_and_die(creation: Creation, fault: Fault) -> None:
    """Run a creation in a process of its own that the fault kills."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: the child uses none of them
        child = os.fork()
    if child == 0:
        os.read(reading, 1)
        try:
            creation.run()
        finally:
            os._exit(0)
    fault.victim = child
    os.write(writing, b".")
    _, status = os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    assert os.WIFSIGNALED(status)


@pytest.fixture
def sandbox(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    # The fake GitHub speaks http: reading the authorities of the system for each run would take a quarter of its time.
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None)
    with quick_folder("faults") as folder:
        yield Sandbox(hosting, folder)


PARTS = 4


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
    for number, kind in sorted(own):
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
