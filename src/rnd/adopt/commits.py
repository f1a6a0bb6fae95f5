"""The commits of an adoption, made in a clone; each can be reverted alone. Nothing of the repository runs.

The body of each commit lists the open points that making it found, so that the branch alone says what is left to do.
"""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from rnd import git
from rnd.adopt import strategies
from rnd.adopt.baseline import untidy, with_excludes, with_ignores, without_types
from rnd.adopt.conda import FILE as ENVIRONMENT
from rnd.adopt.conda_text import merge_environment
from rnd.adopt.hooks import merge_hooks
from rnd.adopt.linting import lint, refused, requirement_of, unformatted
from rnd.adopt.lock import FILES as LOCKS
from rnd.adopt.lock import NOT_LOCKED, keep_versions, lock
from rnd.adopt.manifest import GATE, merge
from rnd.adopt.pins import combine
from rnd.adopt.report import text
from rnd.errors import DestinationRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rnd.adopt.analysis import Analysis
    from rnd.adopt.facts import OpenPoint
    from rnd.adopt.repository import Existing

HOOKS = ".pre-commit-config.yaml"
MANIFEST = "pyproject.toml"
ANSWERS, OTHER_ANSWERS = ".copier-answers.yml", ".copier-answers.other.yml"
QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "gc.auto=0", "-c", "core.alternateRefsCommand=true")
SUBJECTS = {
    "files": "chore: add the files of rnd-template",
    "manifest": "build: declare the package in pyproject.toml",
    "pipeline": "ci: start former workflows by hand only",
    "baseline": "style: list what the linters find today",
    "proposals": "chore: propose the files that differ",
}


