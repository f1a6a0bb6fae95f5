"""The workflow in which act runs one job of a workflow. Pure; touches nothing.

A job is run by itself, in a workflow made for it: the job as it is written, what it needs as stubs with the results
and outputs that were, and one job more that tells how it ended. So each job gets a token with its own permissions,
and starts the moment that what it needs is done, as on GitHub.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rnd_rehearsal.workflows import EXPRESSION, needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd_rehearsal.workflow_files import Document
    from rnd_rehearsal.workflows import Result

TELLER = "rehearsal-result"
STUB = {"success": "true", "failure": "false", "cancelled": "false"}


def alone(workflow: Document, job: str, done: Mapping[str, Result], level: int = 0) -> Document:
    """Return the workflow that runs one job by itself.

    Args:
        workflow: As it is written.
        job: The job's id.
        done: How the jobs ended that it needs.
        level: How many workflows are above it that call each other.
    """
    jobs: Document = {}
    for name in needs(workflow["jobs"][job]):
        outputs = {key: _literal(value) for key, value in done[name].outputs.items()}
        skipped = {"if": False} if done[name].verdict == "skipped" else {}
        steps = [{"run": STUB.get(done[name].verdict, "true")}]
        jobs[name] = {"runs-on": "self-hosted", **skipped, "outputs": outputs, "steps": steps}
    jobs[job] = _with_cancelled(workflow["jobs"][job], {name: done[name] for name in needs(workflow["jobs"][job])})
    reporter = {"name": TELLER, "run": "true", "env": {"RESULT": "${{ toJSON(needs) }}"}}
    reporter["run"] = 'printf \'result<<end-of-result\\n%s\\nend-of-result\\n\' "$RESULT" >> "$GITHUB_OUTPUT"'
    tell: Document = {"if": "always()", "needs": [job], "runs-on": "self-hosted"}
    jobs[teller(level)] = {**tell, "steps": [{"id": TELLER, **reporter}]}
    return {**{key: value for key, value in workflow.items() if key != "concurrency"}, "jobs": jobs}


def _with_cancelled(job: Document, done: Mapping[str, Result]) -> Document:
    """Return a job whose expressions see that a job was cancelled; no stub in act can end like that."""
    cancelled = [name for name, result in done.items() if result.verdict == "cancelled"]
    if not cancelled:
        return job
    known = {r"toJSON\(\s*needs\s*\)": "'{}'".format(_json(done).replace("'", "''"))}
    known |= {rf"\bneeds\.{re.escape(name)}\.result\b": "'cancelled'" for name in cancelled}

    def known_in(expression: str) -> str:
        for pattern, literal in known.items():
            expression = literal.join(re.split(pattern, expression))
        return expression

    def walk(value: Any, *, bare: bool = False) -> Any:  # noqa: ANN401 - a part of a document
        if isinstance(value, dict):
            return {key: walk(one, bare=key == "if") for key, one in value.items()}
        if isinstance(value, list):
            return [walk(one) for one in value]
        if not isinstance(value, str):
            return value
        return known_in(value) if bare else EXPRESSION.sub(lambda match: "${{" + known_in(match[1]) + "}}", value)

    return dict(walk(job))


def _json(done: Mapping[str, Result]) -> str:
    """Return the context `needs` as JSON that no `}}` ends early."""

    def text(value: str) -> str:
        return json.dumps(value).replace("}", r"\u007d")

    found = []
    for name, result in done.items():
        outputs = ", ".join(f"{text(key)}: {text(value)}" for key, value in result.outputs.items())
        found.append(f'{text(name)}: {{"result": {text(result.verdict)}, "outputs": {{{outputs}}} }}')
    return f"{{{', '.join(found)} }}"


def teller(level: int) -> str:
    """Return the id of the job that tells how the job of a level has ended."""
    return f"{TELLER}-{level}"


def _literal(value: str) -> str:
    """Return an output in words that no expression is found in."""
    return value.replace("${{", "${{ '${{' }}")
