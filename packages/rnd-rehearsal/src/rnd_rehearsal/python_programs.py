"""Runs programs written in Python as processes of their own, without the start of Python: see `fork_server`.

Such a process has what a started one has: its arguments, environment, folder and streams, the default handling of
signals, a process group of its own. It ends with this process at the latest. Of the variables that Python itself reads,
only PYTHONPATH is the program's own.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rnd import process
from rnd_rehearsal import fork_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.process import Completed

LIFELINE = "lifeline"


@dataclass(frozen=True)
class Python:
    """Runs programs written in Python.

    Attributes:
        forks: Whether they are forked; otherwise Python starts for each of them.
    """

    forks: bool = True

    def run(self, *arguments: str, cwd: Path | str | None = None, extra: Mapping[str, str | None] | None = None) -> str:
        """Run a program that must succeed, and return its standard output, as `rnd.process.run` does.

        Args:
            arguments: Those of Python, such as `-m`, `rnd`, `--help`.
            cwd: The folder to run in; defaults to the current one.
            extra: Variables to set for the program; None removes a variable.

        Raises:
            CommandFailed: Its exit code is not 0.
            DiskFull: It reported that no space is left.
        """
        ended = self.attempt(*arguments, cwd=cwd, extra=extra)
        if ended.returncode != 0:
            raise process.failure(ended, *ended.args)
        return ended.stdout

    def attempt(
        self, *arguments: str, cwd: Path | str | None = None, extra: Mapping[str, str | None] | None = None
    ) -> Completed:
        """Run a program and return the result, for any exit code, as `rnd.process.attempt` does."""
        if not self.forks:
            return process.attempt(sys.executable, *arguments, cwd=cwd, extra=extra)
        return completed(*arguments, cwd=cwd, env=process.environment(extra))


def completed(*arguments: str, cwd: Path | str | None = None, env: Mapping[str, str] | None = None) -> Completed:
    """Run a program and return the result, for any exit code, as `subprocess.run` does.

    Args:
        arguments: Those of Python.
        cwd: The folder to run in; defaults to the current one.
        env: Its environment; defaults to that of this process.
    """
    with ExitStack() as stack:
        said, complained = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        with Program(*arguments, cwd=cwd, env=env, stdout=said.fileno(), stderr=complained.fileno()) as program:
            code = program.wait()
        texts = []
        for file in (said, complained):
            file.seek(0)
            texts.append(file.read().decode(errors="replace").replace("\r\n", "\n"))
    return subprocess.CompletedProcess((sys.executable, *arguments), code, *texts)


class Program:
    """A program that has been started, and is killed at the end of the context if it still runs.

    Args:
        arguments: Those of Python.
        cwd: The folder to run in; defaults to the current one.
        env: Its environment; defaults to that of this process.
        stdin: The descriptor of a file or a pipe for its standard input, which is empty by default.
        stdout: The same for its standard output, to which it appends; it goes nowhere by default.
        stderr: The same for its standard error.

    Attributes:
        pid: Its process id, which is also that of its process group.
        returncode: Its exit code, negative if a signal has ended it; None before `wait` has returned.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path | str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> None:
        self.returncode: int | None = None
        self._read = b""
        self._server = server()
        nowhere = os.open(os.devnull, os.O_RDWR)
        streams = [nowhere if descriptor is None else descriptor for descriptor in (stdin, stdout, stderr)]
        folder = str(Path(cwd or "").absolute())
        given = {
            "arguments": arguments,
            "folder": folder,
            "variables": dict(os.environ if env is None else env),
            "streams": streams,
        }
        self._pipe = self._server.ask(given)
        self.pid = self._line()
        os.close(nowhere)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.returncode is None:
            self.send_signal(signal.SIGKILL)
            self.wait()

    def wait(self) -> int:
        """Wait until it has ended, and return its exit code."""
        if self.returncode is None:
            self.returncode = self._line()
            os.close(self._pipe)
        return self.returncode

    def poll(self) -> int | None:
        """Return its exit code, or None if it still runs."""
        ready = self.returncode is None and select.select([self._pipe, self._server.process], [], [], 0)[0]
        return self.wait() if ready else self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, but not to others of its group."""
        os.kill(self.pid, number)

    def _line(self) -> int:
        """Return the number in the next line of the server's answer."""
        poll = select.poll()
        for descriptor in (self._pipe, self._server.process):
            poll.register(descriptor, select.POLLIN)
        while b"\n" not in self._read:
            ready = {descriptor for descriptor, _ in poll.poll()}
            read = os.read(self._pipe, 64) if self._pipe in ready else b""
            if not read:
                raise RuntimeError("The process that programs are forked from has ended.")
            self._read += read
        line, _, self._read = self._read.partition(b"\n")
        return int(line)


@cache
def server() -> Server:
    """Return the server of this process, which is started when it is needed first, and ends with this process."""
    started = Server()
    atexit.register(started.close)
    return started


class Server:
    """A process that forks for each program.

    Attributes:
        place: The folder where it is asked.
        pid: Its process id.
        process: A descriptor of it.
    """

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="rnd-python-"))
        self._numbers = itertools.count()
        os.mkfifo(self.place / LIFELINE)
        self._lifeline = os.open(self.place / LIFELINE, os.O_RDWR)  # closed when this process ends
        argv = (sys.executable, fork_server.__file__, str(self.place), str(self.place / LIFELINE))
        process.run(*argv, extra={"PYTHONPATH": None})
        self.pid = int((self.place / fork_server.PROCESS).read_text(encoding="utf-8"))
        self.process = os.pidfd_open(self.pid)

    def ask(self, given: Mapping[str, object]) -> int:
        """Ask for a program, and return the pipe that the answer comes from."""
        pipe = self.place / f"{os.getpid()}.{next(self._numbers)}"
        os.mkfifo(pipe)
        reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # before the server writes
        Path(f"{pipe}{fork_server.GIVEN}").write_text(json.dumps(given), encoding="utf-8")
        requests = os.open(self.place / fork_server.REQUESTS, os.O_WRONLY | os.O_NONBLOCK)  # fails if nobody reads
        os.write(requests, f"{pipe.name}\n".encode())
        os.close(requests)
        return reading

    def close(self) -> None:
        """End it."""
        os.close(self._lifeline)
        select.select([self.process], [], [])
        shutil.rmtree(self.place, ignore_errors=True)
