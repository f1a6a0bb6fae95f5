"""Says quickly that a document fits GitHub's description; what it does not accept is left to the exact validator.

The description is OpenAPI 3.0, whose schemas differ a little from JSON schemas. They are translated, and never to
something that accepts more: https://spec.openapis.org/oas/v3.0.3.html#schema-object
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jsonschema.exceptions import FormatError
from jsonschema_rs import Draft4, Draft4Validator, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema import FormatChecker

RANGES = {"int32": 31, "int64": 63}  # bits
NAMED = {"properties", "schemas", "paths", "x-webhooks"}  # what is below has names, not keywords
NEVER: dict[str, Any] = {"not": {}}


class QuickValidation:
    """The description of an API, and quick checks against it.

    Args:
        name: The URI of the description.
        description: The description.
        formats: The formats that the exact validator knows.
    """

    def __init__(self, name: str, description: dict[str, Any], formats: FormatChecker) -> None:
        self._name = name
        self._formats: dict[str, Callable[..., bool]] = {
            one: partial(_conforms, formats, one) for one in formats.checkers
        }
        self._registry = Registry([(name, _translate(description, set(self._formats)))], draft=Draft4)
        self._validators: dict[str, Callable[[object], bool]] = {}

    def accepts(self, pointer: str, document: object) -> bool:
        """Return whether a document fits the schema at a JSON pointer; false where that is not certain."""
        check = self._validators.get(pointer)
        if check is None:
            validator = Draft4Validator(
                {"$ref": f"{self._name}#{pointer}"},
                formats=self._formats,
                validate_formats=True,
                registry=self._registry,
            )
            check = self._validators[pointer] = validator.is_valid
        try:
            return check(document)
        except (TypeError, ValueError, OverflowError):  # no JSON: such as a number that is too large for it
            return False


def _conforms(formats: FormatChecker, name: str, text: str) -> bool:
    try:
        formats.check(text, name)
    except FormatError:
        return False
    return True


def _translate(node: Any, formats: set[str]) -> Any:  # noqa: ANN401 - any JSON
    """Return a part of a description in which each schema is a JSON schema of draft 4."""
    if isinstance(node, list):
        return [_translate(one, formats) for one in node]
    if not isinstance(node, dict):
        return node
    if "discriminator" in node:
        return NEVER
    found = {
        key: {name: _translate(one, formats) for name, one in value.items()}
        if key in NAMED and isinstance(value, dict)
        else value
        if key == "enum"
        else _translate(value, formats)
        for key, value in node.items()
    }
    return _schema(found, formats)


def _schema(schema: dict[str, Any], formats: set[str]) -> dict[str, Any]:
    """Return a schema of OpenAPI 3.0, whose parts are translated, as one of draft 4."""
    kind, form, properties = schema.get("type"), schema.get("format", ""), schema.get("properties")
    more = []
    if isinstance(kind, str):
        if schema.get("nullable") is True:
            schema["type"] = [kind, "null"]
        if bits := RANGES.get(form):
            more.append({"minimum": -(2**bits), "maximum": 2**bits - 1})
        if form not in formats:
            schema.pop("format", None)  # the quick validator may know it, the exact one does not
    if "required" in schema and isinstance(properties, dict):  # what a client can only read may be missing
        schema["required"] = [one for one in schema["required"] if not properties.get(one, {}).get("readOnly")]
    if "$ref" in schema and len(schema) > 1:  # draft 4 ignores what is beside a reference
        more.append({"$ref": schema.pop("$ref")})
    return {**schema, "allOf": [*schema.get("allOf", []), *more]} if more else schema
