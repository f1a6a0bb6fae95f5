"""Where an image goes and how it is built: from the command line, the environment and org.yml to plain data.

Reads the repository, and asks the package index what it has of the version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from rnd import manifest
from rnd.errors import UsageError
from rnd.names import index_credentials
from rnd.providers.ecr import MOST_EXCLUSIONS, ecr_access
from rnd.publish.errors import DigestMismatch, PackageMissing
from rnd.publish.files import is_wheel
from rnd.publish.index import find_index
from rnd.publish.inputs import read_inputs, require_commit
from rnd.publish.registry import Registry

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rnd.organisation import Aws, Organisation
    from rnd.providers.aws import AwsCredentials
    from rnd.publish.access import Access
    from rnd.publish.index import Index
    from rnd.publish.inputs import Inputs

MOVING = ("stable", "latest")
CANDIDATES = "candidate/"
# Folders of repositories whose images are not releases, by the identity that can write them.
FOLDERS = {"development": "dev/", "candidate": CANDIDATES}
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class Target:
    """Where an image goes.

    Attributes:
        registry: The registry.
        name: Of the repository there.
        tag: The version's own.
        moving: The tags that follow the latest release.
        ecr: The account whose registry it is, or None for a registry where a push makes the repository.
        follows: Whether the moving tags follow this version.
        credentials: Those that ECR is called with; by default those that boto3 finds.
    """

    registry: Registry
    name: str
    tag: str
    moving: Sequence[str]
    ecr: Aws | None
    follows: bool
    credentials: AwsCredentials | None = field(default=None, repr=False)

    def called(self, tag: str) -> str:
        """Return the image's whole name under a tag."""
        return f"{self.registry.host}/{self.name}:{tag}"


@dataclass(frozen=True)
class Build:
    """How an image is built.

    Attributes:
        root: The repository.
        inputs: What it is made from.
        arguments: For `docker/build.py`, beyond those that follow from the inputs.
        variables: For its environment.
    """

    root: Path
    inputs: Inputs
    arguments: Sequence[str]
    variables: Mapping[str, str]


def find_target(
    root: Path, environ: Mapping[str, str], options: argparse.Namespace, organisation: Organisation, access: Access
) -> tuple[Target, Build]:
    """Return where the image of a repository goes, and how it is built.

    Args:
        root: The repository.
        environ: UV_PUBLISH_URL and the like lead to the package index, as `find_index` has it; RND_REGISTRY_USERNAME
            and RND_REGISTRY_PASSWORD are the credentials for a registry that is not the organisation's.
        options: Those of `rnd release image`.
        organisation: Whose account, index and registry it is.
        access: Who builds and pushes. The build can only read packages.

    Raises:
        UncommittedChanges: The work tree differs from its commit in more than the version.
        PackageMissing: The index has no wheel of the version.
        UsageError: An option is invalid.
        RndError: As the index, AWS and the manifest have it.
    """
    revision = require_commit(root)
    project, version = canonicalize_name(manifest.read_name(root)), manifest.read_version(root)
    tag = version_tag(version)
    place = access.package_repository(organisation.aws)
    index = find_index(environ, options.index_url, options.index_url, organisation.aws, place, access.reading)
    wheels = find_wheel(index, project, version, options.wheel_sha256)
    registry, path, ecr = find_registry(environ, options.registry, organisation.aws, access.writing)
    folder = FOLDERS.get(access.identity or "", "")
    moving = () if folder else find_tags(options.tags, ecr)
    follows = not folder and is_release(version)
    target = Target(registry, f"{path}{folder}{project}", tag, moving, ecr, follows, access.writing)
    credentials = reading_credentials(organisation, environ, index)
    changing: dict[str, str | None] = {"base-image": options.base_image, "platform": options.platform}
    others = {"index-url": index.simple_url, "network": options.network, "builder": options.builder}
    arguments = [f"--{name}={value}" for name, value in (*changing.items(), *others.items()) if value]
    inputs = read_inputs(root, revision, wheels, changing)
    return target, Build(root, inputs, arguments, credentials)


