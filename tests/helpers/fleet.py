"""A fleet for tests: an organisation on the fake GitHub with repositories that come from a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rnd.fleet.governor import Governor
from rnd.fleet.inventory import Selection
from rnd.fleet.reading import Reader
from rnd.fleet.view import look
from rnd.github.client import Client
from rnd.github.repository import Repository
from rnd.github.settings.plan import settings_and_guards
from rnd.github.settings.setting import RepositoryContext
from rnd.organisation import Organisation, load_organisation
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github.server import FakeGitHub
    from rnd.fleet.facts import Facts
    from rnd.fleet.view import View
    from rnd.organisation.fleet import Fleet as Config
    from tests.helpers.github import Hosting

TEMPLATE = "rnd-template"
ANSWERS = "_commit: {version}\n_src_path: {source}\nproject_name: {name}\nauthor: Ada\npython_version: '3.11'\n"
WORKFLOW = "jobs:\n  check:\n    steps:\n      - uses: {template}/actions/set-up@{ref}\n"


@dataclass
class Fleet:
    """An organisation with repositories.

    Attributes:
        hosting: The fake GitHub.
        folder: Where the clones are.
        organisation: The values of org.yml, for that organisation.
    """

    hosting: Hosting
    folder: Path
    organisation: Organisation

    @property
    def hub(self) -> FakeGitHub:
        """The fake GitHub."""
        return self.hosting.hub

    def configure(self, **changed: object) -> None:
        """Change the `fleet` section of org.yml."""
        config: Config = self.organisation.fleet.model_copy(update=changed)
        self.organisation = self.organisation.model_copy(update={"fleet": config})

    def add(
        self,
        name: str,
        version: str = "1.1.0",
        ref: str = "v1",
        source: str | None = None,
        *,
        in_order: bool = True,
        answers: str | None = None,
        more: dict[str, str] | None = None,
    ) -> Repository:
        """Add a repository that was made from the template, and return it.

        Args:
            name: Its name.
            version: The version of the template.
            ref: Where its workflow calls the shared actions.
            source: The address of the template in the answers file.
            in_order: Whether it has the settings of org.yml.
            answers: The whole answers file; an empty one is left out.
            more: More files.
        """
        source = source or self.organisation.template.repository
        text = ANSWERS.format(version=version, source=source, name=name) if answers is None else answers
        central = f"{self.hosting.owner}/{TEMPLATE}"
        files = {".copier-answers.yml": text, ".github/workflows/on_pr.yml": WORKFLOW.format(template=central, ref=ref)}
        files |= more or {}
        there = self.push(name, {path: content for path, content in files.items() if content})
        if in_order:
            with self.hosting.client as client:
                context = RepositoryContext(client, there, self.organisation.github)
                for setting in settings_and_guards(context):
                    if setting.changes():
                        setting.apply()
        return there

    def push(self, name: str, files: dict[str, str], tags: tuple[str, ...] = ()) -> Repository:
        """Create a repository with one commit."""
        folder = self.folder / name
        folder.mkdir()
        git(folder, "init", "--quiet", "--initial-branch=main")
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, encoding="utf-8")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", "feat: all")
        for tag in tags:
            git(folder, "tag", tag)
        return self.hosting.publish(folder, name)

    def context(self, client: Client, name: str) -> RepositoryContext:
        """Return a repository as the settings of `rnd github` see it."""
        return RepositoryContext(client, Repository(self.hosting.owner, name), self.organisation.github)

    def look(self, *, full: bool = False, rotate: bool = False, **selected: object) -> View:
        """Look at the fleet."""
        governor = Governor(sleep=lambda _: None)
        with self.client(governor) as client:
            return look(Reader(client, governor), self.organisation, Selection(**selected), full=full, rotate=rotate)  # pyrefly: ignore[bad-argument-type]

    def client(self, governor: Governor) -> Client:
        """GitHub, as the fleet's commands see it."""
        with self.hosting.client as plain:
            return Client(plain.addresses, self.hosting.token, hooks=governor.hooks)

    def facts(self, *, full: bool = False) -> dict[str, Facts]:
        """Return what is known about each repository."""
        return {one.member.name: one for one in self.look(full=full).repositories}


@pytest.fixture
def fleet(hosting: Hosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """An organisation with the template in two releases, and no other repository."""
    return begin(hosting, tmp_path, monkeypatch)


def begin(hosting: Hosting, folder: Path, patch: pytest.MonkeyPatch) -> Fleet:
    """Make the template's repository in an organisation, with two releases, and let org.yml name both."""
    shipped = load_organisation()
    address = f"{hosting.hub.url}/{hosting.owner}/{TEMPLATE}.git"
    template = shipped.template.model_copy(update={"repository": address})
    made = Fleet(hosting, folder, shipped.model_copy(update={"github": hosting.policy, "template": template}))
    made.push(TEMPLATE, {"copier.yml": ""}, ("1.0.0", "1.1.0", "v1"))
    patch.setattr("rnd.organisation.load_organisation", lambda: made.organisation)
    return made
