"""Who can assume which role, and what each identity can write: the documents, read as IAM reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rnd.organisation import SHIPPED, load_organisation
from rnd.runners.broker.session import MOST_CHARACTERS, as_text
from rnd.runners.stack import names, policies
from tests.helpers.iam import admits, allowed, allows
from tests.helpers.machine import ACME

if TYPE_CHECKING:
    from rnd.organisation import Organisation

ORGANISATIONS = {"shipped": load_organisation(SHIPPED), "acme": load_organisation(ACME)}
OWNER_ID, TEMPLATE_ID = "1001", "2002"
MAIN = "refs/heads/main"


@pytest.fixture(params=ORGANISATIONS)
def organisation(request: pytest.FixtureRequest) -> Organisation:
    """One organisation after another."""
    return ORGANISATIONS[request.param]


def role(organisation: Organisation, name: str) -> policies.Role:
    """Return a role by its name."""
    return policies.roles(organisation, OWNER_ID, TEMPLATE_ID)[name]


def verifies(organisation: Organisation, identity: str, claims: dict[str, str]) -> bool:
    """Return whether STS accepts a token for an identity."""
    return admits(role(organisation, names.verify_role(organisation, identity)).trust, claims)


def token(organisation: Organisation, context: str, ref: str, **changed: str) -> dict[str, str]:
    """Return the claims of a job's token for the broker."""
    owner, name = organisation.github.owner, f"{organisation.repository_prefix}-aligner"
    return {
        "aud": "rnd-broker",
        "sub": f"repo:{owner}@{OWNER_ID}/{name}@77:{context}",
        "ref": ref,
        "repository": f"{owner}/{name}",
        "repository_id": "77",
        "job_workflow_ref": f"{owner}/{name}/.github/workflows/build_and_push_docker_image.yml@{ref}",
        **changed,
    }


def in_file(organisation: Organisation, file: str, ref: str) -> str:
    """Return `job_workflow_ref` of a job that a repository has in a workflow file of its own."""
    return f"{organisation.github.owner}/{organisation.repository_prefix}-aligner/.github/workflows/{file}@{ref}"


def release_token(organisation: Organisation, **changed: str) -> dict[str, str]:
    """Return the claims of a job that releases: from main, in the environment, through a central workflow."""
    environment = organisation.github.repository.environment.name
    ref = f"refs/heads/{organisation.template.workflow_ref}"
    central = f"{organisation.template.full_name}/.github/workflows/promote_image.yml@{ref}"
    claims = token(organisation, f"environment:{environment}", MAIN, environment=environment, job_workflow_ref=central)
    return claims | changed


def test_which_identity_each_run_can_get(organisation: Organisation) -> None:
    environment = organisation.github.repository.environment.name
    pull, image = "refs/pull/1/merge", "build_and_push_docker_image.yml"

    def run(context: str, ref: str, file: str = image, **changed: str) -> dict[str, str]:
        return token(organisation, context, ref, job_workflow_ref=in_file(organisation, file, ref), **changed)

    runs: dict[str, tuple[dict[str, str], list[str]]] = {
        "a pull request: image": (run("pull_request", pull), ["development"]),
        "a pull request: package": (run("pull_request", pull, "push_python_package.yml"), ["development"]),
        "a pull request: version": (run("pull_request", pull, "on_pr.yml"), ["version"]),
        "a pull request: hooks and tests": (run("pull_request", pull, "python_lint_and_test.yml"), []),
        "a branch: image": (run("ref:refs/heads/topic", "refs/heads/topic"), ["development"]),
        "a branch: version": (run("ref:refs/heads/topic", "refs/heads/topic", "on_pr.yml"), []),
        "main: image": (run(f"ref:{MAIN}", MAIN), ["development", "candidate"]),
        "main: hooks and tests": (run(f"ref:{MAIN}", MAIN, "python_lint_and_test.yml"), []),
        "main: any other job": (run(f"ref:{MAIN}", MAIN, "on_push_main.yml"), []),
        "main, in the environment": (run(f"environment:{environment}", MAIN, environment=environment), []),
        "main, in the environment, central workflow": (release_token(organisation), ["release"]),
        "a branch called like main": (run(f"ref:{MAIN}-2", f"{MAIN}-2"), ["development"]),
        "a tag called main": (run("ref:refs/tags/main", "refs/tags/main"), []),
        "a tag": (run("ref:refs/tags/v1.0.0", "refs/tags/v1.0.0"), []),
        "another environment": (run("environment:staging", MAIN, environment="staging"), []),
    }
    for name, (claims, expected) in runs.items():
        can = [identity for identity in policies.VERIFIED if verifies(organisation, identity, claims)]
        assert can == expected, name


