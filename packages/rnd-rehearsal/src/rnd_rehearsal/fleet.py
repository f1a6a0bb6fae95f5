"""The fleet of a rehearsal: a template with releases, and six repositories that were made from the first one.

What people do with it, and what they see, is here; the scenario itself is in `fleet_scenario.py`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rnd import process
from rnd.github.client import Addresses, Client
from rnd.github.repository import Repository
from rnd.github.settings.plan import settings_and_guards
from rnd.github.settings.setting import RepositoryContext
from rnd_rehearsal import template
from rnd_rehearsal.actors import AUTHOR, PATIENCE, lock
from rnd_rehearsal.sandbox import own_environment, push
from rnd_rehearsal.services import MAINTAINER, RESEARCHER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from subprocess import CompletedProcess

    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.runs import Run

# The repositories of the first ring: two that are as they were made, and one whose own check a release breaks.
ROVER, ORBITER, LANDER = CANARIES = ("rover", "orbiter", "lander")
# The others: as it was made, with a changed line, and held.
BEACON, RELAY, GLIDER = OTHERS = ("beacon", "relay", "glider")
ALL = (*CANARIES, *OTHERS)
CHANGED, BEFORE, AFTER, THEIRS = ".editorconfig", "indent_size = 4", "indent_size = 8", "indent_size = 3"
SET_UP = "actions/set-up/action.yml"
STEPS = "  steps:\n"
# One process for all repositories: importing copier takes longer than it takes to make one.
MAKE = """\
import json, sys
from pathlib import Path
from rnd.project.template import remember
from rnd.project.unattended import create
source, remembered, release, wanted = json.loads(sys.argv[1])
for folder, data in wanted.items():
    create(source, release, Path(folder), data)
    remember(Path(folder) / ".copier-answers.yml", remembered)
"""
# A workflow of the repository's own that uses a shared action, as a nightly job would.
NIGHTLY = """\
name: Nightly
on: {{push: {{branches: [nightly]}}}}
permissions: {{}}
jobs:
  nightly:
    runs-on: ubuntu-latest
    steps:
      - uses: {action}
"""
# A job of the repository's own, added where the workflow says; it fails once the line changes.
OWN_JOB = f"""\
  own:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: {{checkout}}
      - run: "grep --quiet '{BEFORE}' {CHANGED}"

