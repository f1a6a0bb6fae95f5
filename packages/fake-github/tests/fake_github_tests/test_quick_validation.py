"""The quick validator accepts nothing that the exact one refuses, and what the fake answers needs no exact one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from fake_github.quick_validation import QuickValidation

if TYPE_CHECKING:
    from fake_github_tests.acme import Acme

NAME = "urn:example"
STRING = {"type": "string"}
SCHEMAS: list[dict[str, Any]] = [
    {},
    STRING,
    {"type": "string", "nullable": True},
    {"type": "string", "nullable": True, "enum": ["a", None]},
    {"nullable": True, "enum": ["a"]},
    {"type": "integer"},
    {"type": "integer", "format": "int32"},
    {"type": "integer", "format": "int64"},
    {"type": "number", "minimum": 1, "exclusiveMinimum": True},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "uri"},
    {"type": "string", "format": "email"},
    {"type": "string", "pattern": "^a+$"},
    {"type": "array", "items": STRING},
    {"type": "array", "items": {"type": "integer", "nullable": True}},
    {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
    {"type": "object", "properties": {"a": {"type": "string", "readOnly": True}}, "required": ["a"]},
    {"type": "object", "properties": {"format": STRING, "enum": STRING, "discriminator": STRING}},
    {"type": "object", "additionalProperties": False, "properties": {"a": STRING}},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"oneOf": [{"type": "integer", "format": "int32"}, {"type": "number"}]},
    {"anyOf": [STRING, {"type": "array", "items": STRING}]},
    {"allOf": [{"type": "object"}, {"required": ["a"]}]},
    {"$ref": f"{NAME}#/components/schemas/text"},
    {"$ref": f"{NAME}#/components/schemas/text", "enum": ["a", 1]},
    {"$ref": f"{NAME}#/components/schemas/text", "nullable": True},
    {
        "oneOf": [{"$ref": "#/components/schemas/text"}, {"$ref": "#/components/schemas/named"}],
        "discriminator": {"propertyName": "kind", "mapping": {"a": "#/components/schemas/named"}},
    },
]
VALUES: list[object] = [
    None, True, 0, 1, 1.0, 1.5, 2**31, -(2**31), 2**63, -(2**63), 2**70, "", "a", "aa\n", "b", "2026-01-01",
    "2026-01-01T00:00:00Z", "ada@example.com", [], ["a"], [1], [None], {}, {"a": "b"}, {"a": 1}, {"a": None},
    {"b": 1}, {"kind": "a"}, {"format": "uri", "enum": 1}, {"discriminator": {"propertyName": "a"}}, {1: 2}, b"a",
]  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_both_say_the_same(schema: dict[str, Any]) -> None:
    shared = {"text": STRING, "named": {"type": "object", "properties": {"kind": STRING}, "required": ["kind"]}}
    description = {"components": {"schemas": {**shared, "one": schema}}}
    registry: Registry[Any] = Registry().with_resource(NAME, DRAFT4.create_resource(description))
    reference = {"$ref": f"{NAME}#/components/schemas/one"}
    exact = OAS30Validator(reference, registry=registry, format_checker=oas30_format_checker)
    quick = QuickValidation(NAME, description, oas30_format_checker)
    for value in VALUES:
        fits = exact.is_valid(value)
        said = quick.accepts("/components/schemas/one", value)
        assert not said or fits, f"{value!r} is accepted"
        # Without the package `regress`, a pattern of the exact one may end before a last line feed.
        certain = "discriminator" not in schema and value not in ({1: 2}, "aa\n") and not isinstance(value, bytes)
        assert said or not (fits and certain), f"{value!r} is left to the exact one"


@pytest.mark.slow
def test_a_quick_yes_changes_no_verdict(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = acme.hub.contract
    if contract is None:
        pytest.skip("npm is not on this machine; install Node 22 or later, or run `uv sync --group node`")
    whole = acme.ada.rest.repos.get("Acme", "rover").json()
    damaged = [{**whole, name: damage} for name in whole for damage in (None, ["x"])]
    verdicts = [contract.response("GET", "/repos/{owner}/{repo}", 200, one) for one in (whole, *damaged)]
    monkeypatch.setattr(QuickValidation, "accepts", lambda *_: False)
    assert verdicts == [contract.response("GET", "/repos/{owner}/{repo}", 200, one) for one in (whole, *damaged)]
    assert verdicts[0] == []
    assert sum(map(bool, verdicts)) > len(whole)