@dataclass
class Work:
    """The commits, one method each.

    Attributes:
        clone: The clone that they are made in, on the new branch.
        rendered: The rendered template.
        existing: The repository.
        found: The analysis.
        author: `Name <e-mail>` of the commits.
        answers: The answers with which the template was rendered.
        build: Whether locking may build packages that have no wheel, which runs their code.
        pending: Open points that no commit lists yet.
        proposals: Files of which the last commit has both versions.
    """

    clone: Path
    rendered: Path
    existing: Existing
    found: Analysis
    author: str
    answers: Mapping[str, Any]
    build: bool = False
    pending: list[str] = field(default_factory=list)
    proposals: list[str] = field(default_factory=list)

    @property
    def python(self) -> str:
        """The Python version that the pipeline works with."""
        return str(self.answers["python_version"])

    def apply(self) -> None:
        """Make all commits."""
        self._files()
        self._manifest()
        self._pipeline()
        self._baseline()
        self._proposals()

    def _files(self) -> None:
        """Add what is missing; keep, or extend, what is there."""
        for path, ours in self._template_files():
            theirs = self._theirs(path)
            chosen = strategies.choose(path, theirs, ours)
            if chosen == "add" and path not in {MANIFEST, ENVIRONMENT}:
                self._write(path, self._attributes(ours) if path == ".gitattributes" else ours)
            elif chosen == "union":
                wanted = self._attributes(ours) if path == ".gitattributes" else ours
                self._write(path, strategies.union(theirs or "", wanted, path))
            elif chosen == "tables" and path == HOOKS:
                self._hooks(theirs or "", ours)
            elif chosen == "propose" and path == ".copier-answers.yml":
                self._move_answers(theirs or "", ours)
            elif chosen == "propose":
                self.proposals.append(path)
        if not any(path.startswith(("tests/", "test/")) or "/tests/" in path for path in self.existing.tree.files):
            module = self.found.layout.modules[0] if self.found.layout else ""
            header = self.rendered / "docker" / "build.py"
            line = header.read_text("utf-8").splitlines()[0].removeprefix("# ") if header.exists() else ""
            self._write("tests/test_import.py", strategies.import_test(module, line))
        self._commit("files")

    def _hooks(self, theirs: str, ours: str) -> None:
        """Take over the hooks of the repository; if their lines cannot be, propose the file."""
        merged = merge_hooks(theirs, ours)
        if merged is None:
            self.proposals.append(HOOKS)
            return
        self._write(HOOKS, merged[0])
        self.pending += [text(point) for point in merged[1]]

    def _attributes(self, ours: str) -> str:
        """Return .gitattributes without the rule for line ends if files have other ones: it would change them all."""
        if git.attempt(self.clone, "grep", "-I", "-l", "-e", "\r$", self.existing.commit) is None:
            return ours
        self._point("Files have CRLF line ends, so .gitattributes does not set them.", ".gitattributes")
        return "".join(line for line in ours.splitlines(keepends=True) if not line.startswith("* text"))

    def _move_answers(self, theirs: str, ours: str) -> None:
        """Keep the answers of another template under another name."""
        self._write(".copier-answers.other.yml", theirs)
        self._write(".copier-answers.yml", ours)
        message = (
            "The answers of another template moved; `copier update --answers-file .copier-answers.other.yml` uses them."
        )
        self._point(message, ".copier-answers.yml")

    def _manifest(self) -> None:
        """Declare the package in pyproject.toml, and lock it."""
        texts = {path: self.existing.tree.text(path) for places in strategies.CONFIGURED.values() for path, _ in places}
        skipped = strategies.configured(texts)
        if not any(name.startswith("tool.pytest") for name in skipped):
            skipped += ("tool.pytest",)  # the options of the template are stricter than what the tests were written for
        theirs = self._theirs(MANIFEST) or ""
        ours = (self.rendered / MANIFEST).read_text("utf-8")
        merged, points = merge(self.found, theirs, ours, self.python, skipped)
        self._write(MANIFEST, merged)
        for path in self.found.declared.replaces:
            self._remove(path)
        if self.found.environment is not None:
            points += self._environment(self.found.environment.path, merged)
        self.pending += [text(point) for point in points]
        tool = self.answers["dependency_tool"]
        self._lock_versions(merged)
        if reason := lock(self.clone, tool, self.python, build=self.build):
            self._point(f"{NOT_LOCKED}: {reason}", MANIFEST if tool == "uv" else ENVIRONMENT)
        self._commit("manifest")

    def _lock_versions(self, manifest: str) -> None:
        """Lock the versions that lock files of other tools have: uv keeps what a lock lists when it locks again."""
        if self.found.environment is not None:
            return
        versions, different = combine(self.found.pins)
        sources = ", ".join(pins.source for pins in self.found.pins)
        left_out = sorted({*different, *(name for pins in self.found.pins for name in pins.left_out)})
        if left_out:
            self._point(f"These have no single version to keep: {', '.join(left_out)}.", sources)
        own = canonicalize_name(str(self.found.declared.value("name")))
        pins = {name: version for name, version in versions.items() if name not in {*GATE, own}}
        dropped = keep_versions(self.clone, manifest, pins, self.python, build=self.build) if pins else []
        if dropped:
            self._point(f"The tools of the template need other versions than these: {', '.join(dropped)}.", sources)

    def _environment(self, path: str, manifest: str) -> list[OpenPoint]:
        """Add to environment.yml what the pipeline needs; return what is replaced."""
        requires = tomllib.loads(manifest)["build-system"]["requires"]
        ours = (self.rendered / ENVIRONMENT).read_text("utf-8")
        merged, points = merge_environment(self._theirs(path) or "", ours, requires)
        if path != ENVIRONMENT:
            (self.clone / path).unlink()
        self._write(ENVIRONMENT, merged)
        return points

    def _remove(self, path: str) -> None:
        """Delete a manifest; of setup.cfg, only the sections that pyproject.toml replaces."""
        text = self.existing.tree.text(path) or ""
        rest = other_sections(text) if path == "setup.cfg" else ""
        if rest:
            self._write(path, rest)
        else:
            (self.clone / path).unlink(missing_ok=True)

    def _pipeline(self) -> None:
        for workflow in self.found.workflows:
            if not workflow.stands_aside:
                continue
            edited = strategies.stand_aside(self.existing.tree.text(workflow.path) or "")
            if edited is None:
                self._point("Its triggers could not be replaced; it runs beside the pipeline.", workflow.path)
            elif workflow.path not in self.proposals:
                self._write(workflow.path, edited)
        self._commit("pipeline")

    def _baseline(self) -> None:
        """List what the gate finds today, so that the pull request is green and all rules apply to new code."""
        tool = self.answers["dependency_tool"]
        ruff, checks = (requirement_of(self.rendered, tool, name) for name in ("ruff", "pre-commit-hooks"))
        manifest = self._theirs(MANIFEST) or ""
        findings, broken = lint(self.clone, ruff)
        for name in broken:
            self._point("It is not valid Python, so the linter leaves it alone.", name)
        self._write(MANIFEST, with_ignores(manifest, findings, unformatted(self.clone, ruff)))
        if HOOKS not in self.proposals:
            hooks = without_types((self.clone / HOOKS).read_text("utf-8"))
            texts = self._texts()
            left_alone = untidy(texts) | refused(self.clone, checks, texts)
            left_alone |= {hook: broken for hook in ("ruff-check", "ruff-format") if broken}
            self._write(HOOKS, with_excludes(hooks, left_alone))
            self._point("The hook that checks types is left out; add it from the template later.", HOOKS)
        self._commit("baseline")

    def _texts(self) -> dict[str, bytes]:
        """Return the text files of the branch; git decides what is text, as pre-commit does by content."""
        listed = git.run(self.clone, "grep", "-I", "-z", "--name-only", "--cached", "-e", "").split("\0")
        paths = (path for path in listed if path and not (self.clone / path).is_symlink())
        return {path: (self.clone / path).read_bytes() for path in paths if path not in LOCKS.values()}

    def _proposals(self) -> None:
        for path in self.proposals:
            ours = (self.rendered / path).read_text("utf-8")
            self._write(path, strategies.markers(self._theirs(path) or "", ours))
            self._point("Both versions are in the file, between conflict markers; keep what you want.", path)
        self._commit("proposals")

    def _template_files(self) -> list[tuple[str, str]]:
        paths = (path for path in sorted(self.rendered.rglob("*")) if path.is_file())
        return [(path.relative_to(self.rendered).as_posix(), path.read_text("utf-8")) for path in paths]

    def _theirs(self, path: str) -> str | None:
        """Return the text of a file, or None if there is none; a symbolic link could lead out of the repository."""
        self._refuse_link(path)
        with suppress(OSError, UnicodeDecodeError), (self.clone / path).open(encoding="utf-8", newline="") as stream:
            return stream.read()
        return None

    def _refuse_link(self, path: str) -> None:
        """Refuse a path that is, or leads through, a symbolic link of the repository.

        Raises:
            DestinationRefused: It does.
        """
        target = self.clone / path
        if target.is_symlink() or target.parent.resolve() != (self.clone.resolve() / path).parent:
            raise DestinationRefused(f"{path} is a symbolic link, or in one.", "Replace the link by a file.")

    def _write(self, path: str, text: str) -> None:
        """Write a file; never through a symbolic link of the repository."""
        self._refuse_link(path)
        target = self.clone / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)

    def _point(self, message: str, source: str) -> None:
        self.pending.append(f"{source}: {message}")

    def _commit(self, kind: str) -> None:
        """Commit what changed, if anything did."""
        git.run(self.clone, "-c", f"core.excludesFile={os.devnull}", "add", "--all", "--force")
        if git.attempt(self.clone, "diff", "--cached", "--quiet") is not None:
            return
        name, _, address = self.author.removesuffix(">").partition(" <")
        identity = ("-c", f"user.name={name}", "-c", f"user.email={address}", "-c", "commit.gpgSign=false")
        git.run(
            self.clone, *identity, *QUIET, "commit", "--quiet", "--no-verify", "--message", message(kind, self.pending)
        )
        self.pending.clear()


def other_sections(text: str) -> str:
    """Return the sections of a setup.cfg that other tools read, byte for byte."""
    parts = re.split(r"(?m)^(?=\[)", text)
    kept = [part for part in parts[1:] if not re.match(r"\[(metadata|options(\.[^\]]*)?)\]", part)]
    return "".join(kept)


def message(kind: str, points: list[str]) -> str:
    """Return the message of a commit: what it does, and what is left to do."""
    listed = "".join(f"\n- {' '.join(point.split())}" for point in points)
    return f"{SUBJECTS[kind]}\n{listed}\n" if listed else SUBJECTS[kind]
