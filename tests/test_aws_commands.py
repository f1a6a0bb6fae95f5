"""The commands for AWS in the documentation have the operations and parameters of AWS's own service models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

# Options of the AWS CLI itself: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
GLOBAL = {"query", "output", "region", "profile", "no-cli-pager"}
# Commands that the CLI adds to the operations of a service: https://docs.aws.amazon.com/cli/latest/reference/
CUSTOM = {("ecr", "get-login-password"), ("codeartifact", "login"), ("cloudformation", "deploy")}
CUSTOM_SERVICES = {"sso", "configure", "s3"}
# Options that the CLI names differently, because `--endpoint` could be short for one of its own:
# https://docs.aws.amazon.com/cli/latest/reference/sns/subscribe.html
RENAMED = {("sns", "subscribe", "notification-endpoint"): "endpoint"}
BLOCK = re.compile(r"^```(?:sh|console)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(aws [a-z][^`]*)`")


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of the AWS CLI in the documentation with its page."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        blocks = "\n".join(BLOCK.findall(text)).replace("\\\n", " ")
        for line in (
            *re.findall(r"(?:^|\$\(|\$ )(aws [a-z][^)\n>|]*)", blocks, re.MULTILINE),
            *(f"{said} …" for said in INLINE.findall(text)),
        ):
            words = re.sub(r"""['"]""", " ", line).split()  # no value with a space is looked at
            if len(words) > 2 and words[1] not in CUSTOM_SERVICES and (words[1], words[2]) not in CUSTOM:
                yield page.relative_to(ROOT).as_posix(), words[1:]


FOUND = list(commands())


def faults(words: list[str]) -> list[str]:
    """Return what AWS's model of the service does not have: the operation, an option, or a value of a list."""
    service, operation, *rest = words
    model = ServiceModel(Loader().load_service_model(service, "service-2"))
    known = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in known:
        return [f"{service} has no {operation}"]
    shape = model.operation_model(known[operation]).input_shape
    members = {xform_name(name, "-"): member for name, member in (shape.members.items() if shape else ())}
    options = {word.removeprefix("--").partition("=")[0] for word in rest if word.startswith("--")}
    found, given = [], {RENAMED.get((service, operation, option), option) for option in options}
    for option in sorted(given - GLOBAL):
        kind = members.get(option) or members.get(option.removeprefix("no-"))
        if kind is None:
            found.append(f"{service} {operation} has no --{option}")
        elif allowed := getattr(kind, "enum", ()):
            value = rest[rest.index(f"--{option}") + 1]
            found += [] if value in allowed else [f"--{option} cannot be {value}"]
    required = {xform_name(name, "-") for name in (shape.required_members if shape else ())}
    if "…" in rest:  # the page names a part of the command
        return found
    return found + [f"{service} {operation} needs --{option}" for option in sorted(required - given)]


@pytest.mark.parametrize(("page", "words"), FOUND, ids=[" ".join(words[:2]) for _, words in FOUND])
def test_a_command_is_one_of_aws(page: str, words: list[str]) -> None:
    assert faults(words) == [], page


def test_the_import_of_an_app_s_key_is_among_them() -> None:
    operations = {tuple(words[:2]) for _, words in FOUND}
    assert {("kms", one) for one in ("describe-key", "get-parameters-for-import", "import-key-material")} <= operations


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("kms import-keys", "kms has no import-keys"),
        ("kms describe-key --key x", "kms describe-key has no --key"),
        ("kms describe-key --grant-tokens x", "kms describe-key needs --key-id"),
        (
            "kms get-parameters-for-import --key-id x --wrapping-algorithm ROT13 --wrapping-key-spec RSA_4096",
            "--wrapping-algorithm cannot be ROT13",
        ),
    ],
)
def test_a_wrong_command_is_found(command: str, fault: str) -> None:
    assert fault in faults(command.split())
