"""Who may publish: the trust policies as AWS has them, held against the tokens that GitHub gives to jobs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from rnd.runners.stack.names import ISSUER, base_image_role, publishing_role, reading_role, template_repository
from tests.helpers.stacks import GITHUB_IDS, ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.organisation import Organisation
    from tests.helpers.cloud import Cloud

OWNER_ID, TEMPLATE_ID = GITHUB_IDS["GitHubOwnerId"], GITHUB_IDS["TemplateRepositoryId"]


@pytest.fixture(params=ORGANISATIONS)
def account(clouds: dict[str, Cloud], request: pytest.FixtureRequest) -> tuple[Organisation, Cloud]:
    """One organisation after another, and its account."""
    return ORGANISATIONS[request.param], clouds[request.param]


def token(repository: str, context: str, workflow: str, owner_id: str = OWNER_ID, number: str = "77") -> dict[str, str]:
    """Return what of a job's token the policies look at, in the form that GitHub documents for new repositories.

    Args:
        repository: OWNER/NAME.
        context: The end of the subject, such as `pull_request`.
        workflow: The file that the job is written in, with its ref.
        owner_id: The organisation's number.
        number: The repository's.
    """
    owner, name = repository.split("/")
    return {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{owner}@{owner_id}/{name}@{number}:{context}",
        "job_workflow_ref": f"{repository}/.github/workflows/{workflow}",
    }


def admits(cloud: Cloud, role: str, claims: dict[str, str]) -> bool:
    """Say whether a role may be taken on with a token, as IAM reads a trust policy: every condition must hold."""
    policy = cloud.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"]["Federated"].endswith(f"oidc-provider/{ISSUER}")
    matches: dict[str, Callable[[str, str], bool]] = {"StringEquals": str.__eq__, "StringLike": fnmatchcase}
    return all(
        any(matches[operator](claims[key.removeprefix(f"{ISSUER}:")], one) for one in _listed(wanted))
        for operator, conditions in statement["Condition"].items()
        for key, wanted in conditions.items()
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_who_may_publish(account: tuple[Organisation, Cloud]) -> None:
    organisation, cloud = account
    _, role = publishing_role(organisation)
    owner, prefix = organisation.github.owner, organisation.repository_prefix
    ours = f"{owner}/{prefix}-aligner"
    package, image = "push_python_package.yml@refs/pull/1/merge", "build_and_push_docker_image.yml@refs/heads/main"
    assert admits(cloud, role, token(ours, "pull_request", package))
    assert admits(cloud, role, token(ours, "ref:refs/heads/main", image))
    refused = {
        "another organisation under our name": token(ours, "pull_request", package, owner_id="666"),
        "another organisation": token(f"evil/{prefix}-aligner", "pull_request", package),
        "another kind of repository": token(f"{owner}/website", "pull_request", package),
        "another workflow": token(ours, "pull_request", "greet.yml@refs/heads/main"),
        "a workflow of somebody else": token(ours, "pull_request", package)
        | {"job_workflow_ref": f"evil/{prefix}-x/.github/workflows/{package}"},
        "another audience": token(ours, "pull_request", package) | {"aud": "https://github.com/evil"},
        "a subject without numbers": token(ours, "pull_request", package) | {"sub": f"repo:{ours}:pull_request"},
    }
    assert [why for why, claims in refused.items() if admits(cloud, role, claims)] == []


def test_who_may_read_packages(account: tuple[Organisation, Cloud]) -> None:
    """Every job of every repository of ours, and it may read and nothing else."""
    organisation, cloud = account
    path, role = reading_role(organisation)
    owner, prefix = organisation.github.owner, organisation.repository_prefix
    ours = f"{owner}/{prefix}-aligner"
    checks = "python_lint_and_test.yml@refs/pull/1/merge"
    assert admits(cloud, role, token(ours, "pull_request", checks))
    assert admits(cloud, role, token(ours, "ref:refs/heads/topic", "greet.yml@refs/heads/topic"))
    refused = {
        "another organisation under our name": token(ours, "pull_request", checks, owner_id="666"),
        "another organisation": token(f"evil/{prefix}-aligner", "pull_request", checks),
        "another kind of repository": token(f"{owner}/website", "pull_request", checks),
        "another audience": token(ours, "pull_request", checks) | {"aud": "https://github.com/evil"},
        "a subject without numbers": token(ours, "pull_request", checks) | {"sub": f"repo:{ours}:pull_request"},
    }
    assert [why for why, claims in refused.items() if admits(cloud, role, claims)] == []
    found = cloud.client("iam").get_role(RoleName=role)["Role"]
    assert (found["Arn"], found["Path"]) == (organisation.aws.reading_role, path)
    allowed = dict(_allowed(cloud, role))
    index = f"{organisation.aws.codeartifact.domain}/{organisation.aws.codeartifact.repository}"
    place = f"{organisation.aws.region}:{organisation.aws.account}"
    assert allowed["codeartifact:ReadFromRepository"] == [f"arn:aws:codeartifact:{place}:repository/{index}"]
    assert set(allowed) == {
        "codeartifact:GetAuthorizationToken",
        "codeartifact:GetRepositoryEndpoint",
        "codeartifact:ReadFromRepository",
        "sts:GetServiceBearerToken",
    }


def test_the_job_that_tests_may_not_publish(account: tuple[Organisation, Cloud]) -> None:
    organisation, cloud = account
    ours = f"{organisation.github.owner}/{organisation.repository_prefix}-aligner"
    claims = token(ours, "pull_request", "python_lint_and_test.yml@refs/pull/1/merge")
    assert not admits(cloud, publishing_role(organisation)[1], claims)


def test_who_may_push_base_images(account: tuple[Organisation, Cloud]) -> None:
    organisation, cloud = account
    role, ours = base_image_role(organisation), template_repository(organisation)
    main, workflow = "ref:refs/heads/main", "base_images.yml@refs/heads/main"
    right: dict[str, Any] = {"repository": ours, "context": main, "workflow": workflow, "number": TEMPLATE_ID}
    assert admits(cloud, role, token(**right))
    for wrong in (
        {"number": "77"},
        {"owner_id": "666"},
        {"context": "pull_request"},
        {"context": "ref:refs/heads/topic"},
        {"workflow": "base_images.yml@refs/heads/topic"},
        {"workflow": "other.yml@refs/heads/main"},
        {"repository": f"{ours}-2"},
    ):
        assert not admits(cloud, role, token(**right | wrong)), wrong


def test_what_may_be_published_to(account: tuple[Organisation, Cloud]) -> None:
    organisation, cloud = account
    path, role = publishing_role(organisation)
    found = cloud.client("iam").get_role(RoleName=role)["Role"]
    assert found["Arn"] == organisation.aws.publishing_role
    assert found["Path"] == path
    allowed = dict(_allowed(cloud, role))
    aws = organisation.aws
    place = f"{aws.region}:{aws.account}"
    index = f"{aws.codeartifact.domain}/{aws.codeartifact.repository}"
    arn = f"arn:aws:codeartifact:{place}:package/{index}/pypi/*/*"
    assert allowed["codeartifact:PublishPackageVersion"] == [arn]
    assert allowed["codeartifact:ReadFromRepository"] == [f"arn:aws:codeartifact:{place}:repository/{index}"]
    images = f"arn:aws:ecr:{place}:repository/{organisation.slug}-{organisation.repository_prefix}-*"
    assert allowed["ecr:PutImage"] == allowed["ecr:CreateRepository"] == [images]
    unlimited = {action for action, resources in allowed.items() if resources == ["*"]}
    assert unlimited == {"ecr:GetAuthorizationToken", "sts:GetServiceBearerToken"}
    assert not any(action.split(":")[1].startswith(("Delete", "*")) for action in allowed)


def test_base_images_alone_may_be_pushed_by_their_role(account: tuple[Organisation, Cloud]) -> None:
    organisation, cloud = account
    allowed = dict(_allowed(cloud, base_image_role(organisation)))
    place = f"{organisation.aws.region}:{organisation.aws.account}"
    name = organisation.aws.base_image.split(":")[0]
    assert allowed["ecr:PutImage"] == [f"arn:aws:ecr:{place}:repository/{name}"]
    assert {action.split(":")[0] for action in allowed} == {"ecr"}


def _allowed(cloud: Cloud, role: str) -> list[tuple[str, list[str]]]:
    """Return each action that a role's policies allow, with the resources."""
    identity = cloud.client("iam")
    found = []
    for name in identity.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in identity.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            found += [(action, _listed(statement["Resource"])) for action in _listed(statement["Action"])]
    return found
