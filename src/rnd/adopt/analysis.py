"""The analysis of a repository that may join: facts with their sources, and open points. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnd.adopt.credentials import find_in_values
from rnd.adopt.errors import CredentialsCommitted
from rnd.adopt.facts import Declared, Fact, OpenPoint

if TYPE_CHECKING:
    from rnd.adopt.conda import CondaFile
    from rnd.adopt.layout import Layout
    from rnd.adopt.pins import Pins
    from rnd.adopt.requirements import RequirementFile
    from rnd.adopt.workflows import Workflow


@dataclass
class Analysis:
    """What is known about a repository.

    Attributes:
        declared: What the manifests declare about the package.
        layout: Where the package is.
        document: The data of pyproject.toml; empty if there is none.
        requirements: The requirement files of pip.
        workflows: The workflows of GitHub Actions.
        tag: The newest release tag.
        branch: The branch that pull requests go to.
        environment: The conda environment at the root; None if there is none, or uv is used in its place.
        pins: The exact versions of lock files of other tools.
        others: More facts, by name: the hooks, the headers.
        python: The Python version that the repository works with, as a specifier; None if no file says it.
        points: All open points.
    """

    declared: Declared
    layout: Layout | None
    document: dict[str, Any]
    requirements: list[RequirementFile]
    workflows: list[Workflow]
    tag: str | None
    branch: str
    environment: CondaFile | None = None
    pins: list[Pins] = field(default_factory=list)
    others: dict[str, Fact] = field(default_factory=dict)
    python: Fact | None = None
    points: list[OpenPoint] = field(default_factory=list)

    @property
    def blocked(self) -> bool:
        """Whether no branch can be made before a point is settled."""
        return any(point.blocks for point in self.points)

    def facts(self) -> dict[str, Fact]:
        """Return the facts that a report shows, by name."""
        keys = (
            "name",
            "version",
            "requires-python",
            "readme",
            "dependencies",
            "optional-dependencies",
            "scripts",
            "entry-points",
            "license",
        )
        found = {key: self.declared.fields[key] for key in keys if key in self.declared.fields}
        found["build-backend"] = self.declared.backend or Fact("setuptools", "default, no file names one (PEP 517)")
        if self.layout is not None:
            found["import-names"] = Fact(list(self.layout.modules), self.layout.source)
            found["layout"] = Fact(
                "src" if self.layout.where == "src" else self.layout.where or "flat", self.layout.source
            )
        found["dependency-tool"] = self._dependency_tool()
        if self.environment is not None:
            found |= self.environment.facts()
        else:
            found |= {f"locked-in-{one.source}": Fact(f"{len(one.versions)} versions", one.source) for one in self.pins}
        if self.python is not None:
            found["python"] = self.python
        found |= self.others
        if self.tag is not None:
            found["last-release"] = Fact(self.tag, "git tags")
        found["default-branch"] = Fact(self.branch, "git")
        return found

    def _dependency_tool(self) -> Fact:
        if self.environment is not None:
            return Fact("conda", self.environment.path)
        return Fact("uv", "default, no environment.yml at the root is used")


def refuse_credentials(found: Analysis) -> None:
    """Refuse an analysis whose values have credentials.

    Raises:
        CredentialsCommitted: A value has an address with credentials.
    """
    place = find_in_values(found.document, "pyproject.toml") or find_in_values(found, "The repository")
    if place:
        raise CredentialsCommitted(f"{place} has an address with credentials.")
