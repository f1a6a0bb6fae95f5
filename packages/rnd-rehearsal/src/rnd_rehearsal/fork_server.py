"""Runs programs written in Python: a process that has imported what they need, and forks for each of them.

Most of what a short program costs is the start of Python, which imports the same modules each time. Each program still
has a process, arguments, an environment, a folder and streams of its own. It finds nothing imported that an earlier
program of the same server has not imported.

A client asks with a line: the name of a pipe in the server's folder, which begins with the client's process id. It
reads two lines from the pipe: the process id of the program, and its exit code. The program ends with its client.
`python_programs` writes what it wants to a file beside the pipe. A shell, for a step of a job or a fake of an action,
has the arguments of Python: the server finds them in `/proc`, with the environment, the folder and the streams.

A server of steps runs one script, in the environment of an action. The others share only modules in Python's own
folders, so that each program reads the code of its checkout.

Standard library only. Arguments: the folder where it is asked, a pipe open while it is, and for steps a script.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import itertools
import json
import os
import runpy
import select
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

REQUESTS, PROCESS = "requests", "process"
GIVEN, MODULES = ".json", ".modules"  # what a client has written beside its pipe, and what a program has imported
OF_UV = ("UV", "UV_RUN_RECURSION_DEPTH")  # what `uv run` sets for a command, besides VIRTUAL_ENV and PATH
APPEND = os.O_WRONLY | os.O_APPEND
STREAMS = (("stdin", os.O_RDONLY), ("stdout", APPEND), ("stderr", APPEND))  # and how a program opens them
OF_SHELL = (3, 4, 5)  # the descriptors at which the shell of a step keeps its streams


@dataclass
class Program:
    """What a fork becomes.

    Attributes:
        arguments: Those of Python: a script, or `-m` and a module, or `-c` and code, and what follows; `-I` before,
            and `-S`, which has no effect: what is installed can be imported.
        folder: Where it runs.
        variables: Its environment.
        streams: The descriptors at which its client keeps its streams.
    """

    arguments: list[str]
    folder: str
    variables: dict[str, str]
    streams: tuple[int, ...]


@dataclass(frozen=True)
class Running:
    """A program that runs.

    Attributes:
        process: Its process id.
        client: The name of its client's pipe.
        reply: The pipe that the client reads.
        seen: A descriptor of its process, and one of its client's.
    """

    process: int
    client: str
    reply: int
    seen: tuple[int, int]


class Server:
    """Forks for each request until no more can come.

    Args:
        place: The folder where it is asked.
        lifeline: Closed at the other end when no more requests come.
        script: What steps run; None where programs are not steps.
    """

    def __init__(self, place: Path, lifeline: int, script: str | None) -> None:
        self._place = place
        self._script = script
        self._lifeline = lifeline
        self._own = {name: os.environ[name] for name in OF_UV if name in os.environ}
        os.mkfifo(place / REQUESTS)
        self._requests = os.open(place / REQUESTS, os.O_RDWR)  # a writer of its own keeps it open
        self._read = b""
        self._programs: dict[int, Running] = {}  # each by the descriptor of its process
        self._clients: dict[int, Running] = {}  # each by the descriptor of its client's
        self._poll = select.poll()
        self._poll.register(self._requests, select.POLLIN)
        self._poll.register(self._lifeline, 0)  # its end is reported in any case

    def serve(self) -> None:
        """Answer requests until no more can come."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._lifeline:
                    for running in self._programs.values():
                        end(running)
                    return
                self._handle(descriptor)

    def _handle(self, descriptor: int) -> None:
        if descriptor == self._requests:
            *lines, self._read = (self._read + os.read(descriptor, 4096)).split(b"\n")
            for line in lines:
                self._begin(line.decode())
        elif descriptor in self._programs:
            self._answer(self._programs[descriptor])
        elif descriptor in self._clients:  # it is gone; the program's own end follows
            end(self._clients[descriptor])
            self._forget(descriptor, self._clients)

    def _begin(self, client: str) -> None:
        try:
            watched = os.pidfd_open(int(client.partition(".")[0]))
            given = self._given(client)
            opened = open_streams(Path("/proc", client.partition(".")[0], "fd"), given.streams)
        except (ProcessLookupError, FileNotFoundError):  # it was killed
            return
        reply = os.open(self._place / client, os.O_RDWR)
        process = os.fork()
        if process == 0:
            try:
                self._become(client, given, opened)
            finally:
                os._exit(1)  # whatever happens, it is not a second server
        for descriptor in opened:
            os.close(descriptor)
        os.write(reply, f"{process}\n".encode())
        running = Running(process, client, reply, (os.pidfd_open(process), watched))
        for descriptor, group in zip(running.seen, (self._programs, self._clients), strict=True):
            group[descriptor] = running
            self._poll.register(descriptor, select.POLLIN)

    def _forget(self, descriptor: int, group: dict[int, Running]) -> None:
        if group.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)
            os.close(descriptor)

    def _answer(self, running: Running) -> None:
        """Tell a client how its program ended, and import what the program has imported."""
        code = os.waitstatus_to_exitcode(os.waitpid(running.process, 0)[1])
        for descriptor, group in zip(running.seen, (self._programs, self._clients), strict=True):
            self._forget(descriptor, group)
        os.write(running.reply, f"{code}\n".encode())
        os.close(running.reply)
        (self._place / running.client).unlink(missing_ok=True)
        report = self._place / f"{running.client}{MODULES}"
        if report.exists():
            for name in report.read_text(encoding="utf-8").split():
                with suppress(ImportError):
                    importlib.import_module(name)
            report.unlink()
            gc.freeze()

    def _become(self, client: str, given: Program, opened: list[int]) -> NoReturn:
        """Be the program of a client, and end."""
        code: int | str | None = 1
        before = set(sys.modules)
        try:
            os.setpgid(0, 0)  # so that what it starts ends with it
            take_streams(opened)
            run(given)
            code = 0
        except SystemExit as ended:
            code = ended.code
        except KeyboardInterrupt:
            traceback.print_exc()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        except BaseException:  # noqa: BLE001 - as Python itself ends
            traceback.print_exc()
        if isinstance(code, str):
            sys.stderr.write(f"{code}\n")
        shared = [name for name in set(sys.modules) - before if self._script is not None or is_installed(name)]
        (self._place / f"{client}{MODULES}").write_text("\n".join(shared), encoding="utf-8")
        # The end of Python without its destruction of all modules.
        threading._shutdown()  # noqa: SLF001  # pyrefly: ignore[missing-attribute]
        atexit._run_exitfuncs()  # noqa: SLF001
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))

    def _given(self, client: str) -> Program:
        """Return what a client asks for."""
        written = self._place / f"{client}{GIVEN}"
        if written.exists():
            given = json.loads(written.read_text(encoding="utf-8"))
            written.unlink()  # it may have secrets
            return Program(**given)
        shell = Path("/proc", client)
        words = [os.fsdecode(word) for word in (shell / "cmdline").read_bytes().split(b"\0")[:-1]]
        read = (one.partition(b"=") for one in (shell / "environ").read_bytes().split(b"\0") if one)
        variables = {os.fsdecode(name): os.fsdecode(value) for name, _, value in read}
        if self._script is None:
            return Program(words[2:], str(shell / "cwd"), variables, OF_SHELL)
        script = next(number for number, word in enumerate(words) if Path(word).name == Path(self._script).name)
        variables |= self._own | {"VIRTUAL_ENV": sys.prefix}
        variables["PATH"] = f"{sys.prefix}/bin{os.pathsep}{variables['PATH']}"
        return Program([self._script, *words[script + 1 :]], str(shell / "cwd"), variables, OF_SHELL)


