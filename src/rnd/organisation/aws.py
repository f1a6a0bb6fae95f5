"""The `aws` section of org.yml. No side effects."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from rnd.organisation.forms import PackageName, RepositoryName, Strict

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html, FunctionName
Function = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9_-]{1,64}\z")]
Role = Annotated[str, StringConstraints(pattern=r"\Aarn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+\z")]


def _one_repository_each(adopted: dict[str, str]) -> dict[str, str]:
    for kind, names in (("repository", list(adopted)), ("package", list(adopted.values()))):
        twice = sorted({name.lower() for name in names if [one.lower() for one in names].count(name.lower()) > 1})
        if twice:
            raise ValueError(f"two entries have the {kind} {twice[0]}")
    return adopted


class Aws(Strict):
    """The AWS account of the machines, of CodeArtifact and of ECR; without it, jobs run on other machines."""

    account: Annotated[str, StringConstraints(pattern=r"\A[0-9]{12}\z")] = Field(
        description="account ID: twelve digits, quoted", examples=["123456789012"]
    )
    region: Annotated[str, StringConstraints(pattern=r"\A[a-z]{2}(-[a-z]+)+-[0-9]\z")] = Field(
        description="AWS region", examples=["eu-west-1"]
    )
    entry_role: Role = Field(
        description="IAM role that jobs assume through OpenID Connect to call the broker, and for nothing else",
        examples=["arn:aws:iam::123456789012:role/entry"],
    )
    broker: Function = Field(
        description="name of the Lambda function that gives a job credentials for its own repository",
        examples=["lab-broker"],
    )
    reading_role: Role = Field(
        description="IAM role that jobs assume through OpenID Connect to install packages from the index",
        examples=["arn:aws:iam::123456789012:role/reading"],
    )
    adopted: Annotated[dict[RepositoryName, PackageName], AfterValidator(_one_repository_each)] = Field(
        default_factory=dict,
        description="repositories that joined with a name of their own and publish, each with its package",
        examples=[{"aligner": "aligner"}],
    )
