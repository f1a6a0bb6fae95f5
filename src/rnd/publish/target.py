"""Where an image goes and how it is built: from the command line, the environment and org.yml to plain data.

Reads the repository, and asks the package index what it has of the version.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from rnd import manifest
from rnd.errors import UsageError
from rnd.names import index_credentials
from rnd.providers import image_registry
from rnd.providers.oci import Oci
from rnd.publish.build import Build
from rnd.publish.errors import DigestMismatch, PackageMissing
from rnd.publish.files import is_wheel
from rnd.publish.index import find_index
from rnd.publish.inputs import read_inputs, require_commit
from rnd.publish.manifests import DIGEST
from rnd.publish.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rnd.organisation import Organisation
    from rnd.providers.provider import Caller, ImageRegistry
    from rnd.publish.index import Index

MOVING = ("stable", "latest")
CANDIDATES = "candidate/"
# Folders of repositories whose images are not releases, by the identity that can write them.
FOLDERS = {"development": "dev/", "candidate": CANDIDATES}
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
RUN_ID = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True)
class Target:
    """Where an image goes.

    Attributes:
        registry: The registry.
        name: Of the repository there.
        tag: The version's own.
        moving: The tags that follow the latest release.
        provider: What signs in there, and creates the repository where a push does not.
        follows: Whether the moving tags follow this version.
    """

    registry: Registry
    name: str
    tag: str
    moving: Sequence[str]
    provider: ImageRegistry
    follows: bool

    def called(self, tag: str) -> str:
        """Return the image's whole name under a tag."""
        return f"{self.registry.host}/{self.name}:{tag}"


@dataclass(frozen=True)
class ImageOptions:
    """What a user can choose about an image.

    Attributes:
        registry: `HOST` or `HOST/PATH`; by default the organisation's.
        tags: The floating tags; by default `MOVING`.
        index_url: The index to install the package from; by default the one that it is published to.
        wheel_sha256: The digest of the wheel to install; by default the only wheel of the version.
        base_image: Another base image.
        platform: Target platforms, separated by commas.
        network: The network of the build.
        builder: The program that builds.
        digest: Of the image that an earlier command pushed, if it is there.
    """

    registry: str | None = None
    tags: Sequence[str] = ()
    index_url: str | None = None
    wheel_sha256: str | None = None
    base_image: str | None = None
    platform: str | None = None
    network: str | None = None
    builder: str | None = None
    digest: str | None = None


def find_target(root: Path, options: ImageOptions, organisation: Organisation, caller: Caller) -> tuple[Target, Build]:
    """Return where the image of a repository goes, and how it is built.

    Args:
        root: The repository.
        options: What the user chooses.
        organisation: Whose index and registry it is by default.
        caller: Who builds and pushes. The build can only read packages.

    Raises:
        UncommittedChanges: The work tree differs from its commit in more than the version.
        PackageMissing: The index has no wheel of the version.
        UsageError: An option is invalid.
        RndError: The index, the registry or the manifest has a problem.
    """
    revision = require_commit(root)
    project, version = canonicalize_name(manifest.read_name(root)), manifest.read_version(root)
    run = find_run(caller, options.digest)
    tag = version_tag(version, run if caller.identity == "candidate" else "")
    index = find_index(organisation, caller, options.index_url, options.index_url, reading=True)
    wheels = find_wheel(index, project, version, options.wheel_sha256)
    registry, path, provider = find_registry(organisation, caller, options.registry)
    folder = FOLDERS.get(caller.identity or "", "")
    moving = () if folder else find_tags(options.tags, provider)
    follows = not folder and is_release(version)
    target = Target(registry, f"{path}{folder}{project}", tag, moving, provider, follows)
    credentials = reading_credentials(organisation, caller.environ, index)
    changing: dict[str, str | None] = {"base-image": options.base_image, "platform": options.platform}
    others = {"index-url": index.simple_url, "network": options.network, "builder": options.builder}
    arguments = [f"--{name}={value}" for name, value in (*changing.items(), *others.items()) if value]
    inputs = read_inputs(root, revision, wheels, changing)
    return target, Build(root, inputs, arguments, credentials, run, options.digest, caller.identity, changing)


def find_run(caller: Caller, digest: str | None = None) -> str:
    """Return what identifies this run: the workflow run of a candidate, which a re-run keeps, else a random value.

    See https://docs.github.com/en/actions/reference/workflows-and-actions/variables, `GITHUB_RUN_ID`.

    Args:
        caller: Who pushes the image.
        digest: Of an image that the user declares to be the one of this run.

    Raises:
        UsageError: It is not a digest.
    """
    if digest is not None and not DIGEST.fullmatch(digest):
        raise UsageError(f"{digest} is not the digest of an image: --digest takes sha256: and 64 digits.")
    number = caller.environ.get("GITHUB_RUN_ID", "") if caller.identity == "candidate" else ""
    return number if RUN_ID.fullmatch(number) else secrets.token_hex(16)


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
    if not index.username:
        return {}
    own = index_credentials(organisation, index.username, index.password)
    given = {name: environ.get(name, "") for name in own}
    return given if all(given.values()) else own


def find_registry(
    organisation: Organisation, caller: Caller, wanted: str | None = None
) -> tuple[Registry, str, ImageRegistry]:
    """Return a registry, the folder in it for images, and its provider.

    Args:
        organisation: Whose registry it is by default.
        caller: Who signs in; its environment has the credentials for a registry that is not the organisation's.
        wanted: The address, `HOST` or `HOST/PATH`; by default the organisation's own.

    Raises:
        UsageError: The address is not valid, or has credentials in it.
        RndError: The provider cannot sign in.
    """
    own = wanted is None or wanted == organisation.image_registry.address
    provider: ImageRegistry = image_registry(organisation, caller) if own else Oci(str(wanted), caller.environ)
    access = provider.sign_in()
    return Registry(access.host, access.username, access.password), access.folder, provider


def find_tags(wanted: Sequence[str] | None, provider: ImageRegistry) -> tuple[str, ...]:
    """Return the tags that follow the latest release.

    Args:
        wanted: The tags; the default ones when left out or empty.
        provider: The provider of the registry, which may limit their number.

    Raises:
        UsageError: One of them cannot be a tag, could be a version's, or they are too many.
    """
    moving = tuple(wanted or MOVING)
    for tag in moving:
        check_tag(tag)
        if is_version(tag):
            raise UsageError(f"{tag} is a version, which never moves to another image.")
    if provider.most_floating is not None and len(moving) > provider.most_floating:
        raise UsageError(f"This registry lets at most {provider.most_floating} tags of a repository move.")
    return moving


def version_tag(version: str, run: str = "") -> str:
    """Return the tag of a version: normalised, with `-` for the `+` that no tag may hold.

    Args:
        version: Of the package.
        run: What identifies the run, if the tag is for one run only.

    Raises:
        UsageError: The version is none, or its tag could not be one.
    """
    try:
        tag = str(Version(version)).replace("+", "-") + (run and f"-run.{run}")
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
