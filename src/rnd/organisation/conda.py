"""The `conda` section of org.yml. No side effects."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from rnd.organisation.forms import Strict

Platform = Annotated[str, StringConstraints(pattern=r"\A(linux-(64|aarch64|ppc64le)|osx-(64|arm64))\z")]
# A version, and a build string if there is one: "12.4", "1 x86_64".
VersionAndBuild = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9._+!-]+( [A-Za-z0-9._+-]+)?\z")]
VirtualPackage = Annotated[str, StringConstraints(pattern=r"\A__[a-z0-9_]+\z")]


def _without_credentials(channel: str) -> str:
    if "@" in channel or "/t/" in channel:  # a password, or a token as anaconda.org has it
        raise ValueError("a URL contains a password or a token, which would be copied into every repository")
    return channel


Channel = Annotated[
    str,
    # Only a channel on this machine may use plain HTTP.
    StringConstraints(
        pattern=r"\A([a-z0-9][a-z0-9._-]*(/[a-z0-9._-]+)*|((https|s3|file)://|http://localhost[:/])[A-Za-z0-9._~:/%@+-]+)\z"
    ),
    AfterValidator(_without_credentials),
]


class Conda(Strict):
    """Conda channels, and the platforms that environments are locked for."""

    channels: Annotated[list[Channel], Field(min_length=1)] = Field(
        description="names or URLs, in order of priority; without credentials, see docs/how-to/conda.md",
        examples=[["conda-forge"], ["https://conda.example.com/acme", "conda-forge"]],
    )
    platforms: Annotated[dict[Platform, dict[VirtualPackage, VersionAndBuild]], Field(min_length=1)] = Field(
        description="platform: virtual packages that describe its machines; quote the versions",
        examples=[{"linux-64": {"__glibc": "2.28", "__cuda": "12.4"}}],
    )
