"""Workflow files and action files: read, written, and made ready for this machine. Pure; touches nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Document = dict[str, Any]

OUTSIDE = "jobs ran on this machine itself, not in their containers; --containers runs them there"


class Loader(yaml.CSafeLoader):
    """Reads YAML as GitHub does: `on` is a word, not a truth value."""


class Dumper(yaml.CSafeDumper):
    """Writes YAML that the same reading understands."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - yaml's signature
        """Write everything out: not every reader of workflows knows anchors."""
        return True


Loader.yaml_implicit_resolvers = {  # pyrefly: ignore[instance-var-assign]  # it is of the class
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))


def load(text: str) -> Document:
    """Read a workflow or an action."""
    document = yaml.load(text, Loader)  # noqa: S506 - a safe loader
    return document if isinstance(document, dict) else {}


def dump(document: Document) -> str:
    """Write a workflow."""
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, width=1000)


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - a string or a list
    """Return what YAML lets be one or several as a list."""
    return value if isinstance(value, list) else [value]


def fit(
    document: Document, *, volumes: Sequence[str] | None, left_out: Mapping[str, str], own: tuple[str, str] = ("", "")
) -> tuple[Document, list[str]]:
    """Return a workflow as this machine can run it, and what that leaves out, in sentences.

    Args:
        document: As it is written.
        volumes: What each job's `container` has besides its own; None where no container can be had.
        left_out: Actions of whose steps only the name is kept, each by the end of its name, with the reason.
        own: The repository and the commit that `$/` means, which act does not know:
            https://github.blog/changelog/2026-07-30-reference-same-repository-actions-with-self-repository-syntax/
    """
    fitted, said = yaml.load(dump(document), Loader), []  # noqa: S506 - a copy, by a safe loader
    for name, job in fitted.get("jobs", {}).items():
        if "container" in job and volumes is None:
            del job["container"]
            said.append(OUTSIDE)
        elif "container" in job:
            written = job["container"]
            wanted = {"image": written} if isinstance(written, str) else written
            job["container"] = {**wanted, "volumes": [*wanted.get("volumes", ()), *(volumes or ())]}
        for number, step in enumerate(job.get("steps", [])):
            if step.get("uses", "").startswith("$/"):
                step["uses"] = f"{own[0]}/{step['uses'].removeprefix('$/')}@{own[1]}"
            action = step.get("uses", "").partition("@")[0]
            reason = next((why for end, why in left_out.items() if action.endswith(end)), None)
            if reason is not None:
                kept = {key: value for key, value in step.items() if key in {"name", "id", "if"}}
                job["steps"][number] = {**kept, "run": f"echo {reason!r}"}
                said.append(f"job {name} left out {action}: {reason}")
    return fitted, said


def labels_of(document: Document) -> set[str]:
    """Return the labels of the machines that a workflow's jobs ask for."""
    asked = [job["runs-on"] for job in document.get("jobs", {}).values() if "runs-on" in job]
    groups = [one.get("labels", []) if isinstance(one, dict) else one for one in asked]
    return {str(label) for group in groups for label in as_list(group)}


def steps_of(document: Document) -> Iterator[Document]:
    """Yield every step of a workflow, or of a composite action."""
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", [])
    yield from document.get("runs", {}).get("steps", [])


def actions_of(document: Document) -> set[str]:
    """Return the actions of other repositories that a workflow or an action uses, each as `owner/name/path@ref`."""
    return {step["uses"] for step in steps_of(document) if not step.get("uses", "./").startswith(("./", "docker:"))}
