"""Decides whether policies allow an action. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Where AWS documents a choice, this is the wider one, because an attack must not fail here and succeed there. What is
not implemented here (`NotAction`, `NotPrincipal`, `NotResource`, policy variables, some operators) is an error and no
refusal, and so is a condition key that the service does not fill: in IAM, it would never match, or always match where
the operator is negated.

moto evaluates actions and resources, but conditions only of trust policies, and no session policies; the evaluator of
cloud-copilot is complete and runs in Node, too slow to ask for each layer of an image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Document = Mapping[str, Any]

STATEMENT = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}
VERSION = "2012-10-17"
ARN_PARTS = 6


class Unsupported(ValueError):
    """A policy uses something that is not implemented, or that does not exist."""


@dataclass(frozen=True)
class Request:
    """What somebody wants to do.

    Attributes:
        action: As in `ecr:PutImage`.
        resource: An ARN, or `*` for an action without a resource.
        context: The condition keys that the service fills, with one value or several.
        keys: The condition keys that may occur in policies for this action, whether filled or not.
        principal: Who asks, for policies with a `Principal`: its kind, as in `AWS`, and its name.
    """

    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    principal: tuple[str, str] | None = None


@dataclass(frozen=True)
class Decision:
    """Whether it is allowed, and why."""

    allowed: bool
    reason: str


def decide(policies: Sequence[Document], request: Request, label: str = "the role's policies") -> Decision:
    """Return whether policies of one kind together allow a request: one must allow it, and none may deny it.

    Args:
        policies: The documents.
        request: The request.
        label: What the documents are, for the reason.

    Raises:
        Unsupported: A document uses something that is not implemented.
    """
    allowed = False
    for document in policies:
        for statement in statements(document):
            if not applies(statement, request):
                continue
            if statement["Effect"] == "Deny":
                return Decision(False, f"{label} deny {request.action} on {request.resource}")
            allowed = True
    word = "allow" if allowed else "do not allow"
    return Decision(allowed, f"{label} {word} {request.action} on {request.resource}")


def statements(document: Document) -> list[Document]:
    """Return the statements of a document, checked.

    Raises:
        Unsupported: A statement uses something that is not implemented.
    """
    if document.get("Version") != VERSION:
        raise Unsupported(f"The version of a policy is {VERSION}, not {document.get('Version')!r}.")
    listed = document["Statement"]
    found: list[Document] = listed if isinstance(listed, list) else [listed]
    for statement in found:
        if unknown := sorted(set(statement) - STATEMENT):
            raise Unsupported(f"{', '.join(unknown)} in a statement is not implemented.")
        if statement.get("Effect") not in {"Allow", "Deny"}:
            raise Unsupported(f"The effect of a statement is {statement.get('Effect')!r}.")
        for operator in statement.get("Condition", {}):
            _operator(operator)
    return found


def applies(statement: Document, request: Request) -> bool:
    """Return whether a statement is about a request."""
    if (request.principal is None) is ("Principal" in statement):
        raise Unsupported("A resource policy names principals, and an identity policy names none.")
    if request.principal is not None:
        if not _names(statement["Principal"], *request.principal):
            return False
    elif not any(_like(pattern, request.resource) for pattern in _list(statement["Resource"])):
        return False  # a wildcard at the end of a part of an ARN also matches colons, so the whole ARN is compared
    if not any(_like(one.lower(), request.action.lower()) for one in _list(statement["Action"])):
        return False
    conditions = statement.get("Condition", {})
    return all(
        _holds(operator, key, _list(values), request)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _names(principals: str | Document, kind: str, name: str) -> bool:
    """Return whether principals include one: by its ARN, by its account, or because everybody is."""
    if isinstance(principals, str):
        return principals == "*"
    listed = _list(principals.get(kind, []))
    account = name.split(":")[4] if name.count(":") >= ARN_PARTS - 1 else ""
    return bool({name, "*", account, f"arn:aws:iam::{account}:root"} & set(listed))


def _holds(name: str, key: str, wanted: list[str], request: Request) -> bool:
    test, quantifier, optional = _operator(name)
    if key not in request.keys and key not in request.context:
        raise Unsupported(f"{request.action} has no condition key {key}.")
    found = request.context.get(key)
    if name == "Null":
        return (found is None) is (wanted[0] == "true")
    if found is None:
        return optional or quantifier == "ForAllValues"
    values = [found] if isinstance(found, str) else list(found)
    if not quantifier and len(values) != 1:
        raise Unsupported(f"{key} has several values, so {name} needs ForAllValues or ForAnyValue.")
    met = [test(value, wanted) for value in values]
    return all(met) if quantifier == "ForAllValues" else any(met)


def _operator(name: str) -> tuple[Callable[[str, list[str]], bool], str, bool]:
    """Return the test of an operator, its quantifier, and whether a missing key is accepted."""
    quantifier, _, plain = name.rpartition(":")
    test = TESTS.get(plain.removesuffix("IfExists"))
    if test is None or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise Unsupported(f"The condition operator {name} is not implemented.")
    return test, quantifier, plain.endswith("IfExists")


TESTS: dict[str, Callable[[str, list[str]], bool]] = {
    "StringEquals": lambda value, wanted: value in wanted,
    "StringNotEquals": lambda value, wanted: value not in wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() in map(str.lower, wanted),
    "StringLike": lambda value, wanted: any(_like(one, value) for one in wanted),
    "StringNotLike": lambda value, wanted: not any(_like(one, value) for one in wanted),
    "ArnEquals": lambda value, wanted: any(_matches_arn(one, value) for one in wanted),
    "ArnLike": lambda value, wanted: any(_matches_arn(one, value) for one in wanted),
    "Bool": lambda value, wanted: value.lower() in map(str.lower, wanted),
    "Null": lambda _value, _wanted: False,  # decided in `_holds`
}


def _matches_arn(pattern: str, arn: str) -> bool:
    """Return whether an ARN matches a pattern as `ArnLike` has it: each part by itself."""
    wanted, found = pattern.split(":", ARN_PARTS - 1), arn.split(":", ARN_PARTS - 1)
    return len(wanted) == len(found) == ARN_PARTS and all(map(_like, wanted, found))


def _like(pattern: str, value: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    if "${" in pattern:
        raise Unsupported(f"Policy variables are not implemented: {pattern}.")
    words = {"*": ".*", "?": "."}
    return re.compile("".join(words.get(letter) or re.escape(letter) for letter in pattern), re.DOTALL)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
