"""The publishing stack: roles for jobs that publish or install, and the ECR repositories of the base images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnParameter, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from rnd.runners.stack import names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import Environment
    from constructs import Construct

    from rnd.organisation import Organisation

# The template's workflows that publish. The job's OIDC token names the workflow file, so a repository's other workflows
# cannot assume the role.
PUBLISHING_WORKFLOWS = ("push_python_package.yml", "build_and_push_docker_image.yml")
LAYERS = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:DescribeImages",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


class Publishing(Stack):
    """GitHub as an identity provider, and the roles for publishing, for installing and for the base images.

    The trust policies contain the numeric ids of the organisation and of the template's repository: a name can be given
    up and registered by someone else, an id cannot.
    """

    def __init__(self, scope: Construct, name: str, organisation: Organisation, env: Environment) -> None:
        super().__init__(scope, name, env=env, description=f"Where repositories of {organisation.name} publish to")
        self.organisation = organisation
        self.owner = self._number("GitHubOwnerId", "the organisation's id: gh api orgs/OWNER --jq .id")
        self.template = self._number(
            "TemplateRepositoryId", "the template repository's id: gh api repos/OWNER/NAME --jq .id"
        )
        self.provider = iam.OidcProviderNative(
            self, "GitHub", url=f"https://{names.ISSUER}", client_ids=["sts.amazonaws.com"]
        )
        repositories = self._base_image_repositories()
        path, role = names.publishing_role(organisation)
        published = [*self._read_packages(), self._publish_packages(), *self._images()]
        self._role(role, path, self._publishing_job(), published)
        path, role = names.reading_role(organisation)
        self._role(role, path, self._any_job(), self._read_packages())
        self._role(
            names.base_image_role(organisation), "/", self._template_repository(), self._push_base_images(repositories)
        )

    def _number(self, name: str, description: str) -> str:
        pattern = "[1-9][0-9]*"
        return CfnParameter(self, name, description=description, allowed_pattern=pattern).value_as_string

    def _base_image_repositories(self) -> list[ecr.Repository]:
        found = sorted({name for name, _ in names.base_images(self.organisation).values()})
        return [
            ecr.Repository(
                self,
                f"BaseImages-{name}",
                repository_name=name,
                image_scan_on_push=True,
                removal_policy=RemovalPolicy.RETAIN,
                lifecycle_rules=[ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=Duration.days(30))],
            )
            for name in found
        ]

    def _any_job(self) -> dict[str, str | list[str]]:
        """Return the required token claims for a role that every job of every repository can assume."""
        owner, prefix = self.organisation.github.owner, self.organisation.repository_prefix
        return {"sub": f"repo:{owner}@{self.owner}/{prefix}-*@*:*"}

    def _publishing_job(self) -> dict[str, str | list[str]]:
        """Return the required token claims for a role that publishing jobs can assume."""
        owner, prefix = self.organisation.github.owner, self.organisation.repository_prefix
        return {
            **self._any_job(),
            "job_workflow_ref": [
                f"{owner}/{prefix}-*/.github/workflows/{workflow}@*" for workflow in PUBLISHING_WORKFLOWS
            ],
        }

    def _template_repository(self) -> dict[str, str | list[str]]:
        """Return the required token claims for a role that only `main` of the template's repository can assume."""
        owner, name = names.template_repository(self.organisation).split("/")
        return {
            "sub": f"repo:{owner}@{self.owner}/{name}@{self.template}:ref:refs/heads/main",
            "job_workflow_ref": f"{owner}/{name}/.github/workflows/{names.BASE_IMAGE_WORKFLOW}@refs/heads/main",
        }

    def _role(
        self, name: str, path: str, token: Mapping[str, str | list[str]], permissions: Sequence[iam.PolicyStatement]
    ) -> None:
        conditions = {
            "StringEquals": {f"{names.ISSUER}:aud": "sts.amazonaws.com"},
            "StringLike": {f"{names.ISSUER}:{claim}": value for claim, value in token.items()},
        }
        principal = iam.OpenIdConnectPrincipal(self.provider, conditions)
        role = iam.Role(
            self,
            f"Role-{name}",
            role_name=name,
            path=path,
            assumed_by=principal,
            max_session_duration=Duration.hours(1),
        )
        for statement in permissions:
            role.add_to_policy(statement)

    def _read_packages(self) -> list[iam.PolicyStatement]:
        index = self.organisation.aws.codeartifact
        domain = self.format_arn(service="codeartifact", resource="domain", resource_name=index.domain)
        place = f"{index.domain}/{index.repository}"
        return [
            iam.PolicyStatement(actions=["codeartifact:GetAuthorizationToken"], resources=[domain]),
            iam.PolicyStatement(
                actions=["sts:GetServiceBearerToken"],
                resources=["*"],
                conditions={"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}},
            ),
            iam.PolicyStatement(
                actions=["codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository"],
                resources=[self.format_arn(service="codeartifact", resource="repository", resource_name=place)],
            ),
        ]

    def _publish_packages(self) -> iam.PolicyStatement:
        index = self.organisation.aws.codeartifact
        place = f"{index.domain}/{index.repository}/pypi/*/*"
        packages = self.format_arn(service="codeartifact", resource="package", resource_name=place)
        return iam.PolicyStatement(actions=["codeartifact:PublishPackageVersion"], resources=[packages])

    def _images(self) -> list[iam.PolicyStatement]:
        pattern = names.image_repositories(self.organisation)
        repositories = self.format_arn(service="ecr", resource="repository", resource_name=pattern)
        creating = ["ecr:CreateRepository", "ecr:DescribeRepositories"]
        return [
            iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            iam.PolicyStatement(actions=[*LAYERS, *creating], resources=[repositories]),
        ]

    def _push_base_images(self, repositories: Sequence[ecr.Repository]) -> list[iam.PolicyStatement]:
        return [
            iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            iam.PolicyStatement(actions=list(LAYERS), resources=[one.repository_arn for one in repositories]),
        ]
