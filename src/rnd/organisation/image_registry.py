"""The `image_registry` section of org.yml: one model per provider. No side effects.

`rnd.providers` has a module of the same name for each provider, which signs in.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from rnd.organisation.forms import BaseImage, Host, Strict

Place = Annotated[
    str, StringConstraints(pattern=r"\A[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9._-]+)*\z")
]
JOB_IMAGE = "name and tag of the image that jobs run in; {version} is replaced by the Python version"


class _Registry(Strict):
    """What all registries have."""

    provider: str
    address: str
    base_image: BaseImage = Field(description=JOB_IMAGE)

    def job_image(self, version: str) -> str:
        """Return the full name of the image that jobs run in, for a Python version."""
        return f"{self.address}/{self.base_image}".replace("{version}", version)


class Ecr(_Registry):
    """AWS ECR. Jobs sign in with the identities of the key `aws`."""

    provider: Literal["ecr"] = Field(description="AWS ECR")
    address: Host = Field(description="host name of the registry")


class OciRegistry(_Registry):
    """Any registry that implements the OCI distribution specification, such as GHCR or Harbor.

    Jobs sign in with a user name and a password from secrets of GitHub. A push must create a missing repository.
    """

    provider: Literal["oci"] = Field(description="a registry that implements the OCI distribution specification")
    address: Place = Field(
        description="host name of the registry, and the path under which images are", examples=["ghcr.io/acme"]
    )


ImageRegistry = Annotated[Ecr | OciRegistry, Field(discriminator="provider")]
