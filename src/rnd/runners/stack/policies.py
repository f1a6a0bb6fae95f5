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
from rnd.runners.broker.session import PULL, PUSH, allow, document, image_arn
from rnd.runners.errors import StackInvalid
from rnd.runners.stack import names, permissions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.organisation import Organisation

    Document = dict[str, Any]
    Conditions = Mapping[str, Mapping[str, str | list[str]]]

IDENTITIES = permissions.IDENTITIES
VERIFIED = (*IDENTITIES, "version")  # `version` gets a GitHub token only
STS_AUDIENCE = "sts.amazonaws.com"  # of the token with which a job assumes the reading or the entry role
BROKER_AUDIENCE = "rnd-broker"  # of the token that a job sends to the broker
CONDITION_KEYS = frozenset(
    {
        *("sub", "aud", "actor", "actor_id", "job_workflow_ref", "repository", "repository_id"),
        *("workflow", "ref", "environment", "enterprise_id"),
    }
)
# Characters, without a request for more: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MOST_TRUST, MOST_PERMISSIONS = 2048, 10_240
MAIN = "refs/heads/main"
FOLDER = ".github/workflows"
# Files of a generated repository: the jobs in them run its Dockerfile, its build backend, and set its version.
IMAGE_WORKFLOW, PACKAGE_WORKFLOW = "build_and_push_docker_image.yml", "push_python_package.yml"
VERSION_WORKFLOW = "on_pr.yml"
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
    any_job = web_identity(organisation, STS_AUDIENCE, like=claims(organisation, owner_id, "*"))
    found = [
        Role(organisation.require_aws().reading_role, any_job, document(permissions.read_packages(organisation))),
        Role(organisation.require_aws().entry_role, any_job, permissions.entry_permissions(organisation)),
        Role(
            names.role_arn(organisation, names.broker_role(organisation)),
            broker_trust(),
            permissions.broker_permissions(organisation),
        ),
        base_images(organisation, owner_id, template_id),
    ]
    for identity in VERIFIED:
        arn = names.role_arn(organisation, names.verify_role(organisation, identity))
        found.append(Role(arn, verify_trust(organisation, owner_id, identity), None))
    for identity in IDENTITIES:
        arn = names.role_arn(organisation, names.wide_role(organisation, identity))
        found.append(Role(arn, wide_trust(organisation), permissions.wide_permissions(organisation, identity)))
    return {role.arn.rpartition("/")[2]: _within_limits(role) for role in found}


def _within_limits(role: Role) -> Role:
    """Return the role.

    Raises:
        StackInvalid: IAM would refuse it in the middle of the deployment.
    """
    for kind, policy, most in (
        ("trust policy", role.trust, MOST_TRUST),
        ("policy", role.permissions, MOST_PERMISSIONS),
    ):
        size = len(session.as_text(policy)) if policy else 0
        if size > most:
            raise StackInvalid(
                f"The {kind} of the role {role.arn} has {size} characters, and IAM accepts {most}.",
                "Shorten aws.adopted in org.yml: rename the repositories and packages that can be renamed.",
            )
    return role


def verify_trust(organisation: Organisation, owner_id: str, identity: str) -> Document:
    """Return which tokens STS accepts for an identity.

    `development`: a branch or a pull request. `version`: a pull request. `candidate`: `main`. `release`: `main`, in the
    environment of org.yml. The first three only outside any environment, and each only from its own workflow files:
    hooks and tests run in another one. GitHub writes `%3A` for a colon in the name of an environment.
    """
    environment = organisation.github.repository.environment.name
    contexts = {
        "development": ["pull_request", "ref:refs/heads/*"],
        "version": ["pull_request"],
        "candidate": [f"ref:{MAIN}"],
        "release": [f"environment:{environment.replace(':', '%3A')}"],
    }[identity]
    like: dict[str, str | list[str]] = {
        **claims(organisation, owner_id, *contexts),
        "job_workflow_ref": workflows(organisation, identity),
    }
    equal: dict[str, str | list[str]] = {}
    if identity in {"candidate", "release"}:
        equal["ref"] = MAIN
    if identity == "release":
        equal["environment"] = environment
        equal["job_workflow_ref"] = like.pop("job_workflow_ref")
    return web_identity(organisation, BROKER_AUDIENCE, equal, like)


