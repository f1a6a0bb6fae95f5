"""What each role can do, apart from what a session policy limits it to: policy documents as plain data. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.runners.broker.session import CREATE, IMAGES, PULL, PUSH, allow, document, image_arn, package_arn
from rnd.runners.stack import names

if TYPE_CHECKING:
    from rnd.organisation import Organisation

    Document = dict[str, Any]

IDENTITIES = ("development", "candidate", "release")


def read_packages(organisation: Organisation) -> list[Document]:
    """Return the statements that let a role read packages, of releases and of development versions."""
    index, place = organisation.require_codeartifact(), names.location(organisation)
    arn = f"arn:{place['partition']}:codeartifact:{place['region']}:{place['account']}"
    repositories = [f"{arn}:repository/{index.domain}/{name}" for name in (place["releases"], place["development"])]
    bearer = allow(["sts:GetServiceBearerToken"], ["*"])
    return [
        allow(["codeartifact:GetAuthorizationToken"], [f"{arn}:domain/{index.domain}"]),
        bearer | {"Condition": {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}}},
        allow(["codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository"], repositories),
    ]


def wide_permissions(organisation: Organisation, identity: str) -> Document:
    """Return what an identity can do in all repositories together; the session policy limits it to one."""
    place = names.location(organisation)
    packages = names.packages(organisation)
    statements = [*read_packages(organisation), allow(["ecr:GetAuthorizationToken"], ["*"])]
    index = {"development": place["development"], "release": place["releases"]}.get(identity)
    if index:
        own = [package_arn(place, index, package) for package in packages]
        statements.append(allow(["codeartifact:PublishPackageVersion"], own))
    own = [image_arn(place, f"{IMAGES[identity]}{package}") for package in packages]
    statements.append(allow([*PULL, *PUSH, *CREATE], own))
    if identity == "release":
        candidates = [image_arn(place, f"{IMAGES['candidate']}{package}") for package in packages]
        statements.append(allow([*PULL, "ecr:DescribeRepositories"], candidates))
    return document(statements)


def entry_permissions(organisation: Organisation) -> Document:
    """Return what the entry role can do: call the broker."""
    place = names.location(organisation)
    function = organisation.require_aws().broker
    arn = f"arn:{place['partition']}:lambda:{place['region']}:{place['account']}:function:{function}"
    return document([allow(["lambda:InvokeFunction"], [arn])])


def broker_permissions(organisation: Organisation) -> Document:
    """Return what the broker can do: assume the wide roles, keep whose a package is, sign for the apps, write its log.

    `AssumeRoleWithWebIdentity` is not signed, so it needs no permission. The keys are named by their alias, because the
    id of a key is not known before it exists: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    place = names.location(organisation)
    arn = f"arn:{place['partition']}:%s:{place['region']}:{place['account']}"
    wide = [names.role_arn(organisation, names.wide_role(organisation, identity)) for identity in IDENTITIES]
    log = f"{arn % 'logs'}:log-group:/aws/lambda/{organisation.require_aws().broker}:*"
    parameters = f"{arn % 'ssm'}:parameter{names.package_parameters(organisation)}*"
    statements = [
        allow(["sts:AssumeRole"], wide),
        allow(["ssm:GetParameter", "ssm:PutParameter"], [parameters]),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log]),
    ]
    if organisation.github.apps:
        aliases = [names.app_key_alias(organisation, app) for app in ("version", "release")]
        sign = allow(["kms:Sign"], [f"{arn % 'kms'}:key/*"])
        statements.append(sign | {"Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}}})
    return document(statements)
