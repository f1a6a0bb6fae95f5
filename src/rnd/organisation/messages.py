"""Explain what is invalid in org.yml: line, key, problem, expected value. No side effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import yaml
from pydantic import BaseModel

from rnd.organisation.model import Organisation

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


# Keys of earlier versions, with what to do instead.
REPLACED = {
    "aws.publishing_role": "was replaced by aws.entry_role and aws.broker: docs/how-to/set-up-the-pipeline.md",
}


def line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the 1-based line of the key at a location, or of the nearest enclosing key that exists."""
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def explain(fault: ErrorDetails) -> str:
    """Return a message with the problem and the expected value of a key."""
    location = fault["loc"]
    key = ".".join(str(part) for part in location if part != "[key]") or "the file"
    model, meaning = _field(location)
    match fault["type"]:
        case "missing":
            return f"{key} is missing; expected: {meaning}"
        case "extra_forbidden" if key in REPLACED:
            return f"{key} {REPLACED[key]}"
        case "extra_forbidden":
            return f"{key} is not a key of org.yml; known keys here: {', '.join(model.model_fields)}"
        case "value_error":
            return f"{key}: {fault['ctx']['error']}"
        case "string_pattern_mismatch":
            wrong = "invalid format"
        case _:
            wrong = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{key} is {fault['input']!r}: {wrong}; expected: {meaning}"


def _field(location: tuple[int | str, ...]) -> tuple[type[BaseModel], str]:
    """Return the model at a location, and the description of its last key."""
    model: type[BaseModel] = Organisation
    meaning = "keys and values, as in the installed org.yml"
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:
            meaning = field.description or meaning
            inner = (field.annotation, *get_args(field.annotation))
            model = next((part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)), model)
    return model, meaning