def test_a_development_package_is_published_by_the_central_workflow(organisation: Organisation) -> None:
    ref = f"refs/heads/{organisation.template.workflow_ref}"
    place = f"{organisation.template.full_name}/.github/workflows"
    right = token(
        organisation, "pull_request", "refs/pull/1/merge", job_workflow_ref=f"{place}/publish_package.yml@{ref}"
    )
    assert verifies(organisation, "development", right)
    for other in (f"{place}/publish_package.yml@refs/heads/topic", f"{place}/promote_image.yml@{ref}"):
        assert not verifies(organisation, "development", right | {"job_workflow_ref": other})


def test_a_release_needs_every_one_of_its_claims(organisation: Organisation) -> None:
    assert verifies(organisation, "release", release_token(organisation))
    central, ref = release_token(organisation)["job_workflow_ref"].split("@")
    canary = f"{central}@refs/heads/{organisation.template.canary_ref}"
    assert verifies(organisation, "release", release_token(organisation, job_workflow_ref=canary))
    owner = organisation.github.owner
    for changed in (
        {"aud": "sts.amazonaws.com"},
        {"ref": "refs/heads/topic"},
        {"ref": "refs/tags/main"},
        {"environment": "staging"},
        {"sub": token(organisation, f"ref:{MAIN}", MAIN)["sub"]},
        {"job_workflow_ref": f"{central}@refs/heads/topic"},
        {"job_workflow_ref": f"{canary}-2"},
        {"job_workflow_ref": f"{central}@{ref.replace('heads', 'tags')}"},
        {"job_workflow_ref": f"{owner}/{organisation.repository_prefix}-x/.github/workflows/promote_image.yml@{ref}"},
        {"job_workflow_ref": f"{organisation.template.full_name}/.github/workflows/other.yml@{ref}"},
    ):
        assert not verifies(organisation, "release", release_token(organisation, **changed)), changed
    for claim in ("ref", "environment", "job_workflow_ref", "sub", "aud"):
        missing = {name: value for name, value in release_token(organisation).items() if name != claim}
        assert not verifies(organisation, "release", missing), claim


def test_a_subject_of_the_former_form_is_refused(organisation: Organisation) -> None:
    """Repositories from before 15 July 2026 have it, until `rnd github apply` sets the other one."""
    claims = release_token(organisation)
    former = claims["sub"].replace(f"@{OWNER_ID}/", "/").replace("@77:", ":")
    assert former == f"repo:{claims['repository']}:environment:{claims['environment']}"
    assert verifies(organisation, "release", claims)
    assert not verifies(organisation, "release", claims | {"sub": former})


@pytest.mark.parametrize("identity", policies.VERIFIED)
def test_no_identity_for_others(organisation: Organisation, identity: str) -> None:
    right = {
        "development": token(organisation, "pull_request", "refs/pull/1/merge"),
        "version": token(
            organisation,
            "pull_request",
            "refs/pull/1/merge",
            job_workflow_ref=in_file(organisation, "on_pr.yml", "refs/pull/1/merge"),
        ),
        "candidate": token(organisation, f"ref:{MAIN}", MAIN),
        "release": release_token(organisation),
    }[identity]
    assert verifies(organisation, identity, right)
    owner, prefix, subject = organisation.github.owner, organisation.repository_prefix, right["sub"]
    for wrong in (
        subject.replace(f"@{OWNER_ID}", "@666"),  # an organisation that took over the name
        subject.replace(f"@{OWNER_ID}", "").replace("@77", ""),  # without ids
        subject.replace(owner, "evil"),
        subject.replace(f"/{prefix}-aligner", "/website"),
        f"x{subject}",
        f"{subject}:x",
    ):
        assert not verifies(organisation, identity, right | {"sub": wrong}), wrong
    assert not verifies(organisation, identity, right | {"aud": "sts.amazonaws.com"})


def test_conditions_use_only_keys_that_sts_fills(organisation: Organisation) -> None:
    for one in policies.roles(organisation, OWNER_ID, TEMPLATE_ID).values():
        for statement in one.trust["Statement"]:
            for conditions in statement.get("Condition", {}).values():
                assert {key.removeprefix(f"{names.ISSUER}:") for key in conditions} <= policies.CONDITION_KEYS


def test_a_token_for_the_broker_assumes_no_role_of_a_job(organisation: Organisation) -> None:
    """And the other way round: the token that a job gives to STS itself is of no use to the broker."""
    claims = token(organisation, "pull_request", "refs/pull/1/merge")
    for name in (names.entry_role(organisation)[1], names.reading_role(organisation)[1]):
        assert admits(role(organisation, name).trust, claims | {"aud": "sts.amazonaws.com"})
        assert not admits(role(organisation, name).trust, claims)


