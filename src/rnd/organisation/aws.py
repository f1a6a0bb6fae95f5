"""The `aws` section of org.yml. No side effects."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from rnd.organisation.forms import BaseImage, Host, Slug, Strict

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html, FunctionName
Function = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9_-]{1,64}\z")]
Role = Annotated[str, StringConstraints(pattern=r"\Aarn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+\z")]


class CodeArtifact(Strict):
    """The package index."""

    domain: Slug = Field(description="AWS CodeArtifact domain")
    repository: Slug = Field(description="repository of releases in that domain")
    development_repository: Slug = Field(
        description="repository of development versions in that domain; IAM cannot tell them from releases"
    )

    @model_validator(mode="after")
    def _two_repositories(self) -> CodeArtifact:
        if self.repository == self.development_repository:
            raise ValueError(f"repository and development_repository are both {self.repository}; they must differ")
        return self


class Aws(Strict):
    """The AWS account that publishes packages and images."""

    account: Annotated[str, StringConstraints(pattern=r"\A[0-9]{12}\z")] = Field(
        description="account ID: twelve digits, quoted", examples=["123456789012"]
    )
    region: Annotated[str, StringConstraints(pattern=r"\A[a-z]{2}(-[a-z]+)+-[0-9]\z")] = Field(
        description="AWS region", examples=["eu-west-1"]
    )
    codeartifact: CodeArtifact = Field(description="the package index")
    ecr_registry: Host = Field(description="host name of the image registry")
    base_image: BaseImage = Field(
        description="name and tag of the image that jobs run in; {version} is replaced by the Python version"
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
