"""org.yml as a whole: one field per top-level key. No side effects.

The models are the schema: `docs/reference/organisation.md` and the JSON Schema for editors are generated from them.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from rnd.errors import OrganisationInvalid
from rnd.organisation.aws import Aws  # noqa: TC001 - pydantic resolves it when the class is made
from rnd.organisation.conda import Conda  # noqa: TC001
from rnd.organisation.fleet import Fleet
from rnd.organisation.forms import BaseImage, GitRef, RepositoryUrl, Slug, Strict, Text
from rnd.organisation.github import GitHub  # noqa: TC001
from rnd.organisation.image_registry import Ecr, ImageRegistry
from rnd.organisation.package_index import CodeArtifact, PackageIndex
from rnd.organisation.python import Python  # noqa: TC001
from rnd.organisation.runners import Runners  # noqa: TC001


class Template(Strict):
    """Location of this template."""

    repository: RepositoryUrl = Field(description="git URL that repositories are created and updated from")
    workflow_ref: GitRef = Field(
        description="git ref at which repositories call the central workflows", examples=["v1"]
    )

    @property
    def full_name(self) -> str:
        """Owner and name of the repository, from any form of its git URL."""
        owner, name = self.repository.removesuffix("/").removesuffix(".git").replace(":", "/").split("/")[-2:]
        return f"{owner}/{name}"

    @property
    def canary_ref(self) -> str:
        """The ref for the repositories that the first ring names; `partials/workflows.jinja` renders it."""
        return f"{self.workflow_ref}-canary"


class Docker(Strict):
    """The Docker images of repositories."""

    base_image: BaseImage = Field(
        description="base image, any image with Python; {version} is replaced by the Python version",
        examples=["python:{version}-slim"],
    )


class Organisation(Strict):
    """All values that differ between organisations."""

    name: Text = Field(description="display name")
    slug: Slug = Field(description="first part of package and image names: a-z, 0-9 and -")
    repository_prefix: Slug = Field(description="first part of repository names: a-z, 0-9 and -")
    copyright: Text = Field(
        description="header of every source file, without a year",
        examples=["Copyright (c) Acme. All rights reserved."],
    )
    license: str = Field(
        default="",
        description="text of LICENSE below the copyright line; empty: that line alone",
        examples=["Proprietary and confidential."],
    )
    template: Template = Field(description="this template")
    github: GitHub = Field(description="owner, teams and settings of the repositories")
    python: Python = Field(description="Python versions")
    conda: Conda = Field(description="conda channels and platforms")
    package_index: PackageIndex = Field(description="where wheels are published to and installed from")
    image_registry: ImageRegistry = Field(description="where images are pushed to")
    aws: Aws | None = Field(
        default=None, description="AWS account of the machines; not needed for other providers on other machines"
    )
    docker: Docker = Field(description="images of repositories")
    runners: Runners = Field(description="machines")
    fleet: Fleet = Field(default=Fleet(), description="all repositories together")

    @model_validator(mode="after")
    def _aws_is_there(self) -> Organisation:
        if self.aws is None and self.github.apps:
            raise ValueError("aws is missing, which github.apps needs: the broker gives out their tokens")
        for key, chosen in (("package_index", self.package_index), ("image_registry", self.image_registry)):
            if self.aws is None and isinstance(chosen, CodeArtifact | Ecr):
                raise ValueError(f"aws is missing, which {key}.provider: {chosen.provider} needs")
        return self

    @model_validator(mode="after")
    def _packages_are_free(self) -> Organisation:
        for repository, package in (self.aws.adopted if self.aws else {}).items():
            if package.startswith(f"{self.slug}-{self.repository_prefix}-"):
                raise ValueError(
                    f"aws.adopted: {package} of {repository} belongs to the repository "
                    f"{package.removeprefix(f'{self.slug}-')}; no entry is needed for a repository of that name"
                )
        return self

    def require_aws(self) -> Aws:
        """Return the AWS account, for what works with AWS only.

        Raises:
            OrganisationInvalid: There is none.
        """
        if self.aws is None:
            raise OrganisationInvalid("org.yml has no key aws, which the machines and the broker need.")
        return self.aws

    def require_codeartifact(self) -> CodeArtifact:
        """Return the package index, for what works with CodeArtifact only.

        Raises:
            OrganisationInvalid: It is another one.
        """
        if not isinstance(self.package_index, CodeArtifact):
            raise OrganisationInvalid("The publishing stack needs package_index.provider: codeartifact.")
        return self.package_index
