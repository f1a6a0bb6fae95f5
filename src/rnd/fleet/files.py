"""Read the workflows of repositories. Equal files have equal object IDs, so each is read only once. Read-only."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from rnd.errors import RndError
from rnd.fleet.checks import UNKNOWN
from rnd.fleet.facts import called_at
from rnd.fleet.queries import files_query
from rnd.github.errors import QueryTooHeavy, SignInNeeded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.fleet.nodes import Nodes
    from rnd.fleet.reading import Reader

    Node = Mapping[str, Any]
    File = tuple[str, str]  # the ID of a repository that has it, and its object ID

BATCH = 100  # files
# The workflows that the template renders.
WORKFLOWS = (
    "build_and_push_docker_image.yml",
    "on_pr.yml",
    "on_push_main.yml",
    "push_python_package.yml",
    "python_lint_and_test.yml",
)


def read_workflows(reader: Reader, nodes: Nodes, template: str) -> dict[str, str]:
    """Return for each repository the ref at which its workflows call the shared actions.

    Args:
        reader: Sends the queries.
        nodes: The repositories.
        template: Owner and name of the template's repository.
    """
    files = {
        key: None if "workflows" in nodes.failed[key] else _workflow_files(node)
        for key, node in nodes.repositories.items()
    }
    homes: dict[str, str] = {}
    for key, oids in files.items():
        for oid in oids or ():
            homes.setdefault(oid, key)
    wanted = sorted((key, oid) for oid, key in homes.items())
    texts = reader.in_batches(wanted, BATCH, lambda batch: _texts(reader, batch))
    return {
        key: UNKNOWN if oids is None else called_at([texts.get(oid) for oid in oids], template)
        for key, oids in files.items()
    }


def _workflow_files(node: Node) -> list[str]:
    """Return the object IDs of the template's workflows in a repository."""
    return [one["oid"] for one in (node.get("workflows") or {}).get("entries") or () if one["name"] in WORKFLOWS]


def _texts(reader: Reader, batch: Sequence[File]) -> dict[str, str | None]:
    """Return the text of files by object ID; None for one that is not readable."""
    groups = [(key, [oid for _, oid in found]) for key, found in groupby(batch, key=lambda file: file[0])]
    variables: dict[str, object] = {f"id{number}": key for number, (key, _) in enumerate(groups)}
    for number, (_, oids) in enumerate(groups):
        variables |= {f"oid{number}_{place}": oid for place, oid in enumerate(oids)}
    try:
        answer = reader.ask(files_query([len(oids) for _, oids in groups]), variables)
    except (SignInNeeded, QueryTooHeavy):
        raise
    except RndError:
        return dict.fromkeys((oid for _, oid in batch), None)
    found: dict[str, str | None] = dict.fromkeys((oid for _, oid in batch), None)
    for number in range(len(groups)):
        for blob in (answer.data.get(f"repository{number}") or {}).values():
            if blob and blob.get("text") is not None and not blob["isTruncated"]:
                found[blob["oid"]] = blob["text"]
    return found
