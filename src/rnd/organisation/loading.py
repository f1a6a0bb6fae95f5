"""Load and validate org.yml. Reads that file only."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from rnd import bounded_yaml
from rnd.errors import OrganisationInvalid
from rnd.organisation.messages import explain, line_of
from rnd.organisation.model import Organisation

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIPPED = Path(__file__).with_name("org.yml")


def load_organisation(path: Path = SHIPPED) -> Organisation:
    """Read and validate an organisation file.

    Args:
        path: The file; defaults to the one that is installed with this program.

    Raises:
        OrganisationInvalid: The file is not valid. The message has one line per problem: line number, key, problem and
            expected value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OrganisationInvalid(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OrganisationInvalid(f"{path}: not valid UTF-8 at byte {error.start}.") from error
    return _parse(path, text).model_copy(deep=True)


@lru_cache(maxsize=16)
def _parse(path: Path, text: str) -> Organisation:
    """Return what a text says; a caller gets a copy, since lists in it could be changed."""
    try:
        bounded_yaml.check_depth(text)
        root = yaml.compose(text, Loader=bounded_yaml.LOADER)
        data = yaml.load(text, Loader=bounded_yaml.LOADER)  # noqa: S506 - a safe loader
        twice = list(_repeated_keys(root))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OrganisationInvalid(f"{path}:{line}: not valid YAML: {error.problem}.") from error
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise OrganisationInvalid(f"{path}: not valid YAML: {error}.") from error
    if twice:
        raise OrganisationInvalid("\n".join(f"{path}:{line}: duplicate key {key}" for line, key in twice))
    try:
        return Organisation.model_validate(data)
    except ValidationError as error:
        faults = sorted({(line_of(root, fault["loc"]), explain(fault)) for fault in error.errors()})
        raise OrganisationInvalid("\n".join(f"{path}:{line}: {fault}" for line, fault in faults)) from error


def _repeated_keys(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Yield line and name of each duplicate key; YAML forbids duplicates, but PyYAML accepts them."""
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            yield key.start_mark.line + 1, key.value
        seen.add(key.value)
        yield from _repeated_keys(value)
