"""The `package_index` section of org.yml: one model per provider. No side effects.

`rnd.providers` has a module of the same name for each provider, which signs in.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rnd.organisation.forms import Address, Slug, Strict


class CodeArtifact(Strict):
    """AWS CodeArtifact. Jobs sign in with the identities of the key `aws`."""

    provider: Literal["codeartifact"] = Field(description="AWS CodeArtifact")
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


class IndexAddresses(Strict):
    """The two addresses of an index."""

    url: Address = Field(
        description="address of the simple repository API, with a / at its end",
        examples=["https://packages.example.com/releases/simple/"],
    )
    publish_url: Address = Field(
        description="address that `uv publish` and twine upload to", examples=["https://packages.example.com/releases/"]
    )


class SimpleIndex(Strict):
    """Any index with the simple repository API (PEP 503 or 691) and the upload API of PyPI, such as devpi.

    Jobs sign in with a user name and a password from secrets of GitHub.
    """

    provider: Literal["simple"] = Field(description="an index with the simple API and the upload API of PyPI")
    releases: IndexAddresses = Field(description="index of releases, which only the release job can write")
    development: IndexAddresses = Field(description="index of development versions")

    @model_validator(mode="after")
    def _two_indexes(self) -> SimpleIndex:
        if self.releases.publish_url == self.development.publish_url or self.releases.url == self.development.url:
            raise ValueError("releases and development have the same address; they must differ")
        return self


PackageIndex = Annotated[CodeArtifact | SimpleIndex, Field(discriminator="provider")]
