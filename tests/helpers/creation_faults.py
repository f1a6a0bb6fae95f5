"""What goes wrong with the requests of a creation: faults of the fake GitHub, and of a copy of the process.

A creation that a fault ends at once has left what was there at that request. So one creation shows it for many faults:
at each request, a copy of the process meets the fault, and whether it ends without another request is all that is
looked for. What goes on instead, or leaves a world that no run has completed, needs a creation of its own.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from fake_github.faults import DROP, Drop, refusal
from rnd.errors import RndError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request, Response

    from fake_github.faults import Phase
    from tests.helpers.creation import Creation

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
ENDED, WENT_ON = 10, 11  # how a copy of the process exits
# A world at a request, before or after the fake GitHub acted.
Worlds = dict[tuple[int, str], str]


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
class Probe:
    """An undisturbed creation, at whose requests copies of its process meet faults.

    Attributes:
        creation: The creation.
        seen: Returns everything that the next run could see.
        here: Returns the part of it that is on this machine.
        wanted: The faults to meet, by the number of the request.
        worlds: What was there at each request.
        ended: The cases in which the copy ended with an error, without another request, program or change here.
    """

    creation: Creation
    seen: Callable[[], str]
    here: Callable[[], object]
    wanted: Mapping[int, list[str]]
    worlds: Worlds = field(default_factory=dict)
    ended: set[tuple[int, str]] = field(default_factory=set)
    number: int = -1
    _before: object = None
    _is_copy: bool = False

    def __call__(self, request: Request, phase: Phase) -> None:
        """Look at the world, as a fault of the fake GitHub that does nothing."""
        del request
        self.number += phase == "before"
        self.worlds[self.number, phase] = self.seen()

    def run(self) -> None:
        """Run the creation to its end."""
        send, start = httpx.HTTPTransport.handle_request, subprocess.Popen.__init__

        def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            self._leave_copy(WENT_ON)
            number = self.number + 1
            kinds = self.wanted.get(number, [])
            for kind in (one for one in kinds if OUTCOMES[one][1] == "before"):
                if self._branches(number, kind):
                    return answer(OUTCOMES[kind][0], request)
            response = send(transport, request)
            for kind in (one for one in kinds if OUTCOMES[one][1] == "after"):
                if self._branches(number, kind):
                    return answer(OUTCOMES[kind][0], request)
            return response

        def begin(*arguments: Any, **options: Any) -> None:  # noqa: ANN401 - those of Popen
            self._leave_copy(WENT_ON)
            start(*arguments, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(httpx.HTTPTransport, "handle_request", handle)
            patch.setattr(subprocess.Popen, "__init__", begin)
            try:
                self.creation.run()
            except RndError:
                self._leave_copy(ENDED if self.here() == self._before else WENT_ON)
                raise
            finally:
                self._leave_copy(WENT_ON)

    def _branches(self, number: int, kind: str) -> bool:
        """Start a copy of the process, and wait until it ends; return whether this is the copy."""
        self._before = self.here()
        child = fork()
        if child == 0:
            self._is_copy = True
            return True
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in {ENDED, WENT_ON}
        if code == ENDED:
            self.ended.add((number, kind))
        return False

    def _leave_copy(self, code: int) -> None:
        """End this process if it is a copy."""
        if self._is_copy:
            os._exit(code)


def answer(outcome: Response | Drop, request: httpx.Request) -> httpx.Response:
    """Return an outcome as a client gets it from the fake GitHub.

    Raises:
        httpx.RemoteProtocolError: The connection is cut.
    """
    if isinstance(outcome, Drop):
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    return httpx.Response(
        outcome.status_code, headers=list(outcome.headers), content=outcome.get_data(), request=request
    )


def fork() -> int:
    """Return the id of a copy of this process, and 0 in the copy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: the copy uses none of them
        return os.fork()


def run_and_die(creation: Creation, fault: Fault) -> None:
    """Run a creation in a process of its own that the fault kills."""
    reading, writing = os.pipe()
    child = fork()
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


def alike(path: str, name: str) -> str:
    """Return the path of a request without what differs between projects: the name, and the ids of rulesets."""
    return re.sub(r"/\d+\b", "/ID", path.replace(name, "NAME"))
