"""Steps that fail: each step of a job does its work and then fails, the first time that the job gets there.

So whatever comes after it in the job is not done, and whatever it did is: as hard as a failure can be for the run that
follows. A step that has failed leaves a folder, and passes from then on. Pure, but for looking which there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rnd_rehearsal import workflow_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd_rehearsal.workflow_files import Document

VARIABLE = "RND_REHEARSAL_FAULTS"
# The job's id is part of the name: several jobs run the same central action.
FAIL = """\
if [ -d "${{{variable}}}" ] && mkdir "${{{variable}}}/${{GITHUB_JOB}}.{name}" 2>/dev/null; then
  echo "The rehearsal lets this step fail, once, now that it has done its work."
  exit 1
fi"""
READS = re.compile(r"\b(env|github|inputs|needs|steps|vars)\.")


@dataclass(frozen=True)
class FailingStep:
    """A step that can fail.

    Attributes:
        name: Of the folder that it leaves, after the job's id.
        title: As people read it.
        is_conditional: Whether there are runs in which it does nothing, and so cannot fail.
    """

    name: str
    title: str
    is_conditional: bool


@dataclass(frozen=True)
class StepFaults:
    """Lets every step fail once.

    Attributes:
        folder: Takes what failed steps leave, in a folder for each job that may fail.
        central: How the names of the central actions begin, whose own steps fail, in place of the one that calls them.
        jobs: Patterns of the ids of the jobs whose steps fail.
    """

    folder: Path
    central: str
    jobs: tuple[str, ...] = ("*",)

    def place(self, document: Document, place: str = "") -> Document:
        """Return a workflow, or a composite action, whose steps fail.

        Args:
            document: As it is written.
            place: What names the steps; for an action its name.
        """
        jobs = {
            job: {**written, "steps": self._failing(written["steps"], place)} if "steps" in written else written
            for job, written in document.get("jobs", {}).items()
        }
        runs = document.get("runs", {})
        inner = {**runs, "steps": self._failing(runs["steps"], place)} if "steps" in runs else runs
        return {**document, **({"jobs": jobs} if jobs else {}), **({"runs": inner} if inner else {})}

    def _failing(self, steps: list[Document], place: str) -> list[Document]:
        made: list[Document] = []
        for number, step in enumerate(steps, 1):
            fail = FAIL.format(variable=VARIABLE, name=_name(place, number))
            if step.get("uses", "").startswith(self.central):
                made.append(step)
            elif step.get("shell", "bash") == "bash" and "run" in step:
                made.append({**step, "run": f"{step['run'].rstrip()}\n{fail}"})
            else:  # what is not a script of ours fails by a step of its own, under the same condition
                condition = {"if": step["if"]} if "if" in step else {}
                made += [step, {"name": f"After that: {_title(step)}", **condition, "shell": "bash", "run": fail}]
        return made

    def steps(self, document: Document, actions: dict[str, Document], place: str = "") -> Iterator[FailingStep]:
        """Yield the steps of a job, or of a composite action, and of the central actions that it calls.

        Args:
            document: What holds `steps`.
            actions: The central actions, by their names.
            place: As in `place`.
        """
        for number, step in enumerate(document["steps"], 1):
            uses = step.get("uses", "")
            if uses.startswith(self.central):
                name = uses.removeprefix(self.central).partition("@")[0]
                for inner in self.steps(actions[name]["runs"], actions, name):
                    yield FailingStep(inner.name, inner.title, inner.is_conditional or _is_conditional(step))
            else:
                yield FailingStep(_name(place, number), _title(step), _is_conditional(step))

    def of_job(self, workflow: str, job: str) -> Path:
        """Return the folder that takes what a job's failed steps leave; that of the job that calls, where one does."""
        return self.folder / workflow.rpartition("/")[2] / job

    def count(self) -> int:
        """Return how many steps have failed."""
        return sum(1 for _ in self.folder.glob("*/*/*"))

    def failed(self, workflow: str, job: str) -> set[str]:
        """Return the steps of a job that have failed, each after the id of the job that it stands in."""
        return {path.name for path in self.of_job(workflow, job).glob("*")}


def environment(faults: StepFaults | None, workflow: str, job: str) -> dict[str, str]:
    """Return what a job finds whose steps fail; nothing where none do."""
    if faults is None or not any(fnmatchcase(job, pattern) for pattern in faults.jobs):
        return {}
    folder = faults.of_job(workflow, job)
    folder.mkdir(parents=True, exist_ok=True)
    return {VARIABLE: str(folder)}


def _name(place: str, number: int) -> str:
    return f"{place}{'.' if place else ''}{number}"


def _is_conditional(step: Document) -> bool:
    return bool(READS.search(str(step.get("if", ""))))


def _title(step: Document) -> str:
    return str(step.get("name") or step.get("uses") or step.get("run", "")).partition("\n")[0]


def fail_in_actions(checkout: Path, faults: StepFaults) -> dict[str, str]:
    """Return the central actions of a checkout with steps that fail, by their paths in it."""
    return {
        f"actions/{name}/action.yml": workflow_files.dump(faults.place(action, name))
        for name, action in central_actions(checkout).items()
    }


def central_actions(checkout: Path) -> dict[str, Document]:
    """Return the central actions of a checkout, by their names."""
    files = sorted(checkout.glob("actions/*/action.yml"))
    return {file.parent.name: workflow_files.load(file.read_text(encoding="utf-8")) for file in files}