def find_wheel(index: Index, project: str, version: str, sha256: str | None) -> dict[str, str]:
    """Return the one wheel that the image installs, with its SHA-256.

    Args:
        index: The index.
        project: Its normalised name.
        version: As `pyproject.toml` has it.
        sha256: The digest of the wheel that was published; when left out, the only wheel of the version.

    Raises:
        PackageMissing: The index has no wheel of the version.
        DigestMismatch: It has another wheel, which an installer could prefer, or any file but the given wheel.
    """
    there = index.look(project, version)
    wheels = {name: digest for name, digest in there.items() if is_wheel(name)}
    if not wheels:
        raise PackageMissing(f"{index.simple_url} has no wheel of {project} {version}.")
    others = {name: digest for name, digest in there.items() if sha256 not in {None, digest}}
    if others or len(wheels) > 1:
        listed = ", ".join(f"{name} (sha256:{digest})" for name, digest in sorted((others or wheels).items()))
        wanted = f"only the wheel sha256:{sha256}" if sha256 else "one wheel"
        raise DigestMismatch(f"{index.simple_url} has {listed} of {project} {version}, where {wanted} is expected.")
    return wheels


def reading_credentials(organisation: Organisation, environ: Mapping[str, str], index: Index) -> dict[str, str]:
    """Return the variables by which a build reads the index: what the environment has for reading, else the index's."""
    own = index_credentials(organisation, index.username, index.password)
    given = {name: environ.get(name, "") for name in own}
    return given if all(given.values()) else own


def find_registry(
    environ: Mapping[str, str], wanted: str | None, aws: Aws, credentials: AwsCredentials | None = None
) -> tuple[Registry, str, Aws | None]:
    """Return a registry, the folder in it for images, and the account whose ECR it is.

    Args:
        environ: Holds the credentials for a registry that is not the account's.
        wanted: Its address, `HOST` or `HOST/PATH`; the account's own when left out.
        aws: The account.
        credentials: Those of a job; by default those that boto3 finds.

    Raises:
        UsageError: The address is none or holds credentials.
        RndError: As `ecr_access` has it.
    """
    if wanted in {None, aws.ecr_registry}:
        endpoint, user, token = ecr_access(aws, credentials)
        return Registry(urlsplit(endpoint).netloc, user, token), "", aws
    host, _, path = str(wanted).rstrip("/").partition("/")
    if not re.fullmatch(r"[\w.-]+(:\d+)?|\[[\da-fA-F:]+\](:\d+)?", host) or not re.fullmatch(r"[a-z0-9._/-]*", path):
        raise UsageError(
            "--registry wants HOST or HOST/PATH, without a scheme and without credentials.",
            "Give credentials as RND_REGISTRY_USERNAME and RND_REGISTRY_PASSWORD, in the environment.",
        )
    user, password = environ.get("RND_REGISTRY_USERNAME", ""), environ.get("RND_REGISTRY_PASSWORD", "")
    return Registry(host, user, password), f"{path}/" if path else "", None


def find_tags(wanted: Sequence[str] | None, ecr: Aws | None) -> tuple[str, ...]:
    """Return the tags that follow the latest release.

    Args:
        wanted: The tags; the default ones when left out or empty.
        ecr: The account whose registry it is, or None for a registry without a limit.

    Raises:
        UsageError: One of them cannot be a tag, could be a version's, or they are too many.
    """
    moving = tuple(wanted or MOVING)
    for tag in moving:
        check_tag(tag)
        if is_version(tag):
            raise UsageError(f"{tag} is a version, which never moves to another image.")
    if ecr and len(moving) > MOST_EXCLUSIONS:
        raise UsageError(f"ECR lets at most {MOST_EXCLUSIONS} tags of a repository move.")
    return moving


def version_tag(version: str) -> str:
    """Return the tag of a version: normalised, with `-` for the `+` that no tag may hold.

    Raises:
        UsageError: The version is none, or its tag could not be one.
    """
    try:
        tag = str(Version(version)).replace("+", "-")
    except InvalidVersion as error:
        raise UsageError(f"{version} in pyproject.toml is not a valid version.") from error
    check_tag(tag)
    return tag


def is_release(version: str) -> bool:
    """Return whether floating tags follow a version: not for development and pre-release versions."""
    parsed = Version(version)
    return not parsed.is_prerelease and parsed.local is None


def is_development(version: str) -> bool:
    """Return whether a version is one of a branch or a pull request."""
    parsed = Version(version)
    return parsed.is_devrelease or parsed.local is not None


def is_version(tag: str) -> bool:
    """Return whether a tag could be that of a version."""
    try:
        Version(tag)
    except InvalidVersion:
        return False
    return True


def check_tag(tag: str) -> None:
    """Reject a tag that registries do not accept.

    Raises:
        UsageError: It breaks the rule of the distribution specification.
    """
    if not TAG.fullmatch(tag):
        raise UsageError(
            f"{tag!r} cannot be a tag: only letters, digits, `_`, `.` and `-`, at most 128, may stand in one."
        )
