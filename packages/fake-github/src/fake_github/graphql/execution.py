"""Run a query: parse and validate it, measure it, execute it. Touches only the repositories it reads."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from fake_github import git_objects
from fake_github.graphql import fields
from fake_github.graphql.cost import Cost, measure
from fake_github.graphql.errors import Problem, Unmodelled
from fake_github.graphql.overlapping import RULES
from fake_github.graphql.sources import type_of

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLSchema

    from fake_github.graphql.context import Context
    from fake_github.state import Document

# graphql-core's messages in the words of GitHub's server, with the code and the names that it gives beside them.
WORDS = (
    (
        r"Cannot query field '(?P<fieldName>\w+)' on type '(?P<typeName>\w+)'.*",
        "Field '{fieldName}' doesn't exist on type '{typeName}'",
        "undefinedField",
    ),
    (
        r"Unknown argument '(?P<argumentName>\w+)' on field '(?P<typeName>\w+)\.(?P<name>\w+)'.*",
        "Field '{name}' doesn't accept argument '{argumentName}'",
        "argumentNotAccepted",
    ),
    (r"Unknown type '(?P<typeName>\w+)'.*", "No such type {typeName}, so it can't be a fragment condition", None),
)


@dataclass(frozen=True)
class Prepared:
    """A query's text, parsed and validated once.

    Attributes:
        errors: What is wrong with it, in GitHub's form.
    """

    document: DocumentNode | None
    errors: tuple[Document, ...]


@lru_cache(maxsize=256)
def prepare(schema: GraphQLSchema, text: str) -> Prepared:
    """Parse and validate a query."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return Prepared(None, ({"message": error.message, **_located(error)},))
    return Prepared(document, tuple(_worded(error) for error in validate(schema, document, RULES)))


def _located(error: GraphQLError) -> Document:
    return {"locations": [{"line": at.line, "column": at.column} for at in error.locations or ()]}


def _worded(error: GraphQLError) -> Document:
    for pattern, words, code in WORDS:
        match = re.fullmatch(pattern, error.message, re.DOTALL)
        if match:
            names = match.groupdict()
            extensions = {} if code is None else {"extensions": {"code": code, **names}}
            return {**_located(error), **extensions, "message": words.format(**names)}
    return {"message": error.message, **_located(error)}


@dataclass(frozen=True)
class Plan:
    """A query that can run.

    Attributes:
        errors: Why it cannot, in GitHub's form; empty if it can.
        cost: What it costs; nothing if it cannot run.
    """

    prepared: Prepared
    operation: OperationDefinitionNode | None
    variables: dict[str, Any]
    cost: Cost
    errors: list[Document]
    invalid: bool = False

    @property
    def name(self) -> str:
        """The operation's name, empty if it has none."""
        return self.operation.name.value if self.operation is not None and self.operation.name else ""

    @property
    def writes(self) -> bool:
        """Whether it is a mutation."""
        return self.operation is not None and self.operation.operation.value == "mutation"


def plan(schema: GraphQLSchema, text: str, variables: dict[str, Any], operation_name: str | None) -> Plan:
    """Return what a query would do, without doing it."""
    prepared = prepare(schema, text)
    if prepared.document is None or prepared.errors:
        return Plan(prepared, None, {}, Cost(), list(prepared.errors), invalid=True)
    operation = get_operation_ast(prepared.document, operation_name)
    if operation is None:
        message = "An operation name is required" if operation_name is None else f"No operation named {operation_name}"
        return Plan(prepared, None, {}, Cost(), [{"message": message}], invalid=True)
    values = get_variable_values(schema, operation.variable_definitions, variables)
    if isinstance(values, list):
        errors: list[Document] = [{"message": error.message, **_located(error)} for error in values]
        return Plan(prepared, operation, {}, Cost(), errors, invalid=True)
    fragments = {
        one.name.value: one for one in prepared.document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    cost = measure(schema, operation, fragments, values)
    return Plan(
        prepared, operation, variables, cost, [fields.formatted(error) for error in cost.errors], bool(cost.errors)
    )


def run(schema: GraphQLSchema, planned: Plan, context: Context) -> Document:
    """Execute a query and return the response's body; what the fake GitHub does not model is a violation."""
    assert planned.prepared.document is not None  # noqa: S101 - there is one if it can run
    # The caller holds the lock, so only a mutation changes refs.
    with nullcontext() if planned.writes else git_objects.unchanged():
        result = execute_sync(
            schema,
            planned.prepared.document,
            context_value=context,
            variable_values=planned.variables,
            operation_name=planned.name or None,
            field_resolver=fields.default,
            type_resolver=type_of,
            check_sync=False,
        )
    _report(result, context)
    body: Document = {"data": result.data}
    if result.errors:
        body["errors"] = [fields.formatted(error) for error in result.errors]
    return body


def _report(result: ExecutionResult, context: Context) -> None:
    """Record errors that are neither GitHub's own nor recorded: the fake GitHub's mistakes."""
    for error in result.errors or ():
        if not isinstance(error.original_error, Problem | Unmodelled):
            context.hub.violations.append(f"GraphQL: {error}")
