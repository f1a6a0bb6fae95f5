"""The publishing stack: the identities of jobs, the broker that gives them, and the repositories they publish to.

The policy documents are in `policies.py`; this stack deploys them as they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import CfnParameter, Duration, IgnoreMode, RemovalPolicy, Stack
from aws_cdk import aws_codeartifact as codeartifact
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs

import rnd.runners
from rnd.runners.broker.session import document
from rnd.runners.stack import clean_up, names, policies
from rnd.runners.stack.configuration import broker_environment
from rnd.runners.stack.scheduled import scheduled

if TYPE_CHECKING:
    from aws_cdk import Environment
    from constructs import Construct

    from rnd.organisation import Organisation

CODE = Path(rnd.runners.__file__).parent  # with the folder `broker`, which is the whole code of the function
# Jobs of one pull request call the broker within seconds of each other; more calls than this wait and are repeated.
CONCURRENCY = 10
HOUR = 3600  # seconds: the longest session that STS gives to a role that another role assumes


class Publishing(Stack):
    """GitHub as an identity provider, the roles of jobs, and the broker.

    The trust policies contain the numeric ids of the organisation and of the template's repository: a name can be given
    up and registered by someone else, an id cannot.
    """

    def __init__(self, scope: Construct, name: str, organisation: Organisation, env: Environment) -> None:
        super().__init__(scope, name, env=env, description=f"Where repositories of {organisation.name} publish to")
        self.organisation = organisation
        self.owner = self._number("GitHubOwnerId", "the organisation's id: gh api orgs/OWNER --jq .id")
        template = self._number(
            "TemplateRepositoryId", "the template repository's id: gh api repos/OWNER/NAME --jq .id"
        )
        self.provider = iam.OidcProviderNative(
            self,
            "GitHub",
            url=f"https://{names.ISSUER}",
            client_ids=[policies.STS_AUDIENCE, policies.BROKER_AUDIENCE],
        )
        self._base_image_repositories()
        self._development_index()
        self._clean_up()
        self.roles = {
            name: self._role(name, role) for name, role in policies.roles(organisation, self.owner, template).items()
        }
        broker = self.roles[names.broker_role(organisation)]
        for identity in policies.IDENTITIES:  # IAM rejects a trust policy whose principal does not exist yet
            self.roles[names.wide_role(organisation, identity)].node.add_dependency(broker)
        if organisation.github.apps:
            for app in ("version", "release"):
                self._app_key(app)
        self._broker(broker)

    def _number(self, name: str, description: str) -> str:
        pattern = "[1-9][0-9]*"
        return CfnParameter(self, name, description=description, allowed_pattern=pattern).value_as_string

    def _base_image_repositories(self) -> None:
        for name in sorted({name for name, _ in names.base_images(self.organisation).values()}):
            ecr.Repository(
                self,
                f"BaseImages-{name}",
                repository_name=name,
                image_scan_on_push=True,
                removal_policy=RemovalPolicy.RETAIN,
                lifecycle_rules=[ecr.LifecycleRule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=Duration.days(30))],
            )

    def _development_index(self) -> None:
        """The index of development versions. It has no upstream, and the index of releases does not know it."""
        index = self.organisation.require_codeartifact()
        repository = codeartifact.CfnRepository(
            self,
            "DevelopmentIndex",
            domain_name=index.domain,
            repository_name=index.development_repository,
            description="Development versions, by branch",
        )
        repository.apply_removal_policy(RemovalPolicy.RETAIN)

    def _clean_up(self) -> None:
        """What branches publish ends: images by age, development versions by number. Jobs get no permission for it."""
        place = self.organisation.require_codeartifact()
        index = {"domain": place.domain, "domainOwner": self.account, "repository": place.development_repository}
        environment = {
            "PREFIXES": json.dumps(names.EXPIRES),
            "INDEX": self.to_json_string(index),
            "KEPT": str(names.KEPT_VERSIONS),
        }
        repositories = [
            self.format_arn(service="ecr", resource="repository", resource_name=f"{prefix}*")
            for prefix in names.EXPIRES
        ]
        where = f"{place.domain}/{place.development_repository}"
        listed = self.format_arn(service="codeartifact", resource="repository", resource_name=where)
        packages = self.format_arn(service="codeartifact", resource="package", resource_name=f"{where}/pypi/*")
        statements = [
            iam.PolicyStatement(actions=["ecr:DescribeRepositories"], resources=["*"]),
            iam.PolicyStatement(actions=["ecr:PutLifecyclePolicy"], resources=repositories),
            iam.PolicyStatement(actions=["codeartifact:ListPackages"], resources=[listed]),
            iam.PolicyStatement(
                actions=["codeartifact:ListPackageVersions", "codeartifact:DeletePackageVersions"], resources=[packages]
            ),
        ]
        scheduled(self, "CleanUp", clean_up, Duration.days(1), environment, statements)

    def _role(self, name: str, wanted: policies.Role) -> iam.CfnRole:
        limited = (
            [iam.CfnRole.PolicyProperty(policy_name="Permissions", policy_document=wanted.permissions)]
            if wanted.permissions
            else None
        )
        role = iam.CfnRole(
            self,
            f"Role-{name}",
            role_name=name,
            path=wanted.arn.partition(":role")[2].removesuffix(name),
            assume_role_policy_document=wanted.trust,
            policies=limited,
            max_session_duration=HOUR,
        )
        role.node.add_dependency(self.provider)
        return role

    def _app_key(self, app: str) -> None:
        """A key for the private key of a GitHub App, which is imported by hand and can never be read again."""
        everything = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{self.partition}:iam::{self.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        key = kms.CfnKey(
            self,
            f"Key-{app}",
            description=f"Private key of the GitHub App for {app}s; imported, see docs/how-to/set-up-the-pipeline.md",
            origin="EXTERNAL",
            key_spec="RSA_2048",
            key_usage="SIGN_VERIFY",
            key_policy=document([everything]),
        )
        key.apply_removal_policy(RemovalPolicy.RETAIN)
        kms.CfnAlias(
            self,
            f"KeyAlias-{app}",
            alias_name=names.app_key_alias(self.organisation, app),
            target_key_id=key.attr_key_id,
        )

    def _broker(self, role: iam.CfnRole) -> None:
        """The function that jobs call. It has no address: only the entry role can invoke it."""
        name = self.organisation.require_aws().broker
        log = logs.LogGroup(
            self,
            "BrokerLog",
            log_group_name=f"/aws/lambda/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.RETAIN,
        )
        function = functions.Function(
            self,
            "Broker",
            function_name=name,
            description="Gives a job credentials for its own repository",
            runtime=functions.Runtime.PYTHON_3_14,
            handler="broker.handler.handle",
            code=functions.Code.from_asset(
                str(CODE), exclude=["*", "!broker", "!broker/*.py"], ignore_mode=IgnoreMode.GIT
            ),
            role=iam.Role.from_role_arn(self, "BrokerRole", role.attr_arn, mutable=False),
            environment=broker_environment(self.organisation, self.owner),
            timeout=Duration.seconds(60),
            memory_size=256,
            reserved_concurrent_executions=CONCURRENCY,
            log_group=log,
        )
        function.node.add_dependency(role)
