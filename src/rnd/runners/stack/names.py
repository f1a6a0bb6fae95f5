"""Names of AWS resources, derived from org.yml. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnd.organisation import Organisation

# The workflow in the template's repository that builds the base images.
BASE_IMAGE_WORKFLOW = "base_images.yml"
# Days after which the images of branches, and those that were not promoted, expire; see `session.IMAGES` of the broker.
EXPIRES = {"dev/": 30, "candidate/": 14}
KEPT_VERSIONS = 50  # of the development versions of each package
ISSUER = "token.actions.githubusercontent.com"


def runner_stack(organisation: Organisation) -> str:
    """Return the name of the runner stack."""
    return f"{organisation.repository_prefix}-runners"


def publishing_stack(organisation: Organisation) -> str:
    """Return the name of the publishing stack, with the roles and the repositories of the base images."""
    return f"{organisation.repository_prefix}-publishing"


def reading_role(organisation: Organisation) -> tuple[str, str]:
    """Return path and name of the role that jobs assume to install packages."""
    return _path_and_name(organisation.require_aws().reading_role)


def entry_role(organisation: Organisation) -> tuple[str, str]:
    """Return path and name of the role that jobs assume to call the broker."""
    return _path_and_name(organisation.require_aws().entry_role)


def broker_role(organisation: Organisation) -> str:
    """Return the name of the role of the broker."""
    return f"{organisation.repository_prefix}-broker"


def verify_role(organisation: Organisation, identity: str) -> str:
    """Return the name of the role with which the broker lets STS verify a token for an identity."""
    return f"{organisation.repository_prefix}-verify-{identity}"


def wide_role(organisation: Organisation, identity: str) -> str:
    """Return the name of the role that the broker assumes for an identity, limited to one repository."""
    return f"{organisation.repository_prefix}-publish-{identity}"


def app_key_alias(organisation: Organisation, app: str) -> str:
    """Return the alias of the KMS key that signs for a GitHub App, `version` or `release`."""
    return f"alias/{organisation.repository_prefix}-app-{app}"


def package_parameters(organisation: Organisation) -> str:
    """Return the start of the names of the SSM parameters that hold which repository a package belongs to."""
    return f"/{organisation.repository_prefix}/packages/"


def _path_and_name(arn: str) -> tuple[str, str]:
    path, _, name = arn.partition(":role/")[2].rpartition("/")
    return f"/{path}/" if path else "/", name


def base_image_role(organisation: Organisation) -> str:
    """Return the name of the role that the base image workflow assumes."""
    return f"{organisation.repository_prefix}-base-images"


def base_images(organisation: Organisation) -> dict[str, tuple[str, str]]:
    """Return name and tag of the base image, by Python version."""
    images = {}
    for version in organisation.python.versions:
        name, _, tag = organisation.image_registry.base_image.format(version=version).rpartition(":")
        images[version] = name, tag
    return images


def packages(organisation: Organisation) -> list[str]:
    """Return patterns for the packages of the organisation's repositories, which are the names of their images too."""
    adopted = organisation.require_aws().adopted.values()
    return [f"{organisation.slug}-{organisation.repository_prefix}-*", *adopted]


def location(organisation: Organisation) -> dict[str, str]:
    """Return where the organisation publishes to, as `session.session_policy` takes it."""
    aws, index = organisation.require_aws(), organisation.require_codeartifact()
    return {
        "partition": aws.entry_role.split(":")[1],
        "region": aws.region,
        "account": aws.account,
        "domain": index.domain,
        "releases": index.repository,
        "development": index.development_repository,
    }


def provider_arn(organisation: Organisation) -> str:
    """Return the ARN of GitHub as an identity provider."""
    return _iam(organisation, f"oidc-provider/{ISSUER}")


def role_arn(organisation: Organisation, name: str) -> str:
    """Return the ARN of a role that org.yml does not name."""
    return _iam(organisation, f"role/{name}")


def _iam(organisation: Organisation, resource: str) -> str:
    place = location(organisation)
    return f"arn:{place['partition']}:iam::{place['account']}:{resource}"
