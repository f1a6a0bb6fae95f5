"""Replays the releases of public repositories and writes docs/benchmarks/histories.md.

`python -m benchmarks.histories FOLDER`, or the variable RND_HISTORIES, names a folder of full clones with their tags:
`FOLDER/owner/name`. Repositories that are not there are skipped and named. Of each one a sample of releases is
replayed: the history is put back to the commit of a release, without its tag, and every tool answers which version
comes next.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks import histories_page, version
from benchmarks.histories_page import Replay
from rnd.version import history, next_version
from rnd.version.conflicts import newer_tag
from rnd.version.tags import newest, parse_release, releases

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rnd.version.tags import Release

Item = TypeVar("Item")
PAGE = version.ROOT / "docs" / "benchmarks" / "histories.md"
SAMPLE = 12  # releases of each repository, evenly spread
PATIENCE = 120  # seconds for one answer
REPOSITORIES = (
    "angular/angular-cli",
    "commitizen-tools/commitizen",
    "conventional-changelog/conventional-changelog",
    "copier-org/copier",
    "googleapis/release-please",
    "nuxt/nuxt",
    "orhun/git-cliff",
    "pdm-project/pdm",
    "pyscaffold/pyscaffold",
    "python-gitlab/python-gitlab",
    "python-semantic-release/python-semantic-release",
    "release-it/release-it",
    "semantic-release/semantic-release",
    "simonw/llm",
)
OURS = "rnd"
SETTINGS = """\
[project]
name = "demo"
version = "{version}"

[tool.commitizen]
version_provider = "pep621"
tag_format = "{prefix}$version"