def workflows(organisation: Organisation, identity: str) -> list[str]:
    """Return patterns for `job_workflow_ref` of the jobs that can get an identity; without `*` for `release`.

    A repository's own files are in its own repository, which the broker checks. The central ones are called at the ref
    of org.yml or, by the canaries, at theirs.
    """
    template, refs = organisation.template.full_name, map(_full, _central_refs(organisation))
    central = [f"{template}/{FOLDER}/{one}@{full}" for full in refs for one in RELEASE_WORKFLOWS]
    own = f"{organisation.github.owner}/{_repository_names(organisation)}/{FOLDER}"
    return {
        "development": [
            *central[:: len(RELEASE_WORKFLOWS)],
            f"{own}/{IMAGE_WORKFLOW}@*",
            f"{own}/{PACKAGE_WORKFLOW}@*",
        ],
        "version": [f"{own}/{VERSION_WORKFLOW}@refs/pull/*"],
        "candidate": [f"{own}/{IMAGE_WORKFLOW}@{MAIN}"],
        "release": central,
    }[identity]


def _central_refs(organisation: Organisation) -> tuple[str, ...]:
    template = organisation.template
    return (template.workflow_ref, template.canary_ref)


def _full(ref: str) -> str:
    return ref if ref.startswith("refs/") else f"refs/heads/{ref}"


def claims(organisation: Organisation, owner_id: str, *contexts: str) -> dict[str, str | list[str]]:
    """Return patterns for the claims of every repository that publishes, in some contexts.

    The name of a repository is part of the subject. With `aws.adopted` there are many forms of it, and a trust policy
    has 2,048 characters; so the claim `repository` then limits the names, once for all contexts.
    """
    owner, name = organisation.github.owner, _repository_names(organisation)
    found: dict[str, str | list[str]] = {"sub": [f"repo:{owner}@{owner_id}/{name}@*:{context}" for context in contexts]}
    if adopted := organisation.require_aws().adopted:
        found["repository"] = [f"{owner}/{organisation.repository_prefix}-*", *(f"{owner}/{one}" for one in adopted)]
    return found


def _repository_names(organisation: Organisation) -> str:
    """Return a pattern for names in subjects and workflow files; the broker checks that both are of one repository."""
    return "*" if organisation.require_aws().adopted else f"{organisation.repository_prefix}-*"


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
    principal = {"Federated": names.provider_arn(organisation)}
    return trusted(principal, "sts:AssumeRoleWithWebIdentity", conditions)


def wide_trust(organisation: Organisation) -> Document:
    """Return the trust policy of the roles that only the broker can assume."""
    return trusted({"AWS": names.role_arn(organisation, names.broker_role(organisation))}, "sts:AssumeRole")


def broker_trust() -> Document:
    """Return the trust policy of the broker's role: Lambda."""
    return trusted({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")


def trusted(principal: Mapping[str, str], action: str, conditions: Conditions | None = None) -> Document:
    """Return a trust policy with one statement."""
    statement: Document = {"Effect": "Allow", "Action": action, "Principal": dict(principal)}
    return document([statement | ({"Condition": conditions} if conditions else {})])


def base_images(organisation: Organisation, owner_id: str, template_id: str) -> Role:
    """Return the role for the base images, which only `main` of the template's repository can assume."""
    repository = organisation.template.full_name
    owner, name = repository.split("/")
    claims: dict[str, str | list[str]] = {
        "sub": f"repo:{owner}@{owner_id}/{name}@{template_id}:ref:{MAIN}",
        "job_workflow_ref": f"{repository}/.github/workflows/{names.BASE_IMAGE_WORKFLOW}@{MAIN}",
    }
    place = names.location(organisation)
    images = sorted({image for image, _ in names.base_images(organisation).values()})
    allowed = document(
        [
            allow(["ecr:GetAuthorizationToken"], ["*"]),
            allow(sorted([*PULL, *PUSH]), [image_arn(place, image) for image in images]),
        ]
    )
    arn = names.role_arn(organisation, names.base_image_role(organisation))
    return Role(arn, web_identity(organisation, STS_AUDIENCE, like=claims), allowed)


def session_policy(organisation: Organisation, identity: str, package: str) -> Document:
    """Return the session policy that the broker passes for an identity of one repository.

    Args:
        organisation: The organisation.
        identity: One of `IDENTITIES`.
        package: The name of the repository's package and image, such as `acme-lab-aligner`.
    """
    return session.session_policy(names.location(organisation), identity, package)
