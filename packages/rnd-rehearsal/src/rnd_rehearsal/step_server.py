"""Runs the `rnd` of steps: a process that has imported what they need, and forks for each of them.

Half of what a rehearsal costs would be starts of Python that import the same modules. Each step still has a process,
arguments, an environment, a folder and files of its own, and runs the script that it names. It finds nothing imported
that an earlier step of the same action, extras and code has not imported.

The `uv` of jobs starts it, in the environment of an action: see `job_programs`. Standard library only. Its arguments
are the folder where it is asked, a pipe that is open while the rehearsal goes on, and the script.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import runpy
import select
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

REQUESTS, PROCESS = "requests", "process"
OF_UV = ("UV", "UV_RUN_RECURSION_DEPTH")  # what `uv run` sets for a command, besides VIRTUAL_ENV and PATH
APPEND = os.O_WRONLY | os.O_APPEND
# The descriptors at which a client keeps its streams, and how a step opens them.
STREAMS = (("stdin", 3, os.O_RDONLY), ("stdout", 4, APPEND), ("stderr", 5, APPEND))
SIGNALLED = 128  # and the number of the signal: a shell's exit code of what was killed


@dataclass
class Step:
    """A step that runs.

    Attributes:
        process: Its process id.
        client: That of the program that waits for it; the step ends when that one does.
        reply: The pipe that the client reads the exit code from.
        code: The exit code; None before.
    """

    process: int
    client: int
    reply: int
    code: int | None = None


class Server:
    """Forks for each request until the rehearsal ends.

    Args:
        place: The folder where it is asked.
        lifeline: Closed at the other end when the rehearsal ends.
        script: What steps run.
    """

    def __init__(self, place: Path, lifeline: int, script: str) -> None:
        self._place = place
        self._script = script
        self._given = {name: os.environ[name] for name in OF_UV if name in os.environ}
        self._lifeline = lifeline
        os.mkfifo(place / REQUESTS)
        self._requests = os.open(place / REQUESTS, os.O_RDWR)  # a writer of its own keeps it open
        self._read = b""
        self._steps: dict[int, Step] = {}  # each by a descriptor of its process
        self._clients: dict[int, Step] = {}
        self._poll = select.poll()
        self._poll.register(self._requests, select.POLLIN)
        self._poll.register(self._lifeline, 0)  # its end is reported in any case

    def serve(self) -> None:
        """Answer requests, each the process id of a client in a line, until the rehearsal ends."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._lifeline:
                    for step in self._steps.values():
                        end(step)
                    return
                self._handle(descriptor)

    def _handle(self, descriptor: int) -> None:
        if descriptor == self._requests:
            *lines, self._read = (self._read + os.read(descriptor, 4096)).split(b"\n")
            for line in lines:
                self._begin(int(line))
        elif descriptor in self._steps:
            self._answer(self._forget(descriptor, self._steps))
        elif descriptor in self._clients:
            self._leave(self._forget(descriptor, self._clients))

    def _begin(self, client: int) -> None:
        try:
            watched = os.pidfd_open(client)
        except ProcessLookupError:  # it was killed
            return
        reply = os.open(self._place / str(client), os.O_RDWR)
        process = os.fork()
        if process == 0:
            self._become(client)
        step = Step(process, client, reply)
        self._watch(os.pidfd_open(process), self._steps, step)
        self._watch(watched, self._clients, step)

    def _watch(self, descriptor: int, group: dict[int, Step], step: Step) -> None:
        group[descriptor] = step
        self._poll.register(descriptor, select.POLLIN)

    def _forget(self, descriptor: int, group: dict[int, Step]) -> Step:
        self._poll.unregister(descriptor)
        os.close(descriptor)
        return group.pop(descriptor)

    def _answer(self, step: Step) -> None:
        """Tell a client how its step ended, and import what the step has imported."""
        code = os.waitstatus_to_exitcode(os.waitpid(step.process, 0)[1])
        step.code = code if code >= 0 else SIGNALLED - code
        if step in self._clients.values():
            os.write(step.reply, f"{step.code}\n".encode())
        report = self._report(step.client)
        if report.exists():
            for name in report.read_text(encoding="utf-8").split():
                with suppress(ImportError):
                    importlib.import_module(name)
            report.unlink()
            gc.freeze()

    def _leave(self, step: Step) -> None:
        """End the step of a client that is gone, if the step still runs: its job was ended."""
        if step.code is None:
            end(step)
        os.close(step.reply)
        (self._place / str(step.client)).unlink()

    def _report(self, client: int) -> Path:
        return self._place / f"{client}.modules"

    def _become(self, client: int) -> NoReturn:
        """Be the step of a client, and end."""
        code: int | str | None = 1
        before = set(sys.modules)
        try:
            os.setpgid(0, 0)  # so that what it starts ends with it
            self._take(Path("/proc", str(client)))
            runpy.run_path(self._script, run_name="__main__")
            code = 0
        except SystemExit as ended:
            code = ended.code
        except BaseException:  # noqa: BLE001 - as Python itself ends
            traceback.print_exc()
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
        self._report(client).write_text("\n".join(set(sys.modules) - before), encoding="utf-8")
        # The end of Python without its destruction of all modules.
        threading._shutdown()  # noqa: SLF001  # pyrefly: ignore[missing-attribute]
        atexit._run_exitfuncs()  # noqa: SLF001
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))

    def _take(self, client: Path) -> None:
        """Take over the files, folder, environment and arguments of a process."""
        for number, (name, kept, mode) in enumerate(STREAMS):
            opened = os.open(client / "fd" / str(kept), mode)
            os.dup2(opened, number)
            os.close(opened)
            setattr(sys, name, stream(number, getattr(sys, name)))
        os.chdir(client / "cwd")
        variables = (one.partition(b"=") for one in (client / "environ").read_bytes().split(b"\0") if one)
        os.environ.clear()
        os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, _, value in variables})
        os.environ.update(self._given | {"VIRTUAL_ENV": sys.prefix})
        os.environ["PATH"] = f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}"
        words = [os.fsdecode(word) for word in (client / "cmdline").read_bytes().split(b"\0")[:-1]]
        script = next(number for number, word in enumerate(words) if Path(word).name == Path(self._script).name)
        sys.argv = words[script:]


def stream(number: int, before: TextIO) -> TextIO:
    """Return a text stream like the one before, which knows what its file could do, a pipe or not."""
    how = (before.encoding, before.errors)
    if number == 0:
        return io.TextIOWrapper(os.fdopen(number, "rb", closefd=False), *how)
    return io.TextIOWrapper(os.fdopen(number, "wb", closefd=False), *how, line_buffering=number == 2)


def end(step: Step) -> None:
    """End a step, and all that it started."""
    for kill in (os.killpg, os.kill):  # it may not have a group yet
        with suppress(ProcessLookupError):
            kill(step.process, signal.SIGKILL)


def main(place: Path, lifeline: str, script: str) -> None:
    """Serve in a process of its own; the one that was started ends when requests can be made."""
    ready, told = os.pipe()
    if os.fork():
        os.close(told)
        sys.exit(int(os.read(ready, 1) != b"+"))
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_of_rehearsal = os.open(lifeline, os.O_RDONLY | os.O_NONBLOCK)
    (place / PROCESS).write_text(str(os.getpid()), encoding="utf-8")
    sys.path.insert(0, str(Path(script).parent.parent / "src"))
    server = Server(place, end_of_rehearsal, script)
    os.write(told, b"+")
    os.close(told)
    os.chdir("/")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    server.serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
