"""Kills adoptions of a repository with SIGKILL, one after the other, and prints what each left behind as JSON.

A process of its own, without threads, so that it can fork: each adoption starts with everything imported. The whole
process group is killed: git cannot finish what this program started. uv and ruff are replaced, as in `test_branch.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnd import process, uv
from rnd.adopt.answers import derive_answers, settle
from rnd.adopt.branch import make_branch, read_branch
from rnd.adopt.reading import analyse
from rnd.adopt.repository import look
from rnd.project import template
from rnd.project.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterable

DURING = 0.004  # seconds after the start of a program


def adopt(folder: Path, address: str) -> None:
    """Make the branch."""
    there = look(folder, "git@github.com:acme/rnd-template.git")
    found = analyse(there.tree, there.tag, there.branch)
    settle(found, {})
    answers = derive_answers(found, there.tree, {}, ["3.9", "3.11"], folder.name)
    if read_branch(folder, there.commit) is None:
        make_branch(there, found, answers, Template(address, address, "1.0.0"))


def without_uv(folder: Path, *arguments: str, **_: object) -> subprocess.CompletedProcess[str]:
    """Lock nothing, and find nothing."""
    process._log(("uv", *arguments))  # noqa: SLF001
    if arguments[0] == "lock":
        (folder / "uv.lock").write_text("version = 1\n")
    return subprocess.CompletedProcess(arguments, 0, "[]" if "json" in arguments else "", "")


def render_once(rendered: Path) -> None:
    """Render the template the first time, and copy the result each time after that."""
    real = template.render

    def render(source: Template, target: Path, *given: Any, **more: Any) -> None:  # noqa: ANN401
        if not rendered.exists():
            real(source, rendered, *given, **more)
        shutil.copytree(rendered, target)

    template.render = render  # pyrefly: ignore[bad-assignment]


def forked(folder: Path, address: str, place: int | None, *, during: bool = False) -> int:
    """Adopt in a child, and kill its process group when it starts a program; return how many programs it started.

    Args:
        folder: The repository.
        address: The template.
        place: The number of the program; None lets the child end.
        during: Whether the program is started first.
    """
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.setpgid(0, 0)
        started = 0

        def kill(_: Iterable[str]) -> None:
            nonlocal started
            os.write(writing, b".")
            started += 1
            if place is not None and started > place:
                if during:
                    signal.setitimer(signal.ITIMER_REAL, DURING)
                else:
                    os.killpg(0, signal.SIGKILL)

        signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGKILL))
        process._log = kill  # pyrefly: ignore[bad-assignment]  # noqa: SLF001
        adopt(folder, address)
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    started = len(os.read(reading, 1 << 16))
    os.close(reading)
    expected = 0 if place is None else -signal.SIGKILL
    if os.waitstatus_to_exitcode(status) != expected:
        sys.exit(f"the adoption that was to be killed at {place} ended with {status}")
    return started


def state(folder: Path, temporary: Path) -> dict[str, object]:
    """Return what people see of a repository, and the leftovers."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout

    head = git("rev-parse", "HEAD").strip()
    branch = read_branch(folder, head)
    tree = git("rev-parse", f"{branch.commit}^{{tree}}").strip() if branch else None
    return {
        "head": (folder / ".git" / "HEAD").read_text() + head,
        "others": [line for line in git("for-each-ref").splitlines() if "refs/heads/rnd/adopt" not in line],
        "status": git("status", "--porcelain", "--ignored"),
        "worktrees": len(git("worktree", "list").splitlines()),
        "locks": [str(path.relative_to(folder)) for path in (folder / ".git").rglob("*.lock")],
        "temporary": len(list(temporary.iterdir())),
        "tree": tree,
        "commits": git("log", "--format=%s", f"{head}..{branch.commit}").splitlines() if branch else [],
    }


def main(folder: Path, address: str, points: int) -> None:
    """Kill adoptions at some points, half of them while a program runs; after each, adopt again."""
    temporary = Path(os.environ["TMPDIR"])
    uv.attempt = without_uv  # pyrefly: ignore[bad-assignment]
    if not os.environ.get("RND_RENDER_EACH_TIME"):
        render_once(temporary.with_name("rendered"))
    before = state(folder, temporary)
    total = forked(folder, address, None)
    whole = state(folder, temporary)
    results = []
    for number in range(points):
        subprocess.run(["git", "branch", "--quiet", "-D", "rnd/adopt"], cwd=folder, check=True)
        forked(folder, address, round(number * (total - 1) / (points - 1)), during=number % 2 == 1)
        time.sleep(0.01)
        killed = state(folder, temporary)
        forked(folder, address, None)
        results.append({"killed": killed, "again": state(folder, temporary)})
    print(json.dumps({"programs": total, "before": before, "whole": whole, "results": results}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
