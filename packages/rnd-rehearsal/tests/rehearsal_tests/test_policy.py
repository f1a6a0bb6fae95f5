"""How policies are read: each case is an example or a sentence of AWS's page about it."""

from __future__ import annotations

from typing import Any

import pytest

from rnd_rehearsal.cloud.policy import Request, Unsupported, decide

ARN = "arn:aws:ecr:eu-west-1:1:repository/acme-rnd-rover"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(effect: str = "Allow", action: Any = "ecr:PutImage", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a statement."""
    return {"Effect": effect, "Action": action, "Resource": "*"} | more


def allowed(*statements: dict[str, Any], resource: str = ARN, **context: Any) -> bool:  # noqa: ANN401
    """Return whether `ecr:PutImage` is allowed, in a context whose keys begin with `k:`."""
    keys = {f"k:{name}": value for name, value in context.items()}
    request = Request("ecr:PutImage", resource, keys, frozenset({"k:missing", *keys}))
    return decide([document(*statements)], request).allowed


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], False),
        ([statement()], True),
        ([statement(action="ecr:*")], True),
        ([statement(action=["ecr:putimage", "s3:*"])], True),
        ([statement(action="ecr:PutImag")], False),
        ([statement(), statement("Deny")], False),
        ([statement("Deny", Resource="arn:aws:ecr:*:*:repository/other"), statement()], True),
        ([statement(Resource=ARN)], True),
        ([statement(Resource=ARN[:-1] + "?")], True),
        ([statement(Resource=ARN.upper())], False),
        ([statement(Resource="arn:aws:ecr:eu-west-1:1:repository/dev/*")], False),
    ],
)
def test_one_statement_must_allow_and_none_deny(statements: list[dict[str, Any]], expected: bool) -> None:
    assert allowed(*statements) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"k:ref": "main"}}, True),
        ({"StringEquals": {"k:ref": ["x", "main"]}}, True),
        ({"StringEquals": {"k:ref": "Main"}}, False),
        ({"StringEquals": {"k:ref": "m*"}}, False),
        ({"StringLike": {"k:ref": "m*"}}, True),
        ({"StringLike": {"k:ref": "*"}, "StringEquals": {"k:ref": "x"}}, False),
        ({"StringNotEquals": {"k:ref": "x"}}, True),
        ({"StringEquals": {"k:missing": "x"}}, False),
        ({"StringEqualsIfExists": {"k:missing": "x"}}, True),
        ({"ForAllValues:StringEquals": {"k:missing": "x"}}, True),
        ({"ForAllValues:StringEquals": {"k:names": ["a", "b", "c"]}}, True),
        ({"ForAllValues:StringEquals": {"k:names": ["a"]}}, False),
        ({"ForAnyValue:StringEquals": {"k:names": ["a"]}}, True),
        ({"ForAnyValue:StringEquals": {"k:names": ["c"]}}, False),
        ({"ForAnyValue:StringEquals": {"k:missing": ["c"]}}, False),
        ({"Null": {"k:missing": "true"}}, True),
        ({"Null": {"k:ref": "true"}}, False),
    ],
)
def test_every_condition_must_hold(condition: dict[str, Any], expected: bool) -> None:
    assert allowed(statement(Condition=condition), ref="main", names=["a", "b"]) is expected


@pytest.mark.parametrize(
    "wrong",
    [
        statement(Condition={"StringEquals": {"k:unknown": "x"}}),
        statement(Condition={"StringSounds": {"k:ref": "x"}}),
        statement(Condition={"StringEquals": {"k:names": "a"}}),
        statement(NotAction="s3:*"),
        statement(effect="Permit"),
        statement(Resource="${aws:username}"),
        statement(Principal="*"),
    ],
)
def test_what_is_not_known_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        allowed(wrong, ref="main", names=["a", "b"])


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": "arn:aws:iam::1:root"}, True),
        ({"AWS": "1"}, True),
        ({"AWS": ["arn:aws:iam::1:role/broker"]}, True),
        ({"AWS": "arn:aws:iam::1:role/other"}, False),
        ({"AWS": "arn:aws:iam::2:root"}, False),
        ({"Service": "arn:aws:iam::1:role/broker"}, False),
    ],
)
def test_a_trust_policy_names_who_may_assume(principal: Any, expected: bool) -> None:  # noqa: ANN401
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
    request = Request("sts:AssumeRole", "*", principal=("AWS", "arn:aws:iam::1:role/broker"))
    assert decide([trust], request).allowed is expected
