"""A research repository in a rehearsal: a framework with two builds, a notebook, a private package, updates, an audit.

What people do with it is here; the scenario itself is in `research_scenario.py`.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rnd import process
from rnd.fleet.audit.locked import Package
from rnd.names import index_credentials
from rnd_rehearsal import framework_index, osv, template
from rnd_rehearsal.actors import AUTHOR
from rnd_rehearsal.assertions import PROJECT
from rnd_rehearsal.fleet import ROVER, Fleet
from rnd_rehearsal.framework_index import BUILDS, DATED, FRAMEWORK, TRAINER
from rnd_rehearsal.osv import Osv
from rnd_rehearsal.package_index import USER
from rnd_rehearsal.private_package import moved, publish_private_package
from rnd_rehearsal.sandbox import git_access, own_environment, push
from rnd_rehearsal.services import RESEARCHER

if TYPE_CHECKING:
    from collections.abc import Generator
    from subprocess import CompletedProcess

    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.framework_index import Builds

LOCKED, FIXED = "2.13.0", "2.14.0"  # of the framework; the second one fixes a vulnerability
OLD, COOL, NEW = "2.6.0", "2.7.0", "2.8.0"  # of the package that requires it; the last one was uploaded today
COOLDOWN = 7  # days
VULNERABILITY = "GHSA-rnd0-rnd0-rnd0"
NOTEBOOK = "notebooks/explore.ipynb"
LOOK = f"import {FRAMEWORK}; print({FRAMEWORK}.BUILD)"
# A test of the repository, which runs on a laptop, in CI and on a GPU: each has the build that is selected for it.
TEST = f"""\
import os

import {FRAMEWORK}


def test_the_build_of_this_place() -> None:
    assert {FRAMEWORK}.BUILD == ("cu130" if os.environ.get("RND_PLACE") == "gpu" else "cpu")
