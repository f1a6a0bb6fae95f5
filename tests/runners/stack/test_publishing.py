"""The publishing stack: it deploys the documents of policies.py, the broker, and nothing that anybody else can call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rnd.runners.stack import names, policies
from rnd.runners.stack.configuration import broker_configuration
from tests.helpers.iam import admits, allowed
from tests.helpers.stacks import GITHUB_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.organisation import Organisation
    from tests.helpers.cloud import Cloud
    from tests.helpers.stacks import Stacks

OWNER_ID, TEMPLATE_ID = GITHUB_IDS["GitHubOwnerId"], GITHUB_IDS["TemplateRepositoryId"]


def resolve(node: Any) -> Any:  # noqa: ANN401 - a template is any JSON
    """Return a part of a template with the parameters filled in, as CloudFormation does."""
    if isinstance(node, list):
        return [resolve(one) for one in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"}:
        return GITHUB_IDS.get(node["Ref"], node)
    if set(node) == {"Fn::Join"}:
        separator, parts = node["Fn::Join"]
        resolved = [resolve(part) for part in parts]
        return separator.join(resolved) if all(isinstance(part, str) for part in resolved) else node
    return {key: resolve(value) for key, value in node.items()}


def resources(stacks: Stacks) -> dict[str, dict[str, Any]]:
    """Return the resources of the stack by name, without the scheduled function that test_clean_up.py checks."""
    return {name: one for name, one in stacks.publishing["Resources"].items() if not name.startswith("CleanUp")}


def of_type(stacks: Stacks, kind: str) -> Iterator[dict[str, Any]]:
    """Yield each resource of a type, with the parameters filled in."""
    for resource in resources(stacks).values():
        if resource["Type"] == kind:
            yield resolve(resource)


def wanted_roles(organisation: Organisation) -> list[policies.Role]:
    """Return the roles that the stack should have."""
    return list(policies.roles(organisation, OWNER_ID, TEMPLATE_ID).values())


def test_the_roles_are_the_documents(stacks: Stacks) -> None:
    organisation = stacks.organisation
    found = {}
    for role in of_type(stacks, "AWS::IAM::Role"):
        properties = role["Properties"]
        arn = f"arn:aws:iam::{organisation.require_aws().account}:role{properties['Path']}{properties['RoleName']}"
        documents = [one["PolicyDocument"] for one in properties.get("Policies", [])]
        found[arn] = (properties["AssumeRolePolicyDocument"], *documents)
        assert properties["MaxSessionDuration"] == 3600
    wanted = {
        role.arn: tuple(one for one in (role.trust, role.permissions) if one) for role in wanted_roles(organisation)
    }
    assert found == wanted
    assert not list(of_type(stacks, "AWS::IAM::Policy")), "every permission is in its role"


def test_github_is_trusted_for_both_audiences(stacks: Stacks) -> None:
    (provider,) = of_type(stacks, "AWS::IAM::OIDCProvider")
    assert provider["Properties"]["Url"] == f"https://{names.ISSUER}"
    assert provider["Properties"]["ClientIdList"] == ["sts.amazonaws.com", "rnd-broker"]


def test_the_broker(stacks: Stacks) -> None:
    organisation = stacks.organisation
    (function,) = of_type(stacks, "AWS::Lambda::Function")
    properties = function["Properties"]
    assert (properties["FunctionName"], properties["Handler"]) == (
        organisation.require_aws().broker,
        "broker.handler.handle",
    )
    assert 0 < properties["ReservedConcurrentExecutions"] <= 10
    assert properties["Timeout"] <= 60
    (variables,) = properties["Environment"].values()
    assert list(variables) == ["RND_BROKER"]
    assert json.loads(variables["RND_BROKER"]) == broker_configuration(organisation, OWNER_ID)
    (log,) = of_type(stacks, "AWS::Logs::LogGroup")
    assert log["Properties"] == {
        "LogGroupName": f"/aws/lambda/{organisation.require_aws().broker}",
        "RetentionInDays": 90,
    }


def test_nobody_else_can_call_the_broker(stacks: Stacks) -> None:
    """A URL, a permission or a trigger of the function would be a way around the entry role."""
    kinds = {resource["Type"] for resource in resources(stacks).values()}
    assert {kind for kind in kinds if kind.startswith("AWS::Lambda::")} == {"AWS::Lambda::Function"}
    assert not kinds & {"AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::Events::Rule"}


def test_the_code_of_the_broker_is_its_folder(stacks: Stacks) -> None:
    (asset,) = [path for path in stacks.folder.glob("asset.*") if (path / "broker").is_dir()]
    files = {str(path.relative_to(asset)) for path in asset.rglob("*") if path.is_file()}
    assert "broker/handler.py" in files
    assert {name.partition("/")[0] for name in files} == {"broker"}
    assert all(name.endswith(".py") for name in files)


def test_the_keys_of_the_apps_are_imported(stacks: Stacks) -> None:
    keys = list(of_type(stacks, "AWS::KMS::Key"))
    aliases = [
        one["Properties"]["AliasName"]
        for one in stacks.publishing["Resources"].values()
        if one["Type"] == "AWS::KMS::Alias"
    ]
    prefix = stacks.organisation.repository_prefix
    apps = ["version", "release"] if stacks.organisation.github.apps else []
    assert aliases == [f"alias/{prefix}-app-{app}" for app in apps]
    assert len(keys) == len(apps)
    for key in keys:
        properties = key["Properties"]
        assert (properties["Origin"], properties["KeySpec"], properties["KeyUsage"]) == (
            "EXTERNAL",
            "RSA_2048",
            "SIGN_VERIFY",
        )
        assert key["DeletionPolicy"] == "Retain"


def test_the_index_of_development_versions_has_no_upstream(stacks: Stacks) -> None:
    (index,) = of_type(stacks, "AWS::CodeArtifact::Repository")
    wanted = stacks.organisation.require_codeartifact()
    properties = index["Properties"]
    assert (properties["DomainName"], properties["RepositoryName"]) == (wanted.domain, wanted.development_repository)
    assert not {"Upstreams", "ExternalConnections"} & set(properties)
    assert index["DeletionPolicy"] == "Retain"


def test_it_deploys(clouds: dict[str, Cloud], stacks: Stacks) -> None:
    """Moto accepts the roles and their policies, and reads them back as they are."""
    organisation = stacks.organisation
    (cloud,) = [one for one in clouds.values() if one.aws == organisation.require_aws()]
    identity = cloud.client("iam")
    for role in wanted_roles(organisation):
        found = identity.get_role(RoleName=role.arn.rpartition("/")[2])["Role"]
        assert (found["Arn"], found["AssumeRolePolicyDocument"]) == (role.arn, role.trust)


def _base_image_token(organisation: Organisation, **changed: str) -> dict[str, str]:
    ours = organisation.template.full_name
    owner, name = ours.split("/")
    parts = {"owner_id": OWNER_ID, "number": TEMPLATE_ID, "context": "ref:refs/heads/main", "name": name}
    parts |= {"workflow": "base_images.yml@refs/heads/main", **changed}
    return {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{owner}@{parts['owner_id']}/{parts['name']}@{parts['number']}:{parts['context']}",
        "job_workflow_ref": f"{ours}/.github/workflows/{parts['workflow']}",
    }


def test_who_may_push_base_images(stacks: Stacks) -> None:
    organisation = stacks.organisation
    role = policies.base_images(organisation, OWNER_ID, TEMPLATE_ID)
    assert admits(role.trust, _base_image_token(organisation))
    for wrong in (
        {"number": "77"},
        {"owner_id": "666"},
        {"context": "pull_request"},
        {"context": "ref:refs/heads/topic"},
        {"workflow": "base_images.yml@refs/heads/topic"},
        {"workflow": "other.yml@refs/heads/main"},
        {"name": "another"},
    ):
        assert not admits(role.trust, _base_image_token(organisation, **wrong)), wrong
    place = f"{organisation.require_aws().region}:{organisation.require_aws().account}"
    name = organisation.image_registry.base_image.split(":")[0]
    found = dict(allowed(role.permissions))
    assert found["ecr:PutImage"] == f"arn:aws:ecr:{place}:repository/{name}"
    assert {action.split(":")[0] for action in found} == {"ecr"}
