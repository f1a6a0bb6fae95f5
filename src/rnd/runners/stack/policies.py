"""Who can assume which role, and what each role can do: policy documents as plain data. Pure; no CDK.

The publishing stack deploys exactly these documents, and the stand-ins of the rehearsal evaluate them.

STS fills nine condition keys from a GitHub token, besides `sub` and `aud` (`CONDITION_KEYS`); see
https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/ and, below
"Available keys for AWS OIDC federation",
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif.
Other claims, such as `event_name` and `runner_environment`, are not keys: a condition on them never matches. The broker
checks those itself, after STS has accepted the token that contains them.

The subject contains the numeric ids of owner and repository: a name can be given up and registered by someone else, an
id cannot. https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnd.runners.broker import session
from rnd.runners.broker.session import CREATE, IMAGES, PULL, PUSH, allow, document, image_arn, package_arn
from rnd.runners.stack import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.organisation import Organisation

    Document = dict[str, Any]
    Conditions = Mapping[str, Mapping[str, str | list[str]]]

IDENTITIES = ("development", "candidate", "release")
VERIFIED = (*IDENTITIES, "version")  # `version` gets a GitHub token only
STS_AUDIENCE = "sts.amazonaws.com"  # of the token with which a job assumes the reading or the entry role
BROKER_AUDIENCE = "rnd-broker"  # of the token that a job sends to the broker
CONDITION_KEYS = frozenset(
    {
        *("sub", "aud", "actor", "actor_id", "job_workflow_ref", "repository", "repository_id"),
        *("workflow", "ref", "environment", "enterprise_id"),
    }
)
MAIN = "refs/heads/main"
# The central workflows that can get the release identity.
RELEASE_WORKFLOWS = ("publish_package.yml", "promote_image.yml", "release.yml")


@dataclass(frozen=True)
class Role:
    """An IAM role.

    Attributes:
        arn: Its ARN.
        trust: Who can assume it.
        permissions: What it can do, or None for a role without permissions.
    """

    arn: str
    trust: Document
    permissions: Document | None


def roles(organisation: Organisation, owner_id: str, template_id: str) -> dict[str, Role]:
    """Return the roles of the publishing stack by name.

    Args:
        organisation: The organisation.
        owner_id: The numeric id of the GitHub organisation.
        template_id: The numeric id of the template's repository.
    """
    any_job = web_identity(organisation, STS_AUDIENCE, like={"sub": subjects(organisation, owner_id, "*")})
    found = [
        Role(organisation.aws.reading_role, any_job, document(read_packages(organisation))),
        Role(organisation.aws.entry_role, any_job, entry_permissions(organisation)),
        Role(role_arn(organisation, names.broker_role(organisation)), broker_trust(), broker_permissions(organisation)),
        base_images(organisation, owner_id, template_id),
    ]
    for identity in VERIFIED:
        arn = role_arn(organisation, names.verify_role(organisation, identity))
        found.append(Role(arn, verify_trust(organisation, owner_id, identity), None))
    for identity in IDENTITIES:
        arn = role_arn(organisation, names.wide_role(organisation, identity))
        found.append(Role(arn, wide_trust(organisation), wide_permissions(organisation, identity)))
    return {role.arn.rpartition("/")[2]: role for role in found}


def verify_trust(organisation: Organisation, owner_id: str, identity: str) -> Document:
    """Return which tokens STS accepts for an identity.

    `development`: a branch or a pull request, outside any environment. `version`: a pull request. `candidate`: `main`,
    outside any environment. `release`: `main`, in the environment of org.yml, from a central workflow at the ref of
    org.yml. GitHub writes `%3A` for a colon in the name of an environment.
    """
    environment = organisation.github.repository.environment.name
    contexts = {
        "development": ["pull_request", "ref:refs/heads/*"],
        "version": ["pull_request"],
        "candidate": [f"ref:{MAIN}"],
        "release": [f"environment:{environment.replace(':', '%3A')}"],
    }[identity]
    like = {"sub": subjects(organisation, owner_id, *contexts)}
    equal: dict[str, str | list[str]] = {}
    if identity in {"candidate", "release"}:
        equal["ref"] = MAIN
    if identity == "release":
        equal |= {"environment": environment, "job_workflow_ref": release_workflows(organisation)}
    return web_identity(organisation, BROKER_AUDIENCE, equal, like)


def subjects(organisation: Organisation, owner_id: str, *contexts: str) -> list[str]:
    """Return patterns for the subjects of the tokens of every repository of the organisation, in some contexts."""
    owner, prefix = organisation.github.owner, organisation.repository_prefix
    return [f"repo:{owner}@{owner_id}/{prefix}-*@*:{context}" for context in contexts]


def release_workflows(organisation: Organisation) -> list[str]:
    """Return `job_workflow_ref` of each central workflow that can get the release identity."""
    ref = organisation.template.workflow_ref
    full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    place = f"{names.template_repository(organisation)}/.github/workflows"
    return [f"{place}/{workflow}@{full}" for workflow in RELEASE_WORKFLOWS]


def web_identity(
    organisation: Organisation,
    audience: str,
    equal: Mapping[str, str | list[str]] | None = None,
    like: Mapping[str, str | list[str]] | None = None,
) -> Document:
    """Return a trust policy for tokens of GitHub.

    Args:
        organisation: The organisation, in whose account GitHub is an identity provider.
        audience: The audience of the token.
        equal: Claims and their exact values; with a list, one of them.
        like: Claims and patterns for their values.
    """
    conditions = {
        "StringEquals": {
            f"{names.ISSUER}:{claim}": value for claim, value in {"aud": audience, **(equal or {})}.items()
        },
        "StringLike": {f"{names.ISSUER}:{claim}": value for claim, value in (like or {}).items()},
    }
    principal = {"Federated": provider_arn(organisation)}
    return trusted(principal, "sts:AssumeRoleWithWebIdentity", conditions)


def wide_trust(organisation: Organisation) -> Document:
    """Return the trust policy of the roles that only the broker can assume."""
    return trusted({"AWS": role_arn(organisation, names.broker_role(organisation))}, "sts:AssumeRole")


def broker_trust() -> Document:
    """Return the trust policy of the broker's role: Lambda."""
    return trusted({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")


def trusted(principal: Mapping[str, str], action: str, conditions: Conditions | None = None) -> Document:
    """Return a trust policy with one statement."""
    statement: Document = {"Effect": "Allow", "Action": action, "Principal": dict(principal)}
    return document([statement | ({"Condition": conditions} if conditions else {})])


def read_packages(organisation: Organisation) -> list[Document]:
    """Return the statements that let a role read packages, of releases and of development versions."""
    index, place = organisation.aws.codeartifact, location(organisation)
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
    place = location(organisation)
    packages, images = f"{organisation.slug}-{organisation.repository_prefix}-*", names.image_repositories(organisation)
    statements = [*read_packages(organisation), allow(["ecr:GetAuthorizationToken"], ["*"])]
    index = {"development": place["development"], "release": place["releases"]}.get(identity)
    if index:
        arn = package_arn(place, index, packages)
        statements.append(allow(["codeartifact:PublishPackageVersion"], [arn]))
    own = image_arn(place, f"{IMAGES[identity]}{images}")
    statements.append(allow([*PULL, *PUSH, *CREATE], [own]))
    if identity == "release":
        candidates = image_arn(place, f"{IMAGES['candidate']}{images}")
        statements.append(allow([*PULL, "ecr:DescribeRepositories"], [candidates]))
    return document(statements)


def entry_permissions(organisation: Organisation) -> Document:
    """Return what the entry role can do: call the broker."""
    place = location(organisation)
    arn = f"arn:{place['partition']}:lambda:{place['region']}:{place['account']}:function:{organisation.aws.broker}"
    return document([allow(["lambda:InvokeFunction"], [arn])])


def broker_permissions(organisation: Organisation) -> Document:
    """Return what the broker can do: assume the wide roles, sign for the apps, and write its log.

    `AssumeRoleWithWebIdentity` is not signed, so it needs no permission. The keys are named by their alias, because the
    id of a key is not known before it exists: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    """
    place = location(organisation)
    arn = f"arn:{place['partition']}:%s:{place['region']}:{place['account']}"
    wide = [role_arn(organisation, names.wide_role(organisation, identity)) for identity in IDENTITIES]
    log = f"{arn % 'logs'}:log-group:/aws/lambda/{organisation.aws.broker}:*"
    statements = [
        allow(["sts:AssumeRole"], wide),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log]),
    ]
    if organisation.github.apps:
        aliases = [names.app_key_alias(organisation, app) for app in ("version", "release")]
        sign = allow(["kms:Sign"], [f"{arn % 'kms'}:key/*"])
        statements.append(sign | {"Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}}})
    return document(statements)


def base_images(organisation: Organisation, owner_id: str, template_id: str) -> Role:
    """Return the role for the base images, which only `main` of the template's repository can assume."""
    repository = names.template_repository(organisation)
    owner, name = repository.split("/")
    claims: dict[str, str | list[str]] = {
        "sub": f"repo:{owner}@{owner_id}/{name}@{template_id}:ref:{MAIN}",
        "job_workflow_ref": f"{repository}/.github/workflows/{names.BASE_IMAGE_WORKFLOW}@{MAIN}",
    }
    place = location(organisation)
    images = sorted({image for image, _ in names.base_images(organisation).values()})
    permissions = document(
        [
            allow(["ecr:GetAuthorizationToken"], ["*"]),
            allow(sorted([*PULL, *PUSH]), [image_arn(place, image) for image in images]),
        ]
    )
    arn = role_arn(organisation, names.base_image_role(organisation))
    return Role(arn, web_identity(organisation, STS_AUDIENCE, like=claims), permissions)


def session_policy(organisation: Organisation, identity: str, package: str) -> Document:
    """Return the session policy that the broker passes for an identity of one repository.

    Args:
        organisation: The organisation.
        identity: One of `IDENTITIES`.
        package: The name of the repository's package and image, such as `acme-lab-aligner`.
    """
    return session.session_policy(location(organisation), identity, package)


def location(organisation: Organisation) -> dict[str, str]:
    """Return where the organisation publishes to, as `session.session_policy` takes it."""
    aws = organisation.aws
    return {
        "partition": aws.entry_role.split(":")[1],
        "region": aws.region,
        "account": aws.account,
        "domain": aws.codeartifact.domain,
        "releases": aws.codeartifact.repository,
        "development": aws.codeartifact.development_repository,
    }


def provider_arn(organisation: Organisation) -> str:
    """Return the ARN of GitHub as an identity provider."""
    return _iam(organisation, f"oidc-provider/{names.ISSUER}")


def role_arn(organisation: Organisation, name: str) -> str:
    """Return the ARN of a role of the stack that org.yml does not name."""
    return _iam(organisation, f"role/{name}")


def _iam(organisation: Organisation, resource: str) -> str:
    place = location(organisation)
    return f"arn:{place['partition']}:iam::{place['account']}:{resource}"
