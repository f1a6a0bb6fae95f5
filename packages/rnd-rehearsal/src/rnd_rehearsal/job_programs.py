"""The programs that stand before those of this machine on the PATH of jobs, and save most of what a job costs.

A job on GitHub makes the environment of the central actions once, and compiles all modules that it imports. act gives
each step's action a folder of its own, so every action of every job would do that. The `uv` of jobs keeps the
environment of an action for the next job that runs the action, and a process that has imported the modules. Touches two
folders.
"""

from __future__ import annotations

import fcntl
import os
import select
import shlex
import shutil
import time
from contextlib import contextmanager, suppress
from textwrap import indent
from typing import TYPE_CHECKING

from rnd import process
from rnd_rehearsal import fork_server, python_programs

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

DAYS = 7  # after which an environment is made again: those of earlier versions of the template go
FOLDER = "action-environments"  # in the folder that rehearsals share
STEPS, LIFELINE = "steps", "lifeline"  # in the folder of the programs
PATIENCE = 60  # seconds in which a process ends that was asked to

# Asks the process in the folder `server` for a program with the arguments of this shell, and ends as that one does.
ASK = f"""\
exec 3<&0 4>&1 5>&2 # which the next lines, unlike 0 to 2, do not replace for a moment
mkfifo "$server/$$"
exec 6<>"$server/$$"
echo $$ >"$server/{fork_server.REQUESTS}"
{{ read -r process && read -r ended; }} <&6
[ "$ended" -ge 0 ] || ended=$((128 - ended)) # of what a signal ended: as a shell says it
exit "$ended"
"""

# `uv run --active` installs into VIRTUAL_ENV, which uv sets for the command in any case: the command finds nothing that
# it would not find otherwise (https://docs.astral.sh/uv/reference/cli/#uv-run--active). An environment is never shared
# by two actions, by two sets of extras or by two lock files, so an action that names too few extras fails as before.
UV = """\
#!/bin/sh
# Keeps the environment of a central action for the next job that runs the action. One job at a time uses it; while a
# rehearsal goes on, a process that has imported what the action needs forks for each of the rehearsal's jobs.
uv={uv}
[ "$1" = run ] && [ -n "$GITHUB_ACTION_PATH" ] || exec "$uv" "$@"
shift
extras= project= previous= options=
for word in "$@"; do
    case "$previous" in
        --extra | --only-group) extras="$extras-$word" ;;
        --project) project=$word && break ;;
    esac
    previous=$word
    options="$options $word" # words without spaces
done
[ "$project" = "$GITHUB_ACTION_PATH/../.." ] || exec "$uv" run "$@"
action=${{GITHUB_ACTION_PATH##*/}}

take_environment() {{
    sum=$(cksum <"$project/uv.lock")
    kept="{environments}/${{sum%% *}}/$action$extras"
    mkdir -p "$kept"
    number=0
    while exec 9>"$kept/$number.lock" && ! flock --nonblock 9; do
        number=$((number + 1))
    done
    # A job that was killed may have left the environment incomplete.
    [ ! -e "$kept/$number.busy" ] || rm -rf "$kept/$number"
    : >"$kept/$number.busy"
}}

code=
case "$*" in
    *" python -I "*/scripts/run_rnd.py*) [ ! -p {lifeline} ] || code=$(cd "$project/scripts" && pwd -P) ;;
esac
if [ -n "$code" ]; then
    from=${{code%/scripts}}
    server={steps}/${{from##*/}}/$action$extras
    if [ ! -p "$server/{requests}" ]; then
        mkdir -p "$server"
        exec 8>"$server/lock"
        flock 8
        if [ ! -p "$server/{requests}" ]; then
            take_environment
            # The process keeps the lock of the environment.
            VIRTUAL_ENV=$kept/$number "$uv" run --active $options "$project" \\
                python -I {server} "$server" {lifeline} "$code/run_rnd.py" 8>&- || exit
            rm -f "$kept/$number.busy"
            exec 9>&-
        fi
        exec 8>&-
    fi
{ask}fi
take_environment
VIRTUAL_ENV=$kept/$number "$uv" run --active "$@"
ended=$?
rm -f "$kept/$number.busy"
exit "$ended"
"""

# What runs the fakes of actions: Python, without its start.
PYTHON = """\
#!/bin/sh
server={server}
{ask}"""
PYTHON_NAME = "rehearsal-python"  # not one that is looked for on PATH

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
    folder.mkdir(parents=True, exist_ok=True)
    _remove_old(environments)
    if uv is not None and shutil.which("flock") is not None:
        places = {"steps": folder / STEPS, "lifeline": folder / STEPS / LIFELINE, "server": fork_server.__file__}
        quoted = {name: shlex.quote(str(place)) for name, place in places.items()}
        quoted |= {"uv": shlex.quote(uv), "ask": indent(ASK, "    ")}
        _write(folder / "uv", UV.format(environments=environments, requests=fork_server.REQUESTS, **quoted))
    if node is not None:
        _write(folder / "node", NODE.format(node=shlex.quote(node)))
    server = shlex.quote(str(python_programs.server().place))
    _write(folder / PYTHON_NAME, PYTHON.format(server=server, ask=ASK))
    return f"{folder}:{path}"


@contextmanager
def kept_processes(folder: Path) -> Generator[None]:
    """Let steps be forked from processes that have imported what they need, and end these processes at the end.

    Args:
        folder: That of the programs.
    """
    steps = folder / STEPS
    steps.mkdir(parents=True)
    os.mkfifo(steps / LIFELINE)
    lifeline = os.open(steps / LIFELINE, os.O_RDWR)
    try:
        yield
    finally:
        os.close(lifeline)
        for file in steps.glob(f"*/*/{fork_server.PROCESS}"):
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(int(file.read_text(encoding="utf-8")))
                select.select([descriptor], [], [], PATIENCE)
                os.close(descriptor)


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
