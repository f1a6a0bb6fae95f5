"""What a query costs: points and nodes, computed from its text alone. Touches nothing.

A connection costs one request for each object that it hangs on, if every connection above it is full. The sum of all
requests, divided by 100 and rounded, is the number of points, at least 1. The nodes are the requested sizes of all
connections, each multiplied by those above it.
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api

A connection needs `first` or `last` if its nodes or edges are selected. GitHub's own `gh` reads counts without them:
`reactionGroups{users{totalCount}}` and `contexts{checkRunCount}` in
https://github.com/cli/cli/blob/trunk/api/query_builder.go.
Where that page leaves a question open, the fake GitHub is strict: each id of `nodes(ids:)` counts as an object above.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    InlineFragmentNode,
    get_named_type,
)
from graphql.execution.values import get_argument_values, get_directive_values
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

from fake_github.graphql.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql import (
        FragmentDefinitionNode,
        GraphQLField,
        GraphQLNamedType,
        GraphQLSchema,
        NamedTypeNode,
        OperationDefinitionNode,
        SelectionSetNode,
    )

LARGEST_PAGE = 100
ITEMS = {"nodes", "edges"}
MOST_NODES = 500_000
MOST_IDS = 100
REQUESTS_PER_POINT = 100


@dataclass
class Cost:
    """The cost of a query.

    Attributes:
        requests: How many it would take to fill every connection.
        nodes: How many nodes it may return.
        errors: Why GitHub refuses it before it runs.
    """

    requests: int = 0
    nodes: int = 0
    errors: list[GraphQLError] = field(default_factory=list)

    @property
    def points(self) -> int:
        """The points that it takes from the hourly limit."""
        return max(1, (2 * self.requests + REQUESTS_PER_POINT) // (2 * REQUESTS_PER_POINT))


@dataclass(frozen=True)
class _Walk:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    variables: dict[str, Any]
    cost: Cost


def measure(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: dict[str, FragmentDefinitionNode],
    variables: dict[str, Any],
) -> Cost:
    """Return the cost of an operation that is valid in the schema."""
    cost = Cost()
    root = schema.get_root_type(operation.operation)
    if root is not None:
        _descend(_Walk(schema, fragments, variables, cost), root, [operation.selection_set], 1, ())
    if not cost.errors and cost.nodes > MOST_NODES:
        message = f"This query requests up to {cost.nodes:,} possible nodes which exceeds the maximum limit of 500,000."
        cost.errors.append(_error("MAX_NODE_LIMIT_EXCEEDED", message, ()))
    return cost


def _error(kind: str, message: str, path: tuple[str, ...], node: FieldNode | None = None) -> GraphQLError:
    return GraphQLError(message, node, path=list(path) or None, original_error=Problem(kind, message))


def _descend(
    walk: _Walk, parent: GraphQLNamedType, sets: list[SelectionSetNode], factor: int, path: tuple[str, ...]
) -> None:
    """Add what the fields below a type cost; fields of the same key are one, as they are merged when it runs."""
    merged: dict[tuple[str, str], list[tuple[GraphQLField, FieldNode]]] = {}
    for selected in sets:
        for kind, node in _selected(walk, parent, selected):
            known = kind.fields.get(node.name.value)
            if known is not None:  # not a field that every type has, as `__typename`
                key = (kind.name, node.alias.value if node.alias else node.name.value)
                merged.setdefault(key, []).append((known, node))
    for (_, name), nodes in merged.items():
        known, node = nodes[0]
        below = [one.selection_set for _, one in nodes if one.selection_set is not None]
        if below:
            size = _size(walk, known, node, below, factor, (*path, name))
            _descend(walk, get_named_type(known.type), below, factor * size, (*path, name))


def _selected(
    walk: _Walk, parent: GraphQLNamedType, selected: SelectionSetNode
) -> Iterator[tuple[GraphQLObjectType | GraphQLInterfaceType, FieldNode]]:
    for node in selected.selections:
        if not _included(walk, node):
            continue
        if isinstance(node, FieldNode):
            if not isinstance(parent, GraphQLUnionType):
                yield parent, node  # pyrefly: ignore[invalid-yield]  # only these types have fields
        elif isinstance(node, InlineFragmentNode):
            condition: NamedTypeNode | None = node.type_condition
            kind = parent if condition is None else walk.schema.type_map[condition.name.value]
            yield from _selected(walk, kind, node.selection_set)
        elif isinstance(node, FragmentSpreadNode):
            fragment = walk.fragments[node.name.value]
            yield from _selected(walk, walk.schema.type_map[fragment.type_condition.name.value], fragment.selection_set)


def _included(walk: _Walk, node: Any) -> bool:  # noqa: ANN401 - any selection
    skip = get_directive_values(GraphQLSkipDirective, node, walk.variables)
    include = get_directive_values(GraphQLIncludeDirective, node, walk.variables)
    return not (skip and skip["if"]) and not (include and not include["if"])


def _size(
    walk: _Walk,
    known: GraphQLField,
    node: FieldNode,
    below: list[SelectionSetNode],
    factor: int,
    path: tuple[str, ...],
) -> int:
    """Return by how much a field multiplies what is below it, and add what it costs itself."""
    name = node.name.value
    if name == "nodes" and "ids" in known.args:
        ids = get_argument_values(known, node, walk.variables)["ids"]
        if len(ids) > MOST_IDS:
            message = f"You may not provide more than {MOST_IDS} node ids; you provided {len(ids)}."
            walk.cost.errors.append(_error("ARGUMENT_LIMIT", message, path, node))
        return len(ids)
    kind = get_named_type(known.type)
    if "first" not in known.args or not kind.name.endswith("Connection"):
        return 1
    arguments = get_argument_values(known, node, walk.variables)
    sizes = {bound: arguments[bound] for bound in ("first", "last") if arguments.get(bound) is not None}
    if not sizes and not any(at.name.value in ITEMS for one in below for _, at in _selected(walk, kind, one)):
        walk.cost.requests += factor
        return 1
    error = _pagination(name, sizes)
    if error is not None:
        walk.cost.errors.append(_error(*error, path, node))
        return 1
    size: int = next(iter(sizes.values()))
    walk.cost.requests += factor
    walk.cost.nodes += factor * size
    return size


def _pagination(name: str, sizes: dict[str, int]) -> tuple[str, str] | None:
    """Return why GitHub refuses the bounds of a connection: the type of the error, and its message."""
    if not sizes:
        message = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        return "MISSING_PAGINATION_BOUNDARIES", message
    if len(sizes) > 1:
        message = f"Passing both `first` and `last` to paginate the `{name}` connection is not supported."
        return "EXCESSIVE_PAGINATION", message
    bound, size = next(iter(sizes.items()))
    if size < 1:
        return "EXCESSIVE_PAGINATION", f"`{bound}` on the `{name}` connection cannot be less than 1."
    if size > LARGEST_PAGE:
        limit = f"exceeds the `{bound}` limit of {LARGEST_PAGE} records"
        return "EXCESSIVE_PAGINATION", f"Requesting {size} records on the `{name}` connection {limit}."
    return None
