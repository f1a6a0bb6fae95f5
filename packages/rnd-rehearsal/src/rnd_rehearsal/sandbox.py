"""The sandbox of a rehearsal: a fake GitHub that hosts this checkout, a package index, a runner, and users.

Started and stopped as one. Everything listens on the loopback interface, and lives in one folder.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fake_github import FakeGitHub
from rnd import process
from rnd.organisation import load_organisation
from rnd_rehearsal import cold as cold_machines
from rnd_rehearsal import conda, downloads, job_programs, package_index, secret_access, template
from rnd_rehearsal import images as image_part
from rnd_rehearsal.cache import cache_folder
from rnd_rehearsal.cloud import stack as publishing
from rnd_rehearsal.containers import Containers
from rnd_rehearsal.jobs import Settings
from rnd_rehearsal.rest import Caller
from rnd_rehearsal.runner import Runner
from rnd_rehearsal.step_faults import StepFaults, fail_in_actions
from rnd_rehearsal.traffic import OTHER

if TYPE_CHECKING:
    from collections.abc import Generator

    from rnd.organisation import Organisation
    from rnd_rehearsal.cloud.account import Account
    from rnd_rehearsal.cloud.server import Cloud
    from rnd_rehearsal.conda import Channel
    from rnd_rehearsal.images import Images
    from rnd_rehearsal.package_index import PackageIndex

MAINTAINER, RESEARCHER, STRANGER = "mae", "rosa", "sam"
SCOPES = {"repo", "workflow", "read:org"}
CLIENT_ID = "Iv1.rehearsal"  # of the OAuth app that people sign in by, where org.yml has none yet
PROGRAMS = "wrappers"  # the folder of the programs of jobs
NO_IMAGES = "this rehearsal makes no images"
NO_CHECKS = "this rehearsal runs no checks of the code"
NO_PACKAGES = "this rehearsal makes no packages"
# What jobs and people find of this machine; nothing else of its environment reaches them.
KEPT = ("LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "UV_PYTHON", "UV_NATIVE_TLS")

# What git needs of this machine, where it is installed in an unusual place or trusts a private authority.
GIT_INSTALLATION = ("GIT_EXEC_PATH", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH")


@dataclass
class Sandbox:
    """Everything that is up.

    Attributes:
        folder: What it keeps.
        checkout: The template's, with an org.yml as people and jobs here need it.
        organisation: As that org.yml has it.
        development: The index of development versions.
        tokens: Of the people, by their names.
        environment: What programs that people run find; no secret.
        cloud: The organisation's AWS account.
        images: Where images are made and kept; None where none are made.
        channel: Where conda packages come from; None where repositories are made with uv.
    """

    folder: Path
    checkout: Path
    organisation: Organisation
    hub: FakeGitHub
    index: PackageIndex
    development: PackageIndex
    runner: Runner
    tokens: dict[str, str]
    environment: dict[str, str]
    cloud: Cloud
    images: Images | None = None
    channel: Channel | None = None

    @property
    def dependency_tool(self) -> str:
        """What the environments of repositories are made with."""
        return "uv" if self.channel is None else "conda"

    def caller(self, login: str = RESEARCHER) -> Caller:
        """Return a user's client of the fake GitHub's API."""
        return Caller(self.hub.api_url, self.tokens[login])

    @property
    def owner(self) -> str:
        """The organisation's name on the fake GitHub."""
        return self.organisation.github.owner

    @property
    def template(self) -> str:
        """The full name of the template's repository on the fake GitHub."""
        return template.hosted_name(self.organisation)

    def secrets(self) -> dict[str, str]:
        """Return everything that must be in no log, by what it is."""
        given = {f"token {number}": value for number, value in enumerate(self.hub.state.tokens)}
        registry = {} if self.images is None else {"registry token": self.images.registry.token}
        channel = {} if self.channel is None else {"channel password": self.channel.server.password}
        return {
            **given,
            **self.runner.settings.secrets,
            **self.runner.settings.aws,
            "index token": self.index.token,
            "development index token": self.development.token,
            **registry,
            **channel,
        }