def open_streams(client: Path, kept: tuple[int, ...]) -> list[int]:
    """Open the streams of a program, whose client can close its own ones then."""
    return [os.open(client / str(number), mode) for (_, mode), number in zip(STREAMS, kept, strict=True)]


def take_streams(opened: list[int]) -> None:
    """Make what was opened the streams of this process."""
    for number, ((name, _), descriptor) in enumerate(zip(STREAMS, opened, strict=True)):
        os.dup2(descriptor, number)
        os.close(descriptor)
        setattr(sys, name, stream(number, getattr(sys, name)))


def run(program: Program) -> None:
    """Run a program in this process, as a start of Python would."""
    os.chdir(program.folder)
    os.environ.clear()
    os.environ.update(program.variables)
    look_again()
    kind, *arguments = itertools.dropwhile(lambda word: word in ("-I", "-S"), program.arguments)
    if not sys.flags.isolated and program.arguments[0] != "-I":
        named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        sys.path[:0] = ["" if kind == "-c" else str(Path.cwd()), *filter(None, named)]
    if kind == "-m":
        sys.argv = arguments
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.argv = ["-c", *arguments[1:]]
        exec(arguments[0], {"__name__": "__main__", "__builtins__": __builtins__})  # noqa: S102 - the client's own
    else:
        sys.argv = [kind, *arguments]
        runpy.run_path(kind, run_name="__main__")


def look_again() -> None:
    """Let modules that were imported see this program's environment and folder: they looked at the server's."""
    time.tzset()
    if plumbum := sys.modules.get("plumbum.machines.local"):  # copier's
        plumbum.LocalMachine.env = plumbum.LocalEnv()


def is_installed(name: str) -> bool:
    """Return whether a module is Python's own or one of the packages that are installed for it."""
    file = getattr(sys.modules[name], "__file__", None)
    return file is not None and file.startswith((sys.prefix, sys.base_prefix)) and name != "__main__"


def stream(number: int, before: TextIO) -> TextIO:
    """Return a text stream like the one before, which knows what its file could do, a pipe or not."""
    file = os.fdopen(number, "wb" if number else "rb", closefd=False)
    return io.TextIOWrapper(file, before.encoding, before.errors, line_buffering=number == 2)


def end(running: Running) -> None:
    """End a program, and all that it started."""
    for kill in (os.killpg, os.kill):  # it may not have a group yet
        with suppress(ProcessLookupError):
            kill(running.process, signal.SIGKILL)


def main(place: Path, lifeline: str, script: str | None = None) -> None:
    """Serve in a process of its own; the one that was started ends when requests can be made."""
    ready, told = os.pipe()
    if os.fork():
        os.close(told)
        sys.exit(int(os.read(ready, 1) != b"+"))
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    no_more = os.open(lifeline, os.O_RDONLY | os.O_NONBLOCK)
    (place / PROCESS).write_text(str(os.getpid()), encoding="utf-8")
    if not sys.flags.isolated:
        del sys.path[0]  # the folder of this file
    if script is not None:
        sys.path.insert(0, str(Path(script).parent.parent / "src"))
    server = Server(place, no_more, script)
    os.write(told, b"+")
    os.close(told)
    os.chdir("/")
    take_streams([os.open(os.devnull, os.O_RDWR) for _ in STREAMS])
    server.serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
