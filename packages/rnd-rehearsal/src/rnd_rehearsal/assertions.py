"""Checks of a rehearsal's results: on the fake GitHub, the package index and the registry.

Reads a sandbox: its fake GitHub, its index, its registry.
"""

from __future__ import annotations

import time
import tomllib
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnd_rehearsal.services import RESEARCHER

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.state import Repository
    from rnd_rehearsal.attacks.matrix import Matrix
    from rnd_rehearsal.package_index import PackageIndex
    from rnd_rehearsal.sandbox import Sandbox

PROJECT = "rover"


@dataclass(frozen=True)
class Check:
    """Something that should be so at the end, and whether it is."""

    sentence: str
    holds: bool


@dataclass
class Assertions:
    """Who looks at a sandbox's one repository, and at what its pipeline has published.

    Attributes:
        sandbox: Where it happens.
        report: Receives a line for each event.
        checks: What was looked for.
        matrix: The attempts of attackers, in the scenario that has them.
    """

    sandbox: Sandbox
    report: Callable[[str], None] = lambda _: None
    checks: list[Check] = field(default_factory=list)
    matrix: Matrix | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def repository(self) -> str:
        """The repository's full name."""
        return f"{self.sandbox.owner}/{self.sandbox.organisation.repository_prefix}-{PROJECT}"

    @property
    def hosted(self) -> Repository:
        """The repository as the fake GitHub keeps it."""
        found = self.sandbox.hub.state.repository(self.repository)
        if found is None:
            raise LookupError(f"There is no {self.repository} yet.")
        return found

    def ask(self, method: str, path: str, body: object = None, login: str = RESEARCHER) -> Any:  # noqa: ANN401
        """Ask the fake GitHub's API about the repository."""
        return self.sandbox.caller(login).ask(method, f"/repos/{self.repository}{path}", body)

    def pull_request(self, number: int) -> dict[str, Any]:
        """Return a pull request as the API has it."""
        found: dict[str, Any] = self.ask("GET", f"/pulls/{number}")
        return found

    def version_at(self, ref: str) -> str:
        """Return the version that pyproject.toml has at a ref."""
        found = self.ask("GET", f"/contents/pyproject.toml?ref={ref}")
        return str(tomllib.loads(b64decode(found["content"]).decode())["project"]["version"])

    def conclusions(self, sha: str) -> dict[str, str]:
        """Return the conclusions of a commit's checks, statuses among them, by their names."""
        runs = self.ask("GET", f"/commits/{sha}/check-runs?per_page=100")["check_runs"]
        statuses = self.ask("GET", f"/commits/{sha}/status")["statuses"]
        return {run["name"]: run["conclusion"] for run in runs} | {one["context"]: one["state"] for one in statuses}

    def wheels(self) -> set[str]:
        """Return the versions whose wheels are on one of the two indexes."""
        return _versions(self.sandbox.index) | _versions(self.sandbox.development)

    @property
    def package(self) -> str:
        """The name of the package and of the image."""
        return f"{self.sandbox.organisation.slug}-{self.repository.partition('/')[2]}"

    def images(self, place: str = "") -> dict[str, str]:
        """Return the tags of the image in the registry, each with its digest; none where no images are made.

        Args:
            place: How the name of the repository begins: `dev/` or `candidate/`; by default that of releases.
        """
        return {} if self.sandbox.images is None else self.sandbox.images.tags(f"{place}{self.package}")

    def tag(self, version: str) -> str:
        """Return the tag of a version."""
        return version

    def tags(self) -> set[str]:
        """Return the tags of the repository."""
        return {tag["name"] for tag in self.ask("GET", "/tags?per_page=100")}

    def releases(self) -> set[str]:
        """Return the tags that have a release."""
        return {release["tag_name"] for release in self.ask("GET", "/releases?per_page=100")}

    def check(self, sentence: str, holds: object) -> None:
        """Look whether something is so."""
        self.checks.append(Check(sentence, bool(holds)))
        self.report(f"{'✓' if holds else '✗'} {sentence}")

    def check_released(self, version: str) -> None:
        """Look whether a version is out: its wheel, its tag, its release, its place in main."""
        released = _versions(self.sandbox.index, self.package)
        self.check(f"the wheel {version} is on the index", version in released)
        self.check("no development wheel is there", not any("dev" in one for one in released))
        tag = self.tag(version)
        self.check(f"the tag {tag} is on main", tag in self.tags() and self._on_main(tag))
        self.check(f"the release {tag} is there", tag in self.releases())
        self.check(f"pyproject.toml on main has {version}", self.version_at("main") == version)
        if self.sandbox.images is not None:
            tags = self.images()
            self.check("stable and latest are one image", len({tags.get("stable"), tags.get("latest")} - {None}) == 1)
            candidates = {
                digest for tag, digest in self.images("candidate/").items() if tag.startswith(f"{version}-run.")
            }
            self.check("it is a candidate, copied", tags.get(version) in candidates)
            inside = self.sandbox.images.version_inside(self.package, "stable")
            self.check(f"it holds the wheel {version}", inside == version)

    def _on_main(self, tag: str) -> bool:
        status = self.ask("GET", f"/compare/{tag}...main")["status"]
        return status in {"ahead", "identical"}

    def check_proposed(self, number: int, version: str, heads: int = 1) -> str:
        """Look whether a pull request's pipeline has done its part, and return the commit that it ended on.

        Args:
            number: Of the pull request.
            version: The one that it leads to.
            heads: How many commits have had their pipeline, and so a wheel.
        """
        head = str(self.pull_request(number)["head"]["sha"])
        self.check(f"the pipeline set {version} on the branch", self.version_at(head) == version)
        listed = _versions(self.sandbox.development, self.package)
        built = {wheel for wheel in listed if wheel.startswith(f"{version}.dev0+")}
        self.check(
            f"of {version}, the development index has {heads} development wheel{'s' * (heads > 1)}", len(built) == heads
        )
        own = {wheel for wheel in built if head.startswith(wheel.partition("+")[2])}
        self.check("one is named after the commit it was built from", len(own) == 1)
        if self.sandbox.images is not None:
            named = {wheel.replace("+", "-") for wheel in own}  # a run that a newer push ended may have made none
            self.check("one image has that version", named <= set(self.images("dev/")) and named)
        self.check("all-green passed on that commit", self.conclusions(head).get("all-green") == "success")
        comments = [one["body"] for one in self.ask("GET", f"/issues/{number}/comments")]
        self.check("one comment explains the version", len(comments) == 1 and version in comments[0])
        return head


def _versions(index: PackageIndex, package: str = "") -> set[str]:
    """Return the versions whose wheels are on an index, of one package or of all."""
    start = f"{package.replace('-', '_')}-" if package else ""
    return {name.split("-")[1] for name in index.content() if name.startswith(start) and name.endswith(".whl")}