@contextmanager
def start(
    folder: Path,
    checkout: Path,
    *,
    app: bool = True,
    images: bool = False,
    containers: bool = False,
    dependency_tool: str = "uv",
    failing: tuple[str, ...] = (),
    aws: bool = True,
    checks: bool = True,
    packages: bool = True,
    cold: bool = False,
) -> Generator[Sandbox]:
    """Start a sandbox, and stop it at the end.

    Args:
        folder: An empty folder for all that it keeps.
        checkout: The template's checkout, whose files are taken as they are, committed or not.
        app: Whether the organisation has the GitHub App whose pushes start runs.
        images: Whether images are made, which needs root and Docker.
        containers: Whether jobs run in containers, which needs images.
        dependency_tool: What the environments of repositories are made with, `uv` or `conda`.
        failing: Patterns of the ids of the jobs whose every step fails once.
        aws: Whether the organisation has an AWS account; without one, there are neither an app nor images.
        checks: Whether jobs lint and test the code; without, the steps that do are left out.
        packages: Whether jobs build and publish the package; without, the steps that do are left out.
        cold: Whether each job has a machine of its own without caches, and what it fetches and pushes is counted.

    Raises:
        RndError: Something that it needs is not on this machine.
    """
    organisation = load_organisation(checkout / template.ORGANISATION)
    with ExitStack() as stack:
        hub = stack.enter_context(FakeGitHub.serve(folder / "hub"))
        tokens = _people(hub, organisation)
        cloud = stack.enter_context(publishing.start(hub, organisation))
        two = _indexes(folder, organisation, cloud.account) if aws else secret_access.indexes(folder)
        index, development = stack.enter_context(two)
        apps = publishing.add_apps(hub, organisation.github.owner) if app else {}
        environment = {**_environment(folder, index), **cloud.variables}
        with_images = image_part.start(
            folder, organisation, jobs=containers, cloud=cloud.account, checkout=checkout if cold else None
        )
        made = stack.enter_context(with_images) if images else None
        environment |= {} if made is None else made.environment
        with_conda = dependency_tool == "conda"
        channel = stack.enter_context(conda.start(folder, folder / "home", organisation)) if with_conda else None
        environment |= {} if channel is None else channel.environment
        others = {} if aws else secret_access.values(organisation, index, development)
        starting = cold_machines.start(
            folder / "machines", hub, (index, development), cloud, made, channel, organisation, checkout
        )
        machines = stack.enter_context(starting) if cold else None
        others |= {} if machines is None or made is None else {("docker", "base_image"): machines.base}
        checkout = template.prepare(checkout, folder / "template", _values(hub, organisation, channel, apps) | others)
        organisation = load_organisation(checkout / template.ORGANISATION)
        stack.enter_context(job_programs.kept_processes(folder / PROGRAMS))
        settings = _settings(
            folder, organisation, environment, failing, _left_out(images=images, checks=checks, packages=packages)
        )
        if not aws:
            name = organisation.github.repository.environment.name
            settings.secrets.update(secret_access.secrets(development))
            settings.environment_secrets[name] = secret_access.secrets(index)
        runs = folder / "runs"
        if machines is not None:
            settings.cold, settings.machines, settings.environment["PATH"] = machines, 1, environment["PATH"]
            settings.artifacts.transferred = machines.meter.at(OTHER)
        if containers:
            settings.containers = _containers(environment, runs / downloads.FOLDER, channel, settings.faults, cold=cold)
        runner = Runner(hub, runs, settings)
        stack.callback(runner.close)
        sandbox = Sandbox(
            folder, checkout, organisation, hub, index, development, runner, tokens, environment, cloud, made, channel
        )
        number = _host_template(sandbox)
        keys = {name: key for name, (_, key) in apps.items()}
        if aws:
            publishing.deploy(cloud, hub, organisation, keys, number, folder / "broker")
        runner.listen()  # only now: the template has workflows too, and they would run its whole test suite
        yield sandbox


def _left_out(*, images: bool, checks: bool, packages: bool) -> dict[str, str]:
    """Return the actions whose steps jobs leave out, each with the reason."""
    parts = (
        (images, NO_IMAGES, ("/push-image", "/promote-image")),
        (checks, NO_CHECKS, ("/lint-and-test", "/hadolint")),
        (packages, NO_PACKAGES, ("/build-package", "/publish-package")),
    )
    return {action: reason for there, reason, actions in parts if not there for action in actions}


def _settings(
    folder: Path,
    organisation: Organisation,
    environment: dict[str, str],
    failing: tuple[str, ...],
    left_out: dict[str, str],
) -> Settings:
    """Return how the runner runs jobs: with which variables, without which steps, and which steps fail once."""
    central = f"{template.hosted_name(organisation)}/actions/"
    faults = StepFaults(folder / "faults", central, failing) if failing else None
    path = job_programs.prepare(folder / PROGRAMS, cache_folder() / job_programs.FOLDER, environment["PATH"])
    return Settings(environment | {"PATH": path}, left_out=left_out, faults=faults)


@contextmanager
def _indexes(
    folder: Path, organisation: Organisation, account: Account
) -> Generator[tuple[PackageIndex, PackageIndex]]:
    """Serve the package index of releases, and beside it that of development versions."""
    serve = partial(package_index.serve, organisation=organisation, account=account)
    with serve(folder / "index") as releases, serve(folder / "index-dev", beside=releases) as development:
        yield releases, development


