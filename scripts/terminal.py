"""A person at a terminal, for the picture and for the tests of what the documentation shows."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pexpect
import pyte

from rnd import process

if TYPE_CHECKING:
    from collections.abc import Generator

PROMPT = "~ $ "


@dataclass
class Recording:
    """What a terminal was sent, and when, in seconds from the start."""

    sent: list[tuple[float, str]] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)

    def write(self, text: str) -> None:
        """Take down what was sent, as the log of pexpect."""
        self.sent.append((time.monotonic() - self.start, text))

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def screen(self, rows: int, columns: int) -> list[str]:
        """Return the lines that the terminal shows at the end, without the empty ones after them."""
        screen = pyte.Screen(columns, rows)
        stream = pyte.Stream(screen)
        for _, text in self.sent:
            stream.feed(text)
        return "\n".join(line.rstrip() for line in screen.display).rstrip().splitlines()


@contextmanager
def shell_at_home(rows: int, columns: int) -> Generator[tuple[pexpect.spawn[str], Recording]]:
    """Yield a shell in a home of its own, in which git knows Ada Lovelace, and what its terminal is sent."""
    with TemporaryDirectory() as folder:
        home, programs = Path(folder) / "home", Path(folder) / "bin"
        home.mkdir()
        programs.mkdir()
        (home / ".gitconfig").write_text("[user]\n\tname = Ada Lovelace\n\temail = ada@example.com\n", encoding="utf-8")
        (programs / "rnd").symlink_to(Path(sys.executable).with_name("rnd"))
        (programs / "uv").symlink_to(process.find("uv") or "uv")
        shell = pexpect.spawn(
            shutil.which("bash") or "bash",
            ["--noprofile", "--norc", "-i"],
            cwd=home,
            dimensions=(rows, columns),
            encoding="utf-8",
            env=_environment(home, programs),
            timeout=120,
        )
        shell.logfile_read = recording = Recording()
        try:
            shell.expect_exact(PROMPT)
            yield shell, recording
        finally:
            shell.close(force=True)


def _environment(home: Path, programs: Path) -> dict[str, str]:
    """Return this process's variables, with neutral places first and uv's own as they are."""
    own = process.environment()
    return own | {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join((str(programs), "/usr/local/bin", "/usr/bin", "/bin", own.get("PATH", ""))),
        "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody answers where the cursor is
        "PS1": PROMPT,
        "TERM": "xterm-256color",
        "UV_CACHE_DIR": process.run("uv", "cache", "dir").strip(),
        "UV_PYTHON_INSTALL_DIR": process.run("uv", "python", "dir").strip(),
    }