def test_the_wide_roles_trust_the_broker_alone(organisation: Organisation) -> None:
    broker = role(organisation, names.broker_role(organisation))
    assert broker.trust["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    for identity in policies.IDENTITIES:
        (statement,) = role(organisation, names.wide_role(organisation, identity)).trust["Statement"]
        assert (statement["Principal"], statement["Action"]) == ({"AWS": broker.arn}, "sts:AssumeRole")
        verify = role(organisation, names.verify_role(organisation, identity))
        assert verify.permissions is None


def _writes(organisation: Organisation, identity: str, package: str) -> dict[str, bool]:
    """Return what a session of an identity for `aligner` can write; role and session policy must both allow it."""
    prefix = f"{organisation.slug}-{organisation.repository_prefix}"
    session = policies.session_policy(organisation, identity, f"{prefix}-aligner")
    wide = role(organisation, names.wide_role(organisation, identity)).permissions
    place = names.location(organisation)
    account = f"{place['region']}:{place['account']}"

    def can(action: str, arn: str) -> bool:
        return allows(session, action, arn) and allows(wide, action, arn)

    packages = {
        name: f"arn:aws:codeartifact:{account}:package/{place['domain']}/{place[name]}/pypi//{package}"
        for name in ("development", "releases")
    }
    images = {
        folder: f"arn:aws:ecr:{account}:repository/{folder}{package}" for folder in ("dev/", "candidate/", "", "x/")
    }
    return {
        **{f"package {name}": can("codeartifact:PublishPackageVersion", arn) for name, arn in packages.items()},
        **{f"image {folder}": can("ecr:PutImage", arn) for folder, arn in images.items()},
    }


@pytest.mark.parametrize(
    ("identity", "written"),
    [
        ("development", {"package development", "image dev/"}),
        ("candidate", {"image candidate/"}),
        ("release", {"package releases", "image "}),
    ],
)
def test_an_identity_writes_its_own_names_only(organisation: Organisation, identity: str, written: set[str]) -> None:
    prefix = f"{organisation.slug}-{organisation.repository_prefix}"
    assert {name for name, can in _writes(organisation, identity, f"{prefix}-aligner").items() if can} == written
    for other in (f"{prefix}-other", f"{prefix}-aligner-2", "requests", f"{organisation.slug}-{prefix}-aligner", "*"):
        assert not any(_writes(organisation, identity, other).values()), other


def test_a_release_reads_the_candidate_of_its_own_repository(organisation: Organisation) -> None:
    prefix, place = f"{organisation.slug}-{organisation.repository_prefix}", names.location(organisation)
    session = policies.session_policy(organisation, "release", f"{prefix}-aligner")
    candidates = f"arn:aws:ecr:{place['region']}:{place['account']}:repository/candidate/{prefix}"
    assert allows(session, "ecr:BatchGetImage", f"{candidates}-aligner")
    assert not allows(session, "ecr:PutImage", f"{candidates}-aligner")
    assert not allows(session, "ecr:BatchGetImage", f"{candidates}-other")


def test_the_reading_role_reads_packages_and_nothing_else(organisation: Organisation) -> None:
    actions = {action for action, _ in allowed(role(organisation, names.reading_role(organisation)[1]).permissions)}
    assert actions == {
        "codeartifact:GetAuthorizationToken",
        "codeartifact:GetRepositoryEndpoint",
        "codeartifact:ReadFromRepository",
        "sts:GetServiceBearerToken",
    }


def test_the_entry_role_calls_the_broker_and_nothing_else(organisation: Organisation) -> None:
    place = names.location(organisation)
    function = f"arn:aws:lambda:{place['region']}:{place['account']}:function:{organisation.require_aws().broker}"
    found = list(allowed(role(organisation, names.entry_role(organisation)[1]).permissions))
    assert found == [("lambda:InvokeFunction", function)]


def test_the_broker_signs_only_if_there_are_apps(organisation: Organisation) -> None:
    permissions = role(organisation, names.broker_role(organisation)).permissions
    actions = {action for action, _ in allowed(permissions)}
    assert ("kms:Sign" in actions) is bool(organisation.github.apps)
    assert actions - {"kms:Sign"} == {
        "sts:AssumeRole",
        "ssm:GetParameter",
        "ssm:PutParameter",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert not {"kms:*", "kms:GetPublicKey", "lambda:InvokeFunction"} & actions


def test_no_role_deletes_or_changes_anything_for_good(organisation: Organisation) -> None:
    for one in policies.roles(organisation, OWNER_ID, TEMPLATE_ID).values():
        for action, _ in allowed(one.permissions):
            verb = action.split(":")[1]
            assert not verb.startswith(("Delete", "*", "Dispose", "PutImageTagMutability", "Set")), action


@pytest.mark.parametrize("identity", policies.IDENTITIES)
def test_session_policies_fit(organisation: Organisation, identity: str) -> None:
    """STS accepts 2,048 characters; the longest name of a GitHub repository has 100."""
    package = f"{organisation.slug}-{organisation.repository_prefix}-".ljust(len(organisation.slug) + 101, "x")
    policy = policies.session_policy(organisation, identity, package)
    assert len(as_text(policy)) <= MOST_CHARACTERS
    assert json.loads(as_text(policy)) == policy