[tool.semantic_release]
tag_format = "{prefix}{{version}}"
version_toml = ["pyproject.toml:project.version"]
allow_zero_version = true
"""


@dataclass(frozen=True)
class Interval:
    """A release, and the one before it.

    Attributes:
        tag: The tag of the release.
        commit: The full hash of its commit.
        previous: The tag of the highest release in its past.
        tags: All tags in its past that are on other commits.
    """

    tag: str
    commit: str
    previous: str
    tags: frozenset[str]


@dataclass
class Clone:
    """A clone, and a scratch repository that borrows its objects and has the state of one release after another."""

    path: Path
    scratch: Path
    refs: dict[str, list[str]] = field(default_factory=dict)  # of each tag, its hash and that of its commit

    def git(self, *arguments: str) -> str:
        """Run git in the clone."""
        return subprocess.run(
            ["git", "-C", self.path, *arguments], check=True, capture_output=True, encoding="utf-8", errors="replace"
        ).stdout.strip()

    def prepare(self) -> None:
        """Create the scratch repository and read the tags."""
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", self.scratch], check=True)
        # One of the peers does not start without a remote; nobody calls it.
        url = "https://example.com/o/demo.git"
        subprocess.run(["git", "-C", self.scratch, "remote", "add", "origin", url], check=True)
        objects = self.git("rev-parse", "--path-format=absolute", "--git-path", "objects")
        (self.scratch / ".git" / "objects" / "info" / "alternates").write_text(f"{objects}\n", "utf-8")
        for line in self.git("show-ref", "--dereference", "--tags").splitlines():
            place, _, name = line.partition(" refs/tags/")
            self.refs.setdefault(name.removesuffix("^{}"), []).append(place)

    def intervals(self, most: int) -> list[Interval]:
        """Return a sample of the releases in the past of the branch that is checked out, oldest first."""
        reachable = sorted(releases(self.git("tag", "--merged", "HEAD").splitlines()))
        # Twice as many, since some releases do not count.
        found = [one for _, tag in spread(reachable, 2 * most) if (one := self.interval(tag))]
        return spread(found, most)

    def interval(self, tag: str) -> Interval | None:
        """Return a release, or None if it is not above all releases in its past, as the first one is not."""
        commit = self.refs[tag][-1]
        merged = self.git("tag", "--merged", commit).splitlines()
        tags = frozenset(name for name in merged if name in self.refs and self.refs[name][-1] != commit)
        previous = newest(tags)
        if previous is None or (parse_release(previous) or ()) >= (parse_release(tag) or ()):
            return None
        return Interval(tag=tag, commit=commit, previous=previous, tags=tags)

    def turn_to(self, interval: Interval) -> None:
        """Put the scratch repository into the state before a release."""
        lines = ["# pack-refs with: peeled fully-peeled sorted "]
        for tag in sorted(interval.tags, key=str.encode):
            lines.append(f"{self.refs[tag][0]} refs/tags/{tag}")
            lines += [f"^{peeled}" for peeled in self.refs[tag][1:]]
        (self.scratch / ".git" / "packed-refs").write_text("\n".join(lines) + "\n", "utf-8")
        (self.scratch / ".git" / "refs" / "heads" / "main").write_text(f"{interval.commit}\n", "utf-8")
        prefix = "v" if interval.previous.startswith("v") else ""
        written = ".".join(map(str, parse_release(interval.previous) or ()))
        (self.scratch / "pyproject.toml").write_text(SETTINGS.format(version=written, prefix=prefix), "utf-8")


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most so many items, evenly spread."""
    if len(items) <= most:
        return list(items)
    return [items[len(items) * number // most] for number in range(most)]


def replay(clone: Clone, interval: Interval, peers: Sequence[version.Contender]) -> Replay | None:
    """Ask every tool for the version that comes next; None where a release has no commits of its own."""
    clone.turn_to(interval)
    past = history.read(str(clone.scratch))
    previous, released = parse_release(past["release"] or ""), parse_release(interval.tag)
    if previous is None or released is None or not past["commits"]:
        return None
    answer = next_version.derive(past["release"] or "", past["commits"], past["tags"], past["unrecognised"])
    refused = newer_tag(answer) is not None
    answers = {OURS: None if refused else parse_release(answer["version"])}
    answers |= {peer.name: ask(peer, clone.scratch) for peer in peers}
    return Replay(previous=previous, released=released, answers=answers, analyses=answer["commits"])


def ask(peer: version.Contender, repository: Path) -> Release | None:
    """Return the answer of a peer, or None where it has none."""
    try:
        ended = subprocess.run(
            peer.argv(), cwd=repository, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return None
    lines = ended.stdout.strip().splitlines()
    return parse_release(lines[-1].strip()) if ended.returncode == 0 and lines else None


def installed(wanted: Iterable[version.Contender]) -> tuple[list[version.Contender], dict[str, str]]:
    """Install the peers, and return those that could be installed, with their versions."""
    version.WORK.mkdir(parents=True, exist_ok=True)
    there, versions = [], {}
    for peer in wanted:
        try:
            versions[peer.name] = peer.install()
            there.append(peer)
        except subprocess.CalledProcessError:
            print(f"{peer.name} cannot be installed", file=sys.stderr)
    return there, versions


def main(argv: Sequence[str] | None = None) -> None:
    """Replay what is there, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="?", type=Path, default=os.environ.get("RND_HISTORIES"))
    parser.add_argument("--repository", action="append", help="owner/name; the default is a list of public ones")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="the most releases of each repository")
    parser.add_argument("--no-peers", action="store_true", help="replay with our engine only")
    parser.add_argument("--output", type=Path, default=PAGE)
    options = parser.parse_args(argv)
    if options.clones is None:
        parser.error("name the folder of the clones, or set RND_HISTORIES")
    wanted = options.repository or REPOSITORIES
    found = {name: Path(options.clones) / name for name in wanted if (Path(options.clones) / name).is_dir()}
    peers, versions = ([], {}) if options.no_peers else installed(version.contenders()[2:])
    results: dict[str, list[Replay]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, path in found.items():
            clone = Clone(path, Path(scratch) / name.replace("/", "+"))
            clone.prepare()
            replays = [replay(clone, interval, peers) for interval in clone.intervals(options.sample)]
            results[name] = [one for one in replays if one is not None]
            print(name, histories_page.scores(results[name], [OURS, *versions]), flush=True)
    missing = [name for name in wanted if name not in found]
    options.output.write_text(histories_page.render(results, [OURS, *versions], versions, missing), "utf-8")


if __name__ == "__main__":
    main()
