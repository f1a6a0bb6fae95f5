"""Repositories that joined with names of their own: `aws.adopted` in org.yml lets them publish, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rnd.errors import OrganisationInvalid
from rnd.organisation import load_organisation
from rnd.runners.broker.claims import read_job
from rnd.runners.broker.refusal import Refused
from rnd.runners.errors import StackInvalid
from rnd.runners.stack import names, policies
from rnd.runners.stack.configuration import broker_configuration
from tests.helpers import broker
from tests.helpers.iam import admits, allows
from tests.helpers.machine import ACME

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.organisation import Organisation

MAIN = "refs/heads/main"


def with_adopted(**adopted: str) -> Organisation:
    """Return an organisation in which some repositories have joined."""
    organisation = load_organisation(ACME)
    aws = organisation.require_aws().model_copy(update={"adopted": adopted})
    return organisation.model_copy(update={"aws": aws})


ORGANISATION = with_adopted(Aligner="acme-aligner", website_tools="website-tools")


def claims_of(repository: str, identity: str) -> dict[str, str]:
    """Return the claims of the job of a repository that can get an identity, if the repository can."""
    owner, environment = ORGANISATION.github.owner, ORGANISATION.github.repository.environment.name
    ref = f"refs/heads/{ORGANISATION.template.workflow_ref}"
    central = f"{ORGANISATION.template.full_name}/{policies.FOLDER}/promote_image.yml@{ref}"
    context, head, file, own = {
        "development": ("pull_request", "refs/pull/1/merge", policies.IMAGE_WORKFLOW, {}),
        "version": ("pull_request", "refs/pull/1/merge", policies.VERSION_WORKFLOW, {}),
        "candidate": (f"ref:{MAIN}", MAIN, policies.IMAGE_WORKFLOW, {}),
        "release": (
            f"environment:{environment}",
            MAIN,
            "",
            {"environment": environment, "job_workflow_ref": central},
        ),
    }[identity]
    return {
        "aud": "rnd-broker",
        "sub": f"repo:{owner}@{broker.OWNER_ID}/{repository}@77:{context}",
        "ref": head,
        "repository": f"{owner}/{repository}",
        "job_workflow_ref": f"{owner}/{repository}/{policies.FOLDER}/{file}@{head}",
        **own,
    }


@pytest.mark.parametrize("identity", policies.VERIFIED)
def test_sts_accepts_the_named_repositories_and_those_of_the_prefix(identity: str) -> None:
    role = policies.roles(ORGANISATION, broker.OWNER_ID, "2002")[names.verify_role(ORGANISATION, identity)]
    asked = ["Aligner", "website_tools", "lab-aligner", "website", "Aligner-2", "aligner", "x/Aligner", "template"]
    accepted = [name for name in asked if admits(role.trust, claims_of(name, identity))]
    assert accepted == ["Aligner", "website_tools", "lab-aligner"]
    without = policies.roles(with_adopted(), broker.OWNER_ID, "2002")[role.arn.rpartition("/")[2]]
    assert [name for name in asked if admits(without.trust, claims_of(name, identity))] == ["lab-aligner"]


@pytest.mark.parametrize("identity", policies.IDENTITIES)
def test_an_identity_writes_the_package_of_its_entry_only(identity: str) -> None:
    wide = policies.roles(ORGANISATION, broker.OWNER_ID, "2002")[names.wide_role(ORGANISATION, identity)].permissions
    session = policies.session_policy(ORGANISATION, identity, "acme-aligner")
    place = names.location(ORGANISATION)
    folder = {"development": "dev/", "candidate": "candidate/", "release": ""}[identity]
    images = f"arn:aws:ecr:{place['region']}:{place['account']}:repository/{folder}"

    def writes(package: str) -> bool:
        return all(allows(one, "ecr:PutImage", f"{images}{package}") for one in (wide, session))

    assert [one for one in ("acme-aligner", "website-tools", "lab-x", "acme-lab-x", "other") if writes(one)] == [
        "acme-aligner"
    ]
    assert allows(wide, "ecr:PutImage", f"{images}website-tools")
    assert not allows(wide, "ecr:PutImage", f"{images}other")


@pytest.mark.parametrize(
    ("repository", "package"),
    [
        ("Aligner", "acme-aligner"),
        ("website_tools", "website-tools"),
        ("lab-aligner", "acme-lab-aligner"),
        ("aligner", None),
        ("website", None),
        ("lab-template", None),
    ],
)
def test_the_broker_takes_the_package_from_org_yml(repository: str, package: str | None) -> None:
    configuration = broker_configuration(ORGANISATION, broker.OWNER_ID)
    subject = f"repo:acme-robotics@{broker.OWNER_ID}/{repository}@77:pull_request"
    changed: dict[str, object] = {"sub": subject, "repository": f"acme-robotics/{repository}"}
    claims = broker.claims(changed=changed)
    if package is None:
        with pytest.raises(Refused, match=r"publishes nothing|is a protected name"):
            read_job(claims, configuration, broker.NOW)
    else:
        assert read_job(claims, configuration, broker.NOW).package == package
        with pytest.raises(Refused, match="contradict"):
            read_job(claims | {"repository": "acme-robotics/website"}, configuration, broker.NOW)


def test_more_than_iam_accepts_is_refused_before_the_deployment() -> None:
    some = {f"project-{number}": f"package-{number}" for number in range(20)}  # as docs/how-to/adopt.md says
    assert policies.roles(with_adopted(**some), broker.OWNER_ID, "2002")
    many = {f"project-{number}": f"package-{number}" for number in range(60)}
    with pytest.raises(StackInvalid, match="characters, and IAM accepts") as caught:
        policies.roles(with_adopted(**many), broker.OWNER_ID, "2002")
    assert "aws.adopted" in caught.value.hint


@pytest.mark.parametrize(
    ("adopted", "fault"),
    [
        ({"aligner": "acme-lab-other"}, "belongs to the repository lab-other"),
        ({"aligner": "tool", "planner": "tool"}, "two entries have the package tool"),
        ({"aligner": "tool", "Aligner": "other"}, "two entries have the repository aligner"),
        ({"aligner": "Tool"}, "aws.adopted.aligner"),
        ({"aligner/x": "tool"}, "aws.adopted"),
    ],
)
def test_an_entry_that_gives_a_package_away_is_refused(adopted: dict[str, Any], fault: str, tmp_path: Path) -> None:
    text = ACME.read_text(encoding="utf-8")
    entries = "".join(f"    {repository}: {package}\n" for repository, package in adopted.items())
    file = tmp_path / "org.yml"
    file.write_text(text.replace("\naws:\n", f"\naws:\n  adopted:\n{entries}"), encoding="utf-8")
    with pytest.raises(OrganisationInvalid) as caught:
        load_organisation(file)
    assert fault in str(caught.value)
