"""Which fields of the schema are modelled, and by which function. Touches nothing.

A field, argument or mutation that is in the schema and not modelled is a violation: a null in its place could be taken
for an answer.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLInterfaceType, GraphQLObjectType

from fake_github.graphql.errors import Problem, Unmodelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema

    from fake_github.graphql.context import Context

Fields = dict[str, Any]  # the name of a field, with its resolver
# What a resolver with the parameter `**paging` takes.
PAGING = {"first", "last", "after", "before"}


def attach(schema: GraphQLSchema, modelled: Mapping[str, Fields]) -> None:
    """Attach the modelled fields to a schema.

    Args:
        schema: GitHub's.
        modelled: The names of types, each with its modelled fields.

    Raises:
        KeyError: The schema has no such type or field.
    """
    for name, fields in modelled.items():
        one = schema.type_map[name]
        if not isinstance(one, GraphQLObjectType | GraphQLInterfaceType):
            raise TypeError(f"{name} has no fields.")
        for field, resolver in fields.items():
            _attach(one.fields[field], f"{name}.{field}", resolver)


def _attach(field: GraphQLField, name: str, resolver: Any) -> None:  # noqa: ANN401 - of any arguments
    for argument, definition in field.args.items():
        definition.out_name = snake(argument)
    parameters = inspect.signature(resolver).parameters
    known = set(parameters) | (PAGING if "paging" in parameters else set())
    ignored = {argument for argument in field.args if snake(argument) not in known}
    field.resolve = _guarded(resolver, name, ignored) if ignored else resolver


def _guarded(resolver: Any, name: str, ignored: set[str]) -> Any:  # noqa: ANN401
    names = {snake(argument) for argument in ignored}

    def resolve(source: object, info: GraphQLResolveInfo, **arguments: object) -> object:
        for argument in info.field_nodes[0].arguments:
            if argument.name.value in ignored:
                raise refuse(info, f"the argument {argument.name.value} of {name}")
        given = {key: value for key, value in arguments.items() if key not in names}  # the defaults are ignored
        return resolver(source, info, **given)

    return resolve


def refuse(info: GraphQLResolveInfo, what: str) -> Unmodelled:
    """Record that something is not modelled, and return the error to raise."""
    message = f"GraphQL: the fake GitHub does not model {what}"
    context: Context = info.context
    if message not in context.hub.violations:
        context.hub.violations.append(message)
    return Unmodelled(message)


def default(source: object, info: GraphQLResolveInfo, **arguments: object) -> object:
    """Resolve a field that no function models: from a document if the parent is one, and else not at all."""
    if type(source) is dict and info.field_name in source and not arguments:
        value = source[info.field_name]
        return value() if callable(value) else value
    raise refuse(info, f"{info.parent_type.name}.{info.field_name}")


def snake(name: str) -> str:
    """Return a camel-case name in snake case."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def camel(name: str) -> str:
    """Return a snake-case name in camel case."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def formatted(error: GraphQLError) -> dict[str, Any]:
    """Return an error of the execution as GitHub writes it: with its type beside the message.

    https://docs.github.com/en/graphql/guides/using-graphql-clients
    """
    document: dict[str, Any] = {**error.formatted}
    if isinstance(error.original_error, Problem):
        return {"type": error.original_error.type, **document}
    return document
