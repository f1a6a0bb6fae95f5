"""Fields of one name that a response merges: GitHub tolerates types that differ in nullability. Touches nothing.

GraphQL's specification refuses `... on User { name } ... on Team { name }` if one name may be null and the other may
not. graphql-ruby, which GitHub runs, did not compare the types of such fields
(https://github.com/rmosolgo/graphql-ruby/issues/4403), and can still tolerate them for queries that exist
(`allow_legacy_invalid_return_type_conflicts`). GitHub's own `gh pr view` sends such a query. Other types that conflict
stay an error, so that the fake GitHub is not the more tolerant one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphql import ASTValidationRule, OverlappingFieldsCanBeMergedRule, specified_rules

if TYPE_CHECKING:
    from graphql import GraphQLError

REASON = re.compile(
    r"they have differing arguments|are different fields"
    r"|they return conflicting types '(?P<one>[^']+)' and '(?P<other>[^']+)'"
)


class Tolerant(OverlappingFieldsCanBeMergedRule):
    """graphql-core's rule without the conflicts of nullability."""

    def report_error(self, error: GraphQLError) -> None:
        """Report a conflict, unless each of its reasons is that one type may be null and the other may not."""
        reasons = list(REASON.finditer(error.message))
        if not reasons or not all(_of_nullability(reason) for reason in reasons):
            super().report_error(error)


def _of_nullability(reason: re.Match[str]) -> bool:
    one, other = reason["one"], reason["other"]
    return one is not None and one.replace("!", "") == other.replace("!", "")


RULES: tuple[type[ASTValidationRule], ...] = tuple(
    Tolerant if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)
