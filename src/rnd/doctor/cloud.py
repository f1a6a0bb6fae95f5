"""Checks of the AWS account: what has to be there before the first job and the first package. Read-only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rnd import retry
from rnd.doctor.machine import Finding
from rnd.errors import AwsRefused, RndError
from rnd.organisation.image_registry import Ecr
from rnd.organisation.package_index import CodeArtifact
from rnd.providers.aws import call, client
from rnd.runners.stack.names import base_images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rnd.organisation import Organisation

    Check = Callable[[Organisation], Finding]

# Quotas of running on-demand machines, in processors, by the first letters of instance types:
# https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
QUOTAS = {"g": "L-DB2E81BA", "vt": "L-DB2E81BA", "p": "L-417A185B", "": "L-1216C47A"}
ECS_ROLE = "AWSServiceRoleForECS"
PUBLISHING = "Deploy the stack of publishing: docs/how-to/runners.md."


def examine_cloud(organisation: Organisation) -> Iterator[Finding]:
    """Check the account, one finding for each step of `docs/first-time.md`; nothing where org.yml names none."""
    if organisation.aws is None:
        return
    with retry.no_retries():
        for name, check in CHECKS.items():
            yield _safely(name, check, organisation)


def _safely(name: str, check: Check, organisation: Organisation) -> Finding:
    try:
        return check(organisation)
    except AwsRefused as error:
        if "AccessDenied" in error.message or "not authorized" in error.message:
            return Finding(
                name, "optional", f"unknown: {error.message}", "Sign in with a role that can read the account."
            )
        return Finding(name, "missing", error.message, error.hint)
    except RndError as error:
        return Finding(name, "missing", error.message, error.hint)


def _exists(ask: Callable[[], object], code: str) -> bool:
    """Return whether AWS knows a resource, given the error code with which it says no."""
    try:
        call(ask)
    except AwsRefused as error:
        if code in error.message:
            return False
        raise
    return True


def _indexes(organisation: Organisation) -> Finding:
    aws, name, place = organisation.require_aws(), "CodeArtifact", organisation.package_index
    if not isinstance(place, CodeArtifact):
        return Finding(name, "ok", f"not used: the package index is {place.provider}", "")
    index = client(aws.region, "codeartifact")
    known = {"domain": place.domain, "domainOwner": aws.account}
    missing = [
        f"{place.domain}/{repository}"
        for repository in (place.repository, place.development_repository)
        if not _exists(
            lambda repository=repository: index.describe_repository(**known, repository=repository),
            "ResourceNotFoundException",
        )
    ]
    if missing:
        hint = (
            f"aws codeartifact create-domain --domain {place.domain}; aws codeartifact create-repository --domain "
            f"{place.domain} --repository {place.repository}. The stack of publishing makes the development repository."
        )
        return Finding(name, "missing", f"no {', '.join(missing)}", hint)
    return Finding(name, "ok", f"{place.domain}: {place.repository}, {place.development_repository}", "")


def _images(organisation: Organisation) -> Finding:
    aws, name = organisation.require_aws(), "Base images"
    if not isinstance(organisation.image_registry, Ecr):
        return Finding(name, "optional", f"not checked in {organisation.image_registry.address}", "")
    registry = client(aws.region, "ecr")
    wanted = sorted(base_images(organisation).values())
    missing = [
        f"{repository}:{tag}"
        for repository, tag in wanted
        if not _exists(
            lambda repository=repository, tag=tag: registry.describe_images(
                registryId=aws.account, repositoryName=repository, imageIds=[{"imageTag": tag}]
            ),
            "NotFoundException",
        )
    ]
    if missing:
        return Finding(name, "missing", f"no {', '.join(missing)}", "Run the workflow *Base images* of the template.")
    return Finding(name, "ok", f"{len(wanted)} in {organisation.image_registry.address}", "")


def _role(organisation: Organisation) -> Finding:
    """Check for the role with which ECS manages machines; the first cluster of an account needs it."""
    directory = client(organisation.require_aws().region, "iam")
    if _exists(lambda: directory.get_role(RoleName=ECS_ROLE), "NoSuchEntity"):
        return Finding("ECS role", "ok", ECS_ROLE, "")
    hint = "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com"
    return Finding("ECS role", "missing", f"no {ECS_ROLE}", hint)


def _broker(organisation: Organisation) -> Finding:
    functions = client(organisation.require_aws().region, "lambda")
    name = organisation.require_aws().broker
    if _exists(lambda: functions.get_function_configuration(FunctionName=name), "ResourceNotFoundException"):
        return Finding("Broker", "ok", name, "")
    return Finding("Broker", "missing", f"no function {name}", PUBLISHING)


def _quotas(organisation: Organisation) -> Finding:
    quotas: Any = client(organisation.require_aws().region, "service-quotas")
    short: list[str] = []
    known: list[str] = []
    for code, wanted in processors(organisation).items():
        found = call(lambda code=code: quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code))
        value = int(found["Quota"]["Value"])
        (short if value < wanted else known).append(f"{code}: {value} of {wanted} processors")
    if short:
        code = short[0].partition(":")[0]
        more = "aws service-quotas request-service-quota-increase --service-code ec2"
        hint = f"{more} --quota-code {code} --desired-value N"
        return Finding("EC2 quotas", "missing", "; ".join(short), hint)
    return Finding("EC2 quotas", "ok", "; ".join(known), "")


def processors(organisation: Organisation) -> dict[str, int]:
    """Return how many processors the machines of all classes have at most, by the code of the quota. Pure."""
    found: dict[str, int] = {}
    for wanted in organisation.runners.classes.values():
        by_code: dict[str, int] = {}
        for instance in wanted.instances:
            family, _, size = instance.partition(".")
            letters = re.match(r"[a-z]*", family)
            code = QUOTAS.get(letters[0] if letters else "", QUOTAS[""])
            parts = re.fullmatch(r"(\d*)(x?)large", size)
            number = (4 * int(parts[1] or 1) if parts[2] else 2) if parts else 1
            by_code[code] = max(by_code.get(code, 0), number * wanted.maximum)
        for code, number in by_code.items():
            found[code] = found.get(code, 0) + number
    return found


CHECKS: dict[str, Check] = {
    "CodeArtifact": _indexes,
    "Broker": _broker,
    "Base images": _images,
    "ECS role": _role,
    "EC2 quotas": _quotas,
}
