"""What the tests of creation on GitHub share: a small project, and the runs that bring it there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_github.api.actions import DEFAULTS
from rnd.answers import Project
from rnd.organisation import Organisation, load_organisation
from rnd.plan import Outcome, Plan
from rnd.progress import Quiet
from rnd.project.github import GitHubSetup, open_github
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github.state import Repository
    from tests.helpers import github as fixtures

MANIFEST = '[project]\nname = "demo"\nversion = "0.1.0"\n\n[build-system]\nrequires = ["uv_build"]\n'
DAY = "2026-11-22T12:00:00Z"


@dataclass
class Creation:
    """A project that is whole on this machine, and on its way to GitHub.

    Attributes:
        hosting: The fake GitHub.
        project: The project.
        organisation: Whose it is.
    """

    hosting: fixtures.Hosting
    project: Project
    organisation: Organisation

    @property
    def name(self) -> str:
        """What the repository is called."""
        return f"{self.organisation.repository_prefix}-{self.project.name}"

    def open(self) -> GitHubSetup:
        """Do what comes before the first step."""
        return open_github(self.project, self.organisation, os.environ, ask=False)

    def run(self) -> tuple[Outcome, ...]:
        """Bring the project to GitHub."""
        opened = self.open()
        try:
            return Plan("host it", opened.steps).apply(Quiet())
        finally:
            opened.close()

    def there(self) -> Repository | None:
        """Return the repository as the fake GitHub has it, or None."""
        return self.hosting.hub.state.repository(f"{self.hosting.owner}/{self.name}")

    def state(self) -> dict[str, Any]:
        """Return the content of the fake GitHub and the work tree, without the parts that differ between runs."""
        found = self.there()
        if found is None:
            return {}
        there = git(found.folder, "for-each-ref", "--format=%(refname) %(tree)")
        trees = "%(refname) %(objectname)"
        one = self.hosting.hub.state.organisation(self.hosting.owner)
        assert one is not None
        return {
            "settings": found.settings,
            "default branch": found.default_branch,
            "topics": found.topics,
            "rulesets": [without_ids(ruleset) for ruleset in found.rulesets.values()],
            "teams": {team.slug: team.repositories.get(found.full_name) for team in one.teams.values()},
            "environments": [without_ids(environment) for environment in found.environments.values()],
            "actions": actions(found),
            "commits": git(found.folder, "for-each-ref", f"--format={trees}", "refs/heads/main"),
            "branches": sorted(git(found.folder, "for-each-ref", "--format=%(refname)", "refs/heads").split()),
            "set-up": re.sub(r"(?m)^index .*$", "", git(found.folder, "diff", "main", "set-up"))
            if "set-up" in there
            else "",
            "pull requests": [
                (one.number, one.title, one.body, one.state, one.head_branch) for one in found.pulls.values()
            ],
            "origin": git(self.project.folder, "remote", "get-url", "origin"),
            "tracking": git(self.project.folder, "rev-parse", "refs/remotes/origin/main"),
            "status": git(self.project.folder, "status", "--porcelain", "--branch"),
        }


def actions(repository: Repository) -> dict[str, object]:
    """Return what workflows may do in a repository, whether it was said or is so by default."""
    return {part: {**default, **repository.actions.get(part, {})} for part, default in DEFAULTS.items()}


def without_ids(document: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a document without the numbers and times that no two runs have in common."""
    if isinstance(document, dict):
        chance = {"id", "node_id", "created_at", "updated_at", "url", "html_url", "_links"}
        return {key: without_ids(value) for key, value in document.items() if key not in chance}
    return [without_ids(item) for item in document] if isinstance(document, list) else document


def begin(hosting: fixtures.Hosting, folder: Path, name: str = "demo") -> Creation:
    """Make a project in a folder, as the local steps leave one."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(MANIFEST)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "chore: create the repository from its template", "--date", DAY)
    project = Project(folder, name, "Ada", "uv", "3.11", "https://example.com/template.git", "1.0.0", on_github=True)
    organisation = load_organisation().model_copy(update={"github": hosting.policy})
    return Creation(hosting, project, organisation)


def wanting(creation: Creation, **changed: object) -> None:
    """Let the organisation want other settings of its repositories."""
    github = creation.organisation.github
    github = github.model_copy(update={"repository": github.repository.model_copy(update=changed)})
    creation.organisation = creation.organisation.model_copy(update={"github": github})


def set_plan(creation: Creation, name: str) -> None:
    """Give the organisation another plan of GitHub."""
    one = creation.hosting.hub.state.organisation(creation.hosting.owner)
    assert one is not None
    one.plan = name
