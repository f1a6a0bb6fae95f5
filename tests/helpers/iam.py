"""How IAM reads a policy document, as far as our policies need it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html: every operator
and every key of a condition must match, one value of a list is enough, and a key that the request does not have never
matches. In patterns, `*` and `?` also match `/` and `:`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rnd.runners.stack.names import ISSUER
from rnd.runners.stack.policies import CONDITION_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Document = Mapping[str, Any]


def admits(trust: Document, claims: Mapping[str, str]) -> bool:
    """Return whether STS accepts a token with some claims; of the claims, only those that are condition keys count."""
    request = {f"{ISSUER}:{name}": value for name, value in claims.items() if name in CONDITION_KEYS}
    return any(
        one["Action"] == "sts:AssumeRoleWithWebIdentity"
        and one["Principal"]["Federated"].endswith(f":oidc-provider/{ISSUER}")
        and all(
            any(_matches(operator, request.get(key), value) for value in listed(wanted))
            for operator, conditions in one["Condition"].items()
            for key, wanted in conditions.items()
        )
        for one in trust["Statement"]
    )


def allows(policy: Document | None, action: str, resource: str) -> bool:
    """Return whether a policy allows an action on a resource, conditions aside."""
    return any(
        like(pattern, action) and any(like(one, resource) for one in listed(statement["Resource"]))
        for statement in (policy or {"Statement": []})["Statement"]
        for pattern in listed(statement["Action"])
    )


def allowed(policy: Document | None) -> Iterator[tuple[str, str]]:
    """Yield each action that a policy allows, with each of its resources."""
    for statement in (policy or {"Statement": []})["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield action, resource


def _matches(operator: str, value: str | None, wanted: str) -> bool:
    if value is None:
        return False
    return value == wanted if operator == "StringEquals" else operator == "StringLike" and like(wanted, value)


def like(pattern: str, value: str) -> bool:
    """Return whether a value matches a pattern with `*` and `?`."""
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(one, re.escape(one)) for one in pattern), value, re.DOTALL) is not None


def listed(value: str | list[str]) -> list[str]:
    """Return a value of a policy as a list."""
    return [value] if isinstance(value, str) else value
