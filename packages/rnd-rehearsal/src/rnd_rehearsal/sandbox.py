"""The sandbox of a rehearsal: a fake GitHub that hosts this checkout, a package index, a runner, and users.

Started and stopped as one. Everything listens on the loopback interface, and lives in one folder.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import process
from rnd.organisation import load_organisation
from rnd_rehearsal import cold, downloads, job_programs, secret_access, template
from rnd_rehearsal.cache import cache_folder
from rnd_rehearsal.cloud import stack as publishing
from rnd_rehearsal.containers import Containers
from rnd_rehearsal.jobs import Settings
from rnd_rehearsal.python_programs import Python
from rnd_rehearsal.rest import Caller
from rnd_rehearsal.runner import Runner
from rnd_rehearsal.services import MAINTAINER, RESEARCHER, Options, Services, serve
from rnd_rehearsal.step_faults import StepFaults, fail_in_actions
from rnd_rehearsal.traffic import OTHER

if TYPE_CHECKING:
    from collections.abc import Generator

    from rnd.organisation import Organisation
    from rnd_rehearsal.cold import Cold

PROGRAMS, RUNS = "wrappers", "runs"  # the folders of the programs of jobs, and of what runs leave
NO_IMAGES = "this rehearsal makes no images"
NO_CHECKS = "this rehearsal runs no checks of the code"
NO_PACKAGES = "this rehearsal makes no packages"
DEFAULT = Options()

# What git needs of this machine, where it is installed in an unusual place or trusts a private authority.
GIT_INSTALLATION = ("GIT_EXEC_PATH", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH")


@dataclass(kw_only=True)
class Sandbox(Services):
    """Everything that is up: the services, and what uses them.

    Attributes:
        folder: What it keeps.
        checkout: The template's, with an org.yml as people and jobs here need it.
        organisation: As that org.yml has it.
        runner: Runs workflows.
        python: Runs the programs of people that are written in Python.
    """

    folder: Path
    checkout: Path
    organisation: Organisation
    runner: Runner
    python: Python

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
def start(folder: Path, checkout: Path, options: Options = DEFAULT) -> Generator[Sandbox]:
    """Start a sandbox, and stop it at the end.

    Args:
        folder: An empty folder for all that it keeps.
        checkout: The template's checkout, whose files are taken as they are, committed or not.
        options: What it has.

    Raises:
        RndError: Something that it needs is not on this machine.
    """
    organisation = load_organisation(checkout / template.ORGANISATION)
    with ExitStack() as stack:
        services = serve(stack, folder, checkout, organisation, options)
        values = services.values(organisation, aws=options.aws)
        machines = None
        if options.cold:
            machines = stack.enter_context(cold.start(folder / "machines", services, organisation, checkout))
            values |= {("docker", "base_image"): machines.base} if options.images else {}
        checkout = template.prepare(checkout, folder / "template", values)
        organisation = load_organisation(checkout / template.ORGANISATION)
        stack.enter_context(job_programs.kept_processes(folder / PROGRAMS))
        settings = _settings(folder, organisation, services, options, machines)
        runner = Runner(services.hub, folder / RUNS, settings)
        stack.callback(runner.close)
        sandbox = Sandbox(
            **vars(services), folder=folder, checkout=checkout, organisation=organisation, runner=runner,
            python=Python(forks=not options.cold),
        )  # fmt: skip
        number = _host_template(sandbox)
        if options.aws:
            keys = {name: key for name, (_, key) in services.apps.items()}
            publishing.deploy(services.cloud, services.hub, organisation, keys, number, folder / "broker")
        runner.listen()  # only now: the template has workflows too, and they would run its whole test suite
        yield sandbox


def _left_out(options: Options) -> dict[str, str]:
    """Return the actions whose steps jobs leave out, each with the reason."""
    parts = (
        (options.images, NO_IMAGES, ("/push-image", "/promote-image")),
        (options.checks, NO_CHECKS, ("/lint-and-test", "/hadolint")),
        (options.packages, NO_PACKAGES, ("/build-package", "/publish-package")),
    )
    return {action: reason for there, reason, actions in parts if not there for action in actions}


def _settings(
    folder: Path, organisation: Organisation, services: Services, options: Options, machines: Cold | None
) -> Settings:
    """Return how the runner runs jobs: with which variables and secrets, without which steps, and where."""
    central = f"{template.hosted_name(organisation)}/actions/"
    faults = StepFaults(folder / "faults", central, options.failing) if options.failing else None
    environment = services.environment
    path = job_programs.prepare(folder / PROGRAMS, cache_folder() / job_programs.FOLDER, environment["PATH"])
    python = str(folder / PROGRAMS / job_programs.PYTHON_NAME)
    settings = Settings(environment | {"PATH": path}, left_out=_left_out(options), faults=faults, python=python)
    if not options.aws:
        name = organisation.github.repository.environment.name
        settings.secrets.update(secret_access.secrets(services.development))
        settings.environment_secrets[name] = secret_access.secrets(services.index)
    if machines is not None:
        settings.cold, settings.machines, settings.environment["PATH"] = machines, 1, environment["PATH"]
        settings.python = sys.executable
        settings.artifacts.transferred = machines.meter.at(OTHER)
    if options.containers:
        settings.containers = _containers(services, folder / RUNS / downloads.FOLDER, faults, cold=options.cold)
    return settings


def _containers(services: Services, actions: Path, faults: StepFaults | None, *, cold: bool) -> Containers:
    """Return where jobs run: the caches of packages are shared, or every job would download them again."""
    actions.mkdir(parents=True)
    environment, channel = services.environment, services.channel
    caches = [Path(environment["UV_CACHE_DIR"]), *(() if channel is None else channel.caches)]
    shared, home = [actions, *(() if cold else caches)], []
    if channel is not None:
        home.append(channel.netrc)
    if faults is not None:
        faults.folder.mkdir()
        shared.append(faults.folder)
    return Containers(environment["DOCKER_HOST"], tuple(shared), tuple(home))


def _host_template(sandbox: Sandbox) -> str:
    """Host the checkout as the template's repository, with its actions shared, and return the repository's id."""
    caller = sandbox.caller(MAINTAINER)
    made = caller.ask(
        "POST", f"/orgs/{sandbox.owner}/repos", {"name": sandbox.template.partition("/")[2], "private": True}
    )
    hosted = sandbox.hub.state.repository(sandbox.template)
    assert hosted is not None  # noqa: S101 - it has just been made
    # It has the objects of the checkout already, so that the push sends the new ones alone.
    (hosted.folder / "objects/info/alternates").write_text(f"{sandbox.checkout}/.git/objects\n", encoding="utf-8")
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