def _values(
    hub: FakeGitHub, organisation: Organisation, channel: Channel | None, apps: dict[str, tuple[str, str]]
) -> dict[tuple[str, ...], object]:
    """Return what org.yml is to contain here: the app for sign-in, those of the pipeline, and the conda channel."""
    found: dict[tuple[str, ...], object] = {("github", "client_id"): organisation.github.client_id or CLIENT_ID}
    if apps:
        clients = {name: client_id for name, (client_id, _) in apps.items()}
        found["github", "apps"] = {**clients, "release_id": hub.apps[clients["release"]].id}
    return found if channel is None else {**found, ("conda", "channels"): [channel.server.url]}


def _containers(
    environment: dict[str, str], actions: Path, channel: Channel | None, faults: StepFaults | None, *, cold: bool
) -> Containers:
    """Return where jobs run: the caches of packages are shared, or every job would download them again."""
    actions.mkdir(parents=True)
    caches = [Path(environment["UV_CACHE_DIR"]), *(() if channel is None else channel.caches)]
    shared, home = [actions, *(() if cold else caches)], []
    if channel is not None:
        home.append(channel.netrc)
    if faults is not None:
        faults.folder.mkdir()
        shared.append(faults.folder)
    return Containers(environment["DOCKER_HOST"], tuple(shared), tuple(home))


def _people(hub: FakeGitHub, organisation: Organisation) -> dict[str, str]:
    """Add the organisation and who works there, and return their tokens."""
    hub.client_ids.add(organisation.github.client_id or CLIENT_ID)
    tokens = {login: hub.add_user(login, SCOPES, login.title()) for login in (MAINTAINER, RESEARCHER, STRANGER)}
    teams = {slug: [MAINTAINER] for slug in organisation.github.teams}
    members = {MAINTAINER: "admin", RESEARCHER: "member"}
    hub.add_organisation(organisation.github.owner, members, teams)
    return tokens


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


def _host_template(sandbox: Sandbox) -> str:
    """Host the checkout as the template's repository, with its actions shared, and return the repository's id."""
    caller = sandbox.caller(MAINTAINER)
    made = caller.ask(
        "POST", f"/orgs/{sandbox.owner}/repos", {"name": sandbox.template.partition("/")[2], "private": True}
    )
    faults = sandbox.runner.settings.faults
    failing = {} if faults is None else fail_in_actions(sandbox.checkout, faults)
    commit = template.snapshot(sandbox.checkout, failing)
    central = sandbox.organisation.template
    branches = ("main", central.workflow_ref, central.canary_ref)
    refs = [f"{commit}:refs/heads/{branch}" for branch in branches]
    push(sandbox, sandbox.checkout, sandbox.template, refs, sandbox.tokens[MAINTAINER])
    caller.ask("PUT", f"/repos/{sandbox.template}/actions/permissions/access", {"access_level": "organization"})
    return str(made["id"])


def push(sandbox: Sandbox, folder: Path, repository: str, refs: list[str], token: str) -> None:
    """Push to a repository of the fake GitHub; the token is in the environment of git alone."""
    extra = without_git_settings() | git_access(sandbox, token)
    process.run("git", "push", "--quiet", f"{sandbox.hub.url}/{repository}.git", *refs, cwd=folder, extra=extra)


def git_access(sandbox: Sandbox, token: str) -> dict[str, str]:
    """Return the variables with which git shows a token to the fake GitHub, and to no other server."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{sandbox.hub.url}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {token}",
        "GIT_TERMINAL_PROMPT": "0",
    }


def without_git_settings() -> dict[str, str | None]:
    """Return what removes the variables that configure git for the user: its files, identity, keys and tracing."""
    names = {name for name in os.environ if name.startswith("GIT_")} - set(GIT_INSTALLATION)
    return dict.fromkeys([*sorted(names), "XDG_CONFIG_HOME"])


def own_environment(sandbox: Sandbox, login: str) -> dict[str, str | None]:
    """Return the variables of a program that a person runs, signed in to the fake GitHub; None removes a variable."""
    return {
        **without_git_settings(),
        **sandbox.environment,
        "GH_TOKEN": sandbox.tokens[login],
        "GITHUB_SERVER_URL": sandbox.hub.url,
        "GITHUB_API_URL": sandbox.hub.api_url,
        "GIT_AUTHOR_NAME": login.title(),
        "GIT_AUTHOR_EMAIL": f"{login}@example.com",
        "GIT_COMMITTER_NAME": login.title(),
        "GIT_COMMITTER_EMAIL": f"{login}@example.com",
        # The program of the sandbox's own checkout, with its org.yml.
        "PYTHONPATH": os.pathsep.join(filter(None, (str(sandbox.checkout / "src"), os.environ.get("PYTHONPATH")))),
    }
