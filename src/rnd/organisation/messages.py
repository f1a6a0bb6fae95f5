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
    "aws.codeartifact": "was replaced by the key package_index, with provider: codeartifact and the same values",
    "aws.ecr_registry": "was replaced by the key image_registry, with provider: ecr, and this value as its address",
    "aws.base_image": "was moved to the key image_registry",
    "aws.publishing_role": "was replaced by aws.entry_role and aws.broker: docs/how-to/set-up-the-pipeline.md",
}


def line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """Return the 1-based line of the key at a location, or of the nearest enclosing key that exists."""
    line = node.start_mark.line + 1 if node else 1
    for part in _keys(location):
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
    key = ".".join(str(part) for part in _keys(location) if part != "[key]") or "the file"
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
        case "union_tag_invalid":
            return f"{key}.provider is {fault['ctx']['tag']!r}; expected: one of {fault['ctx']['expected_tags']}"
        case "union_tag_not_found":
            return f"{key}.provider is missing; expected: one of {', '.join(_providers(location))}"
        case "string_pattern_mismatch":
            wrong = "invalid format"
        case _:
            wrong = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{key} is {fault['input']!r}: {wrong}; expected: {meaning}"


def _keys(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return the keys of a location: below a section with providers, pydantic adds the name of the provider."""
    return (location[0], *location[2:]) if location and _providers(location[:1]) else location


def _providers(location: tuple[int | str, ...]) -> dict[str, type[BaseModel]]:
    """Return the models of a top-level section by the names of their providers; none for other sections."""
    field = Organisation.model_fields.get(str(location[0]))
    if field is None or field.discriminator is None:
        return {}
    return {get_args(one.model_fields["provider"].annotation)[0]: one for one in get_args(field.annotation)}


def _field(location: tuple[int | str, ...]) -> tuple[type[BaseModel], str]:
    """Return the model at a location, and the description of its last key."""
    model: type[BaseModel] = Organisation
    meaning = "keys and values, as in the installed org.yml"
    providers = _providers(location[:1]) if location else {}
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:
            meaning = field.description or meaning
            inner = (field.annotation, *get_args(field.annotation))
            model = next((part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)), model)
        model = providers.get(str(part), model)
    return model, meaning
