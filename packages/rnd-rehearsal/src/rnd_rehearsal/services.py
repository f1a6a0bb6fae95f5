"""The services of a sandbox, which start before its template can name them: GitHub, AWS, indexes, images, a channel.

Everything listens on the loopback interface, and lives in one folder.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fake_github import FakeGitHub
from rnd import process
from rnd_rehearsal import conda, package_index, secret_access
from rnd_rehearsal import images as image_part
from rnd_rehearsal.cloud import stack as publishing

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import ExitStack
    from pathlib import Path

    from rnd.organisation import Organisation
    from rnd_rehearsal.cloud.account import Account
    from rnd_rehearsal.cloud.server import Cloud
    from rnd_rehearsal.conda import Channel
    from rnd_rehearsal.images import Images
    from rnd_rehearsal.package_index import PackageIndex

MAINTAINER, RESEARCHER, STRANGER = "mae", "rosa", "sam"
SCOPES = {"repo", "workflow", "read:org"}
CLIENT_ID = "Iv1.rehearsal"  # of the OAuth app that people sign in by, where org.yml has none yet
# What jobs and people find of this machine; nothing else of its environment reaches them.
KEPT = ("LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "UV_PYTHON", "UV_NATIVE_TLS")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a sandbox has.

    Attributes:
        app: Whether the organisation has the GitHub App whose pushes start runs.
        images: Whether images are made, which needs root and Docker.
        containers: Whether jobs run in containers, which needs images.
        dependency_tool: What the environments of repositories are made with, `uv` or `conda`.
        failing: Patterns of the ids of the jobs whose every step fails once.
        aws: Whether the organisation has an AWS account; without one, there are neither an app nor images.
        checks: Whether jobs lint and test the code; without, the steps that do are left out.
        packages: Whether jobs build and publish the package; without, the steps that do are left out.
        cold: Whether each job has a machine of its own without caches, and what it fetches and pushes is counted.
    """

    app: bool = True
    images: bool = False
    containers: bool = False
    dependency_tool: str = "uv"
    failing: tuple[str, ...] = ()
    aws: bool = True
    checks: bool = True
    packages: bool = True
    cold: bool = False


@dataclass
class Services:
    """What listens.

    Attributes:
        hub: The fake GitHub.
        tokens: Of the people, by their names.
        cloud: The organisation's AWS account.
        index: The index of releases.
        development: The index of development versions.
        apps: The client id and the key of each GitHub App of the organisation.
        environment: What programs that people run find; no secret.
        images: Where images are made and kept; None where none are made.
        channel: Where conda packages come from; None where repositories are made with uv.
    """

    hub: FakeGitHub
    tokens: dict[str, str]
    cloud: Cloud
    index: PackageIndex
    development: PackageIndex
    apps: dict[str, tuple[str, str]]
    environment: dict[str, str]
    images: Images | None = None
    channel: Channel | None = None

    def values(self, organisation: Organisation, *, aws: bool) -> dict[tuple[str, ...], object]:
        """Return what org.yml contains here: the apps, the channel, and, without an AWS account, the indexes.

        Args:
            organisation: As the checkout's org.yml has it.
            aws: Whether the organisation has an AWS account.
        """
        found: dict[tuple[str, ...], object] = {("github", "client_id"): organisation.github.client_id or CLIENT_ID}
        if self.apps:
            clients = {name: client_id for name, (client_id, _) in self.apps.items()}
            found["github", "apps"] = {**clients, "release_id": self.hub.apps[clients["release"]].id}
        if self.channel is not None:
            found["conda", "channels"] = [self.channel.server.url]
        return found if aws else found | secret_access.values(organisation, self.index, self.development)


def serve(stack: ExitStack, folder: Path, checkout: Path, organisation: Organisation, options: Options) -> Services:
    """Start the services, which end with a stack.

    Args:
        stack: Ends them.
        folder: An empty folder for all that they keep.
        checkout: The template's.
        organisation: As the checkout's org.yml has it.
        options: Which services there are.

    Raises:
        RndError: Something that they need is not on this machine.
    """
    hub = stack.enter_context(FakeGitHub.serve(folder / "hub"))
    tokens = _people(hub, organisation)
    cloud = stack.enter_context(publishing.start(hub, organisation))
    two = _indexes(folder, organisation, cloud.account) if options.aws else secret_access.indexes(folder)
    index, development = stack.enter_context(two)
    apps = publishing.add_apps(hub, organisation.github.owner) if options.app else {}
    environment = {**_environment(folder, index), **cloud.variables}
    found = Services(hub, tokens, cloud, index, development, apps, environment)
    if options.images:
        toolkit = checkout if options.cold else None
        making = image_part.start(folder, organisation, jobs=options.containers, cloud=cloud.account, checkout=toolkit)
        found.images = stack.enter_context(making)
        environment |= found.images.environment
    if options.dependency_tool == "conda":
        found.channel = stack.enter_context(conda.start(folder, folder / "home", organisation))
        environment |= found.channel.environment
    return found


def _people(hub: FakeGitHub, organisation: Organisation) -> dict[str, str]:
    """Add the organisation and who works there, and return their tokens."""
    hub.client_ids.add(organisation.github.client_id or CLIENT_ID)
    tokens = {login: hub.add_user(login, SCOPES, login.title()) for login in (MAINTAINER, RESEARCHER, STRANGER)}
    teams = {slug: [MAINTAINER] for slug in organisation.github.teams}
    members = {MAINTAINER: "admin", RESEARCHER: "member"}
    hub.add_organisation(organisation.github.owner, members, teams)
    return tokens


@contextmanager
def _indexes(
    folder: Path, organisation: Organisation, account: Account
) -> Generator[tuple[PackageIndex, PackageIndex]]:
    """Serve the package index of releases, and beside it that of development versions."""
    begin = partial(package_index.serve, organisation=organisation, account=account)
    with begin(folder / "index") as releases, begin(folder / "index-dev", beside=releases) as development:
        yield releases, development


def _environment(folder: Path, index: PackageIndex) -> dict[str, str]:
    """Return what programs find: the way to this machine's tools and caches, and to the sandbox's services."""
    home = folder / "home"
    home.mkdir()
    here = process.environment()
    cache = process.run("uv", "cache", "dir").strip()
    return {
        **{name: here[name] for name in KEPT if name in here},
        "PATH": here["PATH"],
        "HOME": str(home),
        "UV_CACHE_DIR": cache,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "NO_PROXY": "127.0.0.1",
        "NO_COLOR": "1",
        "AWS_ENDPOINT_URL_CODEARTIFACT": index.url.rstrip("/"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