"""


@dataclass(frozen=True)
class Fleet:
    """A fleet, as its maintainer sees it.

    Attributes:
        actors: The users of the sandbox.
    """

    actors: Actors

    @property
    def checkout(self) -> Path:
        """The clone of the template."""
        return self.actors.sandbox.checkout

    @property
    def address(self) -> str:
        """The address of the template's repository."""
        return f"{self.actors.sandbox.hub.url}/{self.actors.sandbox.template}.git"

    def name(self, project: str) -> str:
        """Return the name of a project's repository."""
        return f"{self.actors.sandbox.organisation.repository_prefix}-{project}"

    def folder(self, project: str) -> Path:
        """Return the researcher's work tree of a project."""
        return self.actors.sandbox.folder / "people" / project

    def _git(self, folder: Path, *arguments: str) -> str:
        extra = own_environment(self.actors.sandbox, RESEARCHER)
        return process.run("git", *arguments, cwd=folder, extra=extra).removesuffix("\n")

    def configure(self) -> None:
        """Write the rings into org.yml: canaries merge by themselves, and one repository is held."""
        day = (datetime.now(UTC) + timedelta(days=30)).date()
        fleet = {
            "rings": {"canary": {"repositories": list(map(self.name, CANARIES)), "hours": 24}, "all": {}},
            "update": {"at_once": 12, "merge": {"canary": "automatic"}},
            "held": {self.name(GLIDER): {"until": day, "because": "camera-ready"}},
        }
        path = self.checkout / template.ORGANISATION
        values: dict[tuple[str, ...], object] = {("template", "repository"): self.address, ("fleet",): fleet}
        path.write_text(template.with_values(path.read_text(encoding="utf-8"), values), encoding="utf-8")

    def release(self, version: str, *, old: str = "", new: str = "") -> None:
        """Release the template: its actions name the version in logs, and a line of a file changes."""
        self.actors.report(f"the template releases {version}")
        action = self.checkout / SET_UP
        text = re.sub(r"    - run: echo central-actions.*\n      shell: bash\n", "", action.read_text(encoding="utf-8"))
        step = f"    - run: echo central-actions {version}\n      shell: bash\n"
        action.write_text(text.replace(STEPS, STEPS + step), encoding="utf-8")
        path = self.checkout / "template" / CHANGED
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        self._git(self.checkout, "commit", "--quiet", "--all", "--message", f"feat: release {version}")
        self._git(self.checkout, "tag", "--force", version)
        refs = ["+HEAD:refs/heads/main", f"refs/tags/{version}"]
        self._push(self.checkout, self.actors.sandbox.template, refs)

    def forget_branches(self) -> None:
        """Delete the branches of the shared actions, as they are before the first release."""
        central = self.actors.sandbox.organisation.template
        refs = [f":refs/heads/{branch}" for branch in (central.workflow_ref, central.canary_ref)]
        self._push(self.checkout, self.actors.sandbox.template, refs)

    def _push(self, folder: Path, repository: str, refs: list[str]) -> None:
        """Push as a workflow does, which starts no run: the template would run its whole test suite."""
        token = self.actors.sandbox.hub.workflow_token(repository, {"contents": "write", "workflows": "write"})
        push(self.actors.sandbox, folder, repository, refs, token)

    def create(self, release: str) -> None:
        """Make the six repositories from a release of the template, with their settings."""
        self.actors.report(f"there are {len(ALL)} repositories of {release}")
        wanted = {str(self.folder(one)): {"project_name": one, "author": AUTHOR} for one in ALL}
        given = json.dumps([str(self.checkout), self.address, release, wanted])
        self.folder(ROVER).parent.mkdir(parents=True)
        sandbox = self.actors.sandbox
        sandbox.python.run("-c", MAKE, given, extra=own_environment(sandbox, RESEARCHER))
        for project in ALL:
            self._publish(project)
        self._apply_settings()

    def _publish(self, project: str) -> None:
        folder = self.folder(project)
        lock(self.actors.sandbox, folder)
        self._change(project)
        self._git(folder, "init", "--quiet", "--initial-branch=main")
        self._git(folder, "add", "--all")
        self._git(folder, "commit", "--quiet", "--message", "chore: create the repository from its template")
        body = {"name": self.name(project), "private": True}
        self.actors.sandbox.caller().ask("POST", f"/orgs/{self.actors.sandbox.owner}/repos", body)
        self._push(folder, f"{self.actors.sandbox.owner}/{self.name(project)}", ["main"])

    def _change(self, project: str) -> None:
        """Change what makes this repository different from the others."""
        workflows = self.folder(project) / ".github" / "workflows"
        pipeline = workflows / "on_pr.yml"
        text = pipeline.read_text(encoding="utf-8")
        action, checkout = (re.findall(rf"uses: (\S+{name}@\S+)", text)[0] for name in ("/set-up", "/checkout"))
        (workflows / "nightly.yml").write_text(NIGHTLY.format(action=action), encoding="utf-8")
        if project == LANDER:
            mark = "  # The status check that main requires."
            own = OWN_JOB.format(checkout=checkout)
            text = text.replace(mark, own + mark).replace("needs: [version, lint-and-test,", "needs: [own, version,")
            pipeline.write_text(text, encoding="utf-8")
        if project == RELAY:
            path = self.folder(project) / CHANGED
            path.write_text(path.read_text(encoding="utf-8").replace(BEFORE, THEIRS), encoding="utf-8")

    def _apply_settings(self) -> None:
        """Apply the settings of org.yml, in this process and without the pauses of `rnd fleet apply`."""
        sandbox = self.actors.sandbox
        with Client(Addresses(sandbox.hub.api_url, sandbox.hub.url), sandbox.tokens[MAINTAINER]) as client:
            for project in ALL:
                there = Repository(sandbox.owner, self.name(project))
                context = RepositoryContext(client, there, sandbox.organisation.github)
                for setting in settings_and_guards(context):
                    if setting.changes():
                        setting.apply()

    def rnd(self, *arguments: str, signed: Mapping[str, str] | None = None) -> CompletedProcess[str]:
        """Run a command of `rnd fleet` as the maintainer, print it, and return how it ended.

        Args:
            arguments: Those after `rnd fleet`.
            signed: Further variables, such as those of a sign-in to AWS.
        """
        self.actors.report(f"{MAINTAINER} runs rnd fleet {' '.join(arguments)}")
        extra = own_environment(self.actors.sandbox, MAINTAINER) | dict(signed or {})
        place = self.actors.sandbox.folder / "people"
        return self.actors.sandbox.python.attempt("-m", "rnd", "fleet", *arguments, cwd=place, extra=extra)

    def wait(self) -> list[Run]:
        """Wait until nothing runs, and return the runs since the last time."""
        return self.actors.wait()

    def ask(self, project: str, method: str, path: str, body: object = None, login: str = MAINTAINER) -> Any:  # noqa: ANN401
        """Ask the fake GitHub about a repository."""
        place = f"/repos/{self.actors.sandbox.owner}/{self.name(project)}{path}"
        return self.actors.sandbox.caller(login).ask(method, place, body)

    def pulls(self, project: str, state: str = "all") -> list[dict[str, Any]]:
        """Return the pull requests of a repository."""
        found: list[dict[str, Any]] = self.ask(project, "GET", f"/pulls?state={state}")
        return found

    def show(self, project: str, name: str) -> str:
        """Return what git shows for a name in the hosted repository of a project."""
        hosted = self.actors.sandbox.hub.state.repository(f"{self.actors.sandbox.owner}/{self.name(project)}")
        if hosted is None:
            raise LookupError(f"There is no repository of {project}.")
        return self._git(hosted.folder, "show", name)

    def version(self, project: str) -> str:
        """Return the release of the template that `main` of a repository has."""
        answers = self.show(project, "main:.copier-answers.yml")
        return str(re.findall(r"(?m)^_commit: (\S+)$", answers)[0])

    def tip(self, branch: str) -> str:
        """Return the last commit of a branch of the template."""
        return self._git(self._template, "rev-parse", f"refs/heads/{branch}")

    def goes_on(self, branch: str, before: str) -> bool:
        """Return whether a branch of the template has new commits, and still its former last one."""
        path = self._git(self._template, "rev-list", "--first-parent", f"refs/heads/{branch}").splitlines()
        return before in path[1:]

    @property
    def _template(self) -> Path:
        hosted = self.actors.sandbox.hub.state.repository(self.actors.sandbox.template)
        if hosted is None:
            raise LookupError("There is no repository of the template.")
        return hosted.folder

    def nightly(self, projects: Sequence[str] = ALL) -> dict[str, str]:
        """Let the next job of some repositories run, and return the version of the actions that it ran."""
        self.actors.report(f"the nightly job of {len(projects)} repositories runs")
        token = self.actors.sandbox.tokens[RESEARCHER]
        for project in projects:
            where = f"{self.actors.sandbox.owner}/{self.name(project)}"
            self._git(self.folder(project), "commit", "--quiet", "--allow-empty", "--message", "chore: run")
            push(self.actors.sandbox, self.folder(project), where, ["+HEAD:refs/heads/nightly"], token)
        self.actors.sandbox.runner.wait(PATIENCE)
        runs = [run for run in self.actors.sandbox.runner.runs if run.name == "Nightly"][-len(projects) :]
        return {run.repository.rpartition("-")[2]: ", ".join(sorted(actions_of(run))) for run in runs}


def actions_of(run: Run) -> set[str]:
    """Return the versions of the shared actions that the jobs of a run name in their logs."""
    logs = [job.log.read_text(encoding="utf-8") for job in run.jobs.values() if job.log is not None]
    return {version for log in logs for version in re.findall(r"(?m)central-actions (\d\S*)\s*$", log)}
