"""Read jobs from a file in GitHub's format. Invalid rows are reported with their line.

The fields are those of a job in GitHub's REST API, "List jobs for a workflow run":
https://docs.github.com/en/rest/actions/workflow-jobs. The file contains rows one after another, in lists, or in any
number of the API's pages (`{"total_count": …, "jobs": […]}`), as `gh api --paginate` writes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rnd.runners.errors import JobListInvalid
from rnd.runners.simulation.load import Job

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from rnd.organisation import RunnerClass

FAULTS_SHOWN = 20
BLANK = " \t\r\n"
# Labels that GitHub gives to every self-hosted runner, in addition to those of its class.
DEFAULT_LABELS = {"self-hosted", "linux", "x64"}


class Row(NamedTuple):
    """A job that ran, its requested labels in lower case, and its actual wait in seconds."""

    job: Job
    labels: frozenset[str]
    waited: float


@dataclass(frozen=True)
class JobList:
    """The jobs of a file.

    Attributes:
        rows: The jobs that ran, in the order in which they were queued.
        unfinished: Number of jobs that are still queued or running.
        skipped: Number of jobs that never ran.
    """

    rows: tuple[Row, ...]
    unfinished: int
    skipped: int

    def by_class(self, classes: Mapping[str, RunnerClass]) -> dict[str, list[Row]]:
        """Return the rows by class of machines. A job goes to the first class that has all of its labels."""
        found: dict[str, list[Row]] = {name: [] for name in classes}
        for row in self.rows:
            for name, wanted in classes.items():
                offered = {label.lower() for label in wanted.labels}
                if row.labels & offered and row.labels <= offered | DEFAULT_LABELS:
                    found[name].append(row)
                    break
        return found


def read_job_list(path: Path) -> JobList:
    """Read a file of jobs.

    Raises:
        JobListInvalid: The file cannot be read, contains no job that ran, or contains invalid rows; each is listed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise JobListInvalid(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise JobListInvalid(f"{path}: not UTF-8 text, from byte {error.start} on.") from error
    rows: list[Row] = []
    faults: list[str] = []
    counts = {"unfinished": 0, "skipped": 0}
    for place, value in _values(text, path):
        try:
            row = _read_row(value)
        except ValueError as error:
            faults.append(f"{path}:{_line(text, place)}: {error}")
            continue
        if isinstance(row, str):
            counts[row] += 1
        else:
            rows.append(row)
    if faults:
        more = [f"… and {len(faults) - FAULTS_SHOWN} more"] if len(faults) > FAULTS_SHOWN else []
        raise JobListInvalid("\n".join([*faults[:FAULTS_SHOWN], *more]))
    if not rows:
        raise JobListInvalid(f"{path} contains no completed job.")
    return JobList(tuple(sorted(rows, key=lambda row: row.job.created)), **counts)


def _values(text: str, path: Path) -> Iterator[tuple[int, Any]]:
    """Yield each row with its offset in the text, from lists, pages or the top level."""
    decoder = json.JSONDecoder()
    place = _skip(text, 0)
    try:
        while place < len(text):
            if text[place] == "[":
                place = yield from _items(decoder, text, place)
            else:
                value, after = decoder.raw_decode(text, place)
                if isinstance(value, dict) and isinstance(value.get("jobs"), list):
                    yield from _page(decoder, text, place)
                else:
                    yield place, value
                place = after
            place = _skip(text, place)
    except json.JSONDecodeError as error:
        raise JobListInvalid(f"{path}:{error.lineno}: not valid JSON: {error.msg}.") from error
    except RecursionError as error:
        raise JobListInvalid(f"{path}: the JSON is nested too deeply.") from error
    except ValueError as error:  # an integer with thousands of digits
        raise JobListInvalid(f"{path}: not valid JSON: {error}.") from error


def _items(decoder: json.JSONDecoder, text: str, place: int) -> Generator[tuple[int, Any], None, int]:
    """Yield the items of the list at an offset, and return the offset after it."""
    place = _skip(text, place + 1)
    while text[place : place + 1] != "]":
        value, after = decoder.raw_decode(text, place)
        yield place, value
        place = _skip(text, after)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
        elif text[place : place + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, place)
    return place + 1


def _page(decoder: json.JSONDecoder, text: str, place: int) -> Iterator[tuple[int, Any]]:
    """Yield the rows of the page at an offset, which is known to be valid JSON."""
    place = _skip(text, place + 1)
    while True:
        key, place = decoder.raw_decode(text, place)
        place = _skip(text, _skip(text, place) + 1)  # after the colon
        if key == "jobs":
            yield from _items(decoder, text, place)
            return
        _, place = decoder.raw_decode(text, place)
        place = _skip(text, _skip(text, place) + 1)  # after the comma


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in BLANK:
        place += 1
    return place


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _read_row(value: object) -> Row | str:
    """Return a row, or "unfinished" or "skipped" for a job that never occupied a machine to its end.

    Raises:
        ValueError: The row is invalid.
    """
    if not isinstance(value, dict):
        raise ValueError(f"a job is an object, not {json.dumps(value)[:40]}")
    created = _moment(value, "created_at")
    labels = value.get("labels")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ValueError('labels must be a list of text, such as ["self-hosted", "research"]')
    if value.get("completed_at") is None:
        return "unfinished"
    if value.get("conclusion") == "skipped" or not value.get("runner_id", True):
        return "skipped"  # by a condition, or cancelled while it waited for a runner
    started, completed = _moment(value, "started_at"), _moment(value, "completed_at")
    if started < created and value.get("run_attempt", 1) > 1:
        return "skipped"  # only other jobs were re-run; this result is from a previous attempt
    if not created <= started <= completed:
        raise ValueError(
            f"a job is created, started, completed in this order, not "
            f"{value['created_at']}, {value['started_at']}, {value['completed_at']}"
        )
    job = Job(created, completed - started)
    return Row(job, frozenset(label.lower() for label in labels), started - created)


def _moment(value: Mapping[str, Any], key: str) -> float:
    said = value.get(key)
    example = "such as 2026-11-02T09:00:00Z"
    if not isinstance(said, str):
        raise ValueError(f"{key} is missing; expected a time, {example}" if said is None else _no(key, said))
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise ValueError(_no(key, said)) from None
    if moment.tzinfo is None:
        raise ValueError(f"{key} is {said}, without a time zone; expected a time {example}")
    return moment.timestamp()


def _no(key: str, said: object) -> str:
    return f"{key} is {json.dumps(said)[:40]}; expected a time, such as 2026-11-02T09:00:00Z"
