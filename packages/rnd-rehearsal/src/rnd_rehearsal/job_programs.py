"""The programs that stand before those of this machine on the PATH of jobs, and save most of what a job costs.

A job on GitHub makes the environment of the central actions once, and compiles all modules that it imports. act gives
each step's action a folder of its own, so every action of every job would do that. The `uv` of jobs keeps the
environment of an action for the next job that runs the action. Touches two folders.
"""

from __future__ import annotations

import fcntl
import shlex
import shutil
import time
from typing import TYPE_CHECKING

from rnd import process

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 7  # after which an environment is made again: those of earlier versions of the template go
FOLDER = "action-environments"  # in the folder that rehearsals share

# `uv run --active` installs into VIRTUAL_ENV, which uv sets for the command in any case: the command finds nothing that
# it would not find otherwise (https://docs.astral.sh/uv/reference/cli/#uv-run--active). An environment is never shared
# by two actions, by two sets of extras or by two lock files, so an action that names too few extras fails as before.
UV = """\
#!/bin/sh
# Keeps the environment of a central action for the next job that runs the action; one job at a time uses it.
uv={uv}
[ "$1" = run ] && [ -n "$GITHUB_ACTION_PATH" ] || exec "$uv" "$@"
extras= project= previous=
for word in "$@"; do
    case "$previous" in
        --extra | --only-group) extras="$extras-$word" ;;
        --project) project=$word && break ;;
    esac
    previous=$word
done
[ "$project" = "$GITHUB_ACTION_PATH/../.." ] || exec "$uv" "$@"
sum=$(cksum <"$project/uv.lock")
kept="{environments}/${{sum%% *}}/${{GITHUB_ACTION_PATH##*/}}$extras"
mkdir -p "$kept"
number=0
while exec 9>"$kept/$number.lock" && ! flock --nonblock 9; do
    number=$((number + 1))
done
# A job that was killed may have left the environment incomplete.
[ ! -e "$kept/$number.busy" ] || rm -rf "$kept/$number"
: >"$kept/$number.busy"
shift
VIRTUAL_ENV=$kept/$number "$uv" run --active "$@"
code=$?
rm -f "$kept/$number.busy"
exit "$code"
"""

# act asks for the path of node before each action, also where no action is written for node.
NODE = """\
#!/bin/sh
[ "$*" = '--no-warnings -e console.log(process.execPath)' ] || exec {node} "$@"
echo {node}
"""


def prepare(folder: Path, environments: Path, path: str) -> str:
    """Write the programs, remove environments of earlier days, and return the PATH of jobs.

    Args:
        folder: For the programs.
        environments: Where environments are kept, by what they are made from. It can be deleted while no job runs.
        path: The PATH of this machine.
    """
    uv, node = process.find("uv"), process.find("node")
    folder.mkdir(parents=True)
    _remove_old(environments)
    if uv is not None and shutil.which("flock") is not None:
        _write(folder / "uv", UV.format(uv=shlex.quote(uv), environments=environments))
    if node is not None:
        _write(folder / "node", NODE.format(node=shlex.quote(node)))
    return f"{folder}:{path}"


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def _remove_old(environments: Path) -> None:
    """Remove the environments that are old and that no job uses."""
    for lock in environments.glob("*/*/*.lock"):
        kept = lock.with_suffix("")
        if kept.exists() and kept.stat().st_ctime < time.time() - DAYS * 24 * 3600:
            with lock.open("a") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(kept)
