"""Holds requests, responses and webhooks against GitHub's description of them. Touches nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jsonschema.exceptions import best_match
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from fake_github.quick_validation import QuickValidation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema import ValidationError

NAME = "urn:github"
DETAILS = 3  # of what does not fit, how much is said
LONGEST = 300  # characters
JSON = "application/json"
ERRORS = range(400, 600)


@dataclass
class Contract:
    """GitHub's description, and the checks against it.

    Attributes:
        description: What `description.read` returned.
    """

    description: dict[str, Any]
    _validators: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give the description a name, by which the checks refer to its parts."""
        self._registry: Registry[Any] = Registry().with_resource(NAME, DRAFT4.create_resource(self.description))
        self._quick = QuickValidation(NAME, self.description, oas30_format_checker)

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """Return the description of an operation, or None where there is none."""
        found: dict[str, Any] | None = self.description["paths"].get(path, {}).get(method.lower())
        return found

    def request(self, method: str, path: str, query: Mapping[str, str], body: object) -> list[str]:
        """Return what of a request is not as described.

        Args:
            method: Of HTTP.
            path: As the description writes it, with names in braces.
            query: The parameters after `?`.
            body: The JSON body; None if there was none.
        """
        operation = self.operation(method, path)
        if operation is None:
            return [f"{method} {path}: GitHub has no such operation"]
        where = f"{method} {path}, request"
        here = f"/paths/{_escape(path)}/{method.lower()}"
        said = list(self._query(operation, here, where, query))
        content = operation.get("requestBody", {}).get("content", {})
        if body is not None and JSON in content:
            said += self._check(f"{here}/requestBody/content/{_escape(JSON)}/schema", body, where)
            said += self._unknown(content[JSON]["schema"], body, where)
        elif body is not None:
            said.append(f"{where}: there should be no body")
        elif operation.get("requestBody", {}).get("required"):
            said.append(f"{where}: the body is missing")
        return said

    def _query(self, operation: dict[str, Any], here: str, where: str, query: Mapping[str, str]) -> Iterator[str]:
        known: dict[str, tuple[str, dict[str, Any]]] = {}
        for number, entry in enumerate(operation.get("parameters", [])):
            pointer, parameter = f"{here}/parameters/{number}", entry
            if "$ref" in entry:
                pointer = entry["$ref"].removeprefix("#")
                parameter = self._find(pointer)
            if parameter["in"] == "query":
                known[parameter["name"]] = (pointer, parameter)
        for name, value in query.items():
            if name not in known:
                yield f"{where}: there is no parameter {name}"
                continue
            pointer, parameter = known[name]
            integer = parameter["schema"].get("type") == "integer" and re.fullmatch(r"-?\d+", value)
            yield from self._check(f"{pointer}/schema", int(value) if integer else _boolean(parameter, value), where)
        for name, (_, parameter) in known.items():
            if parameter.get("required") and name not in query:
                yield f"{where}: the parameter {name} is missing"

    def _unknown(self, schema: dict[str, Any], body: object, where: str) -> Iterator[str]:
        """Say what a body names that is not described: GitHub ignores it, so a typing error would go unseen."""
        properties = schema.get("properties")
        if isinstance(body, dict) and properties and "anyOf" not in schema and not schema.get("additionalProperties"):
            yield from (f"{where}: there is no property {name}" for name in body if name not in properties)

    def response(self, method: str, path: str, status: int, body: object) -> list[str]:
        """Return what of a response is not as described; `body` is None where there is none.

        An error that an operation's description leaves out is validated against the common form of errors.
        """
        operation = self.operation(method, path)
        where = f"{method} {path}, response {status}"
        described = (operation or {}).get("responses", {}).get(str(status))
        here = f"/paths/{_escape(path)}/{method.lower()}/responses/{status}"
        if described is None:
            if status not in ERRORS:
                return [f"{where}: that status is not described"]
            return self._check("/components/schemas/basic-error", body, where)
        if "$ref" in described:
            here = described["$ref"].removeprefix("#")
            described = self._find(here)
        content = described.get("content", {})
        if JSON in content:
            return self._check(f"{here}/content/{_escape(JSON)}/schema", body, where)
        if body is not None and not content and status not in ERRORS:
            return [f"{where}: there should be no body"]
        return []

    def webhook(self, name: str, payload: object) -> list[str]:
        """Return what of a webhook's payload is not as described."""
        if name not in self.description["x-webhooks"]:
            return [f"webhook {name}: GitHub has none of that name"]
        here = f"/x-webhooks/{name}/post/requestBody/content/{_escape(JSON)}/schema"
        return self._check(here, payload, f"webhook {name}")

    def _check(self, pointer: str, content: object, where: str) -> list[str]:
        if self._quick.accepts(pointer, content):
            return []
        validator = self._validators.get(pointer)
        if validator is None:
            validator = OAS30Validator(
                {"$ref": f"{NAME}#{pointer}"}, registry=self._registry, format_checker=oas30_format_checker
            )
            self._validators[pointer] = validator
        errors = sorted(validator.iter_errors(content), key=lambda error: error.json_path)
        return [f"{where}: {_cause(error)}" for error in errors[:DETAILS]]

    def _find(self, pointer: str) -> dict[str, Any]:
        found = self.description
        for part in pointer.strip("/").split("/"):
            found = found[part]
        return found


def _cause(error: ValidationError) -> str:
    """Return what does not fit, and where; of alternatives that all fail, what the nearest of them lacks."""
    nearest = best_match([error]) or error
    shown = nearest.message if len(nearest.message) < LONGEST else f"…{nearest.message[-LONGEST:]}"
    return f"{nearest.json_path}: {shown}"


def _boolean(parameter: dict[str, Any], value: str) -> str | bool:
    return value == "true" if parameter["schema"].get("type") == "boolean" and value in {"true", "false"} else value


def _escape(key: str) -> str:
    """Return a key as a part of a JSON pointer in a URI fragment."""
    return key.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