"""


@dataclass(frozen=True)
class Research:
    """A researcher's repository, and the services around it.

    Attributes:
        actors: The users of the sandbox.
        builds: The indexes of the framework.
        advisories: The service that knows vulnerabilities.
    """

    actors: Actors
    builds: Builds
    advisories: Osv

    @property
    def fleet(self) -> Fleet:
        """All repositories, of which this is the only one."""
        return Fleet(self.actors)

    def configure(self) -> None:
        """Write into org.yml how repositories are updated and audited."""
        fleet = {
            "rings": {"all": {}},
            "update": {
                "dependencies": "upgrade",
                "cooldown_days": COOLDOWN,
                "every_days": 0,
                "merge": {"all": "automatic"},
            },
            # The organisation's own index is at this address in a rehearsal; the framework's is at another one.
            "audit": {"service": self.advisories.address, "private_indexes": ["127.0.0.1"]},
        }
        path = self.fleet.checkout / template.ORGANISATION
        values: dict[tuple[str, ...], object] = {("template", "repository"): self.fleet.address, ("fleet",): fleet}
        path.write_text(template.with_values(path.read_text(encoding="utf-8"), values), encoding="utf-8")

    def release(self, version: str) -> None:
        """Release the template, and record that the hosted repository has that commit."""
        self.fleet.release(version)
        for arguments in (
            ("remote", "set-url", "origin", self.fleet.address),
            ("update-ref", "refs/remotes/origin/main", "HEAD"),
        ):
            process.run("git", *arguments, cwd=self.fleet.checkout)

    def create(self) -> int:
        """Make the repository, as a researcher does, and return the number of its first pull request."""
        actors = self.actors
        actors.report(f"{RESEARCHER} makes a repository from the template")
        answers = (f"project_name={PROJECT}", f"author={AUTHOR}", "create_github_repository=true")
        options = (option for answer in answers for option in ("-d", answer))
        self.rnd("new", str(actors.folder), "--defaults", *options, folder=False)
        actors.wait()
        (number,) = [pull["number"] for pull in actors.ask("GET", "/pulls")]
        return int(number)

    def add_feature(self, name: str) -> None:
        """Add a feature of the template, and commit what that changes."""
        self.actors.report(f"{RESEARCHER} runs rnd add {name}")
        self.rnd("add", name, "--quiet")
        self.commit(f"feat: add {name}")

    def declare_framework(self) -> None:
        """Add the framework to both extras, as docs/how-to/gpu.md of the template shows, and a test of the build."""
        manifest = self.actors.folder / "pyproject.toml"
        text = manifest.read_text(encoding="utf-8")
        sources = [f'{TRAINER} = {{ index = "frame-{DATED}" }}', f"{FRAMEWORK} = ["]
        for build in BUILDS:
            text = text.replace(f"{build} = []", f'{build} = ["{FRAMEWORK}", "{TRAINER}"]', 1)
            sources.append(f'  {{ index = "frame-{build}", extra = "{build}" }},')
        text = text.replace("[tool.uv.sources]\n", "\n".join(["[tool.uv.sources]", *sources, "]", ""]), 1)
        for name in (*BUILDS, DATED):
            text += f'\n[[tool.uv.index]]\nname = "frame-{name}"\nurl = "{self.builds.address}/{name}"\n'
            text += "explicit = true\n"
        manifest.write_text(text, encoding="utf-8")
        header = next((self.actors.folder / "src" / PROJECT).glob("*.py")).read_text(encoding="utf-8").partition('"""')
        (self.actors.folder / "tests" / "test_build.py").write_text(f"{header[0]}{TEST}", encoding="utf-8")

    def depend_on_private_package(self) -> str:
        """Depend on a package of the organisation's index, lock, install, and return the package's name."""
        sandbox = self.actors.sandbox
        package = publish_private_package(self.actors, "1.0.0")
        manifest = self.actors.folder / "pyproject.toml"
        address = f"http://{USER}@127.0.0.1:{sandbox.index.port}/simple/"
        manifest.write_text(moved(manifest, address, sandbox.organisation.slug, package), encoding="utf-8")
        self.run("uv", "add", "--quiet", "--no-sync", package)
        self.rnd("setup", "--quiet")
        return package

    def write_notebook(self) -> None:
        """Write a notebook with an output, as Jupyter saves it."""
        cell = {
            "cell_type": "code",
            "execution_count": 1,
            "id": "look",
            "metadata": {},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": ["cpu\n"]}],
            "source": [f"import {FRAMEWORK}\n", "\n", f"print({FRAMEWORK}.BUILD)"],
        }
        document = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path = self.actors.folder / NOTEBOOK
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    def commit(self, message: str) -> bool:
        """Commit everything, with the hooks; return whether a hook changed something first."""
        self.run("git", "add", "--all")
        argv = ("git", "commit", "--quiet", "--message", message)
        if self.attempt(*argv).returncode == 0:
            return False
        self.run("git", "add", "--all")
        self.run(*argv)
        return True

    def push(self, branch: str) -> None:
        """Push a branch, and wait for its pipeline."""
        sandbox = self.actors.sandbox
        push(sandbox, self.actors.folder, self.actors.repository, [branch], sandbox.tokens[RESEARCHER])
        self.actors.wait()

    def build_here(self) -> str:
        """Return the build of the framework in the researcher's environment."""
        return self.run("uv", "run", "--no-sync", "python", "-c", LOOK).strip()

    def build_in_image(self, place: str = "", tag: str = "stable") -> str:
        """Return the build of the framework in an image."""
        images = self.actors.sandbox.images
        return "" if images is None else images.run_python(f"{place}{self.actors.package}", tag, LOOK)

    def locked(self, package: str) -> set[str]:
        """Return the versions of a package that `main` locks."""
        text = self.fleet.show(ROVER, "main:uv.lock")
        return set(re.findall(rf'(?m)^name = "{re.escape(package)}"\nversion = "(\S+)"$', text))

    def publish_newer(self) -> None:
        """Publish newer versions: one that fixes the vulnerability, one that is cool, and one of today."""
        self.actors.report(f"{FRAMEWORK} {FIXED}, {TRAINER} {COOL} and {NEW} are published")
        self.builds.publish_framework(FIXED)
        self.builds.publish_trainer(COOL, datetime.now(UTC) - timedelta(days=COOLDOWN + 1))
        self.builds.publish_trainer(NEW, datetime.now(UTC))

    def signed_in_to_aws(self) -> dict[str, str]:
        """Return the variables of the maintainer's sign-in to AWS, with which private packages can be read."""
        key, secret = self.actors.sandbox.cloud.account.operator.key[:2]
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}

    def rnd(self, *arguments: str, folder: bool = True) -> str:
        """Run this program as the researcher, in the repository or where it is to be."""
        place = self.actors.folder if folder else self.actors.folder.parent
        return self.actors.sandbox.python.run("-m", "rnd", *arguments, cwd=place, extra=self._variables())

    def run(self, *argv: str, folder: bool = True) -> str:
        """Run a program as the researcher, and return what it prints."""
        place = self.actors.folder if folder else self.actors.folder.parent
        return process.run(*argv, cwd=place, extra=self._variables())

    def attempt(self, *argv: str) -> CompletedProcess[str]:
        """Run a program as the researcher, and return how it ended."""
        return process.attempt(*argv, cwd=self.actors.folder, extra=self._variables())

    def _variables(self) -> dict[str, str | None]:
        """Return the variables of the researcher, who is signed in to GitHub, for git too, and to the index."""
        sandbox = self.actors.sandbox
        signed = index_credentials(sandbox.organisation, USER, sandbox.index.token)
        return own_environment(sandbox, RESEARCHER) | signed | git_access(sandbox, sandbox.tokens[RESEARCHER])


@contextmanager
def start(actors: Actors) -> Generator[Research]:
    """Serve the framework's indexes and the service that knows vulnerabilities, until the context ends."""
    advisories = Osv()
    with framework_index.serve(actors.sandbox.folder / "builds") as builds, osv.serve(advisories):
        builds.publish_framework(LOCKED)
        builds.publish_trainer(OLD, datetime.now(UTC) - timedelta(days=100))
        broken = Package(FRAMEWORK, LOCKED)
        advisories.known[broken] = [osv.record(VULNERABILITY, broken, FIXED)]
        actors.folder.parent.mkdir(parents=True)
        yield Research(actors, builds, advisories)
