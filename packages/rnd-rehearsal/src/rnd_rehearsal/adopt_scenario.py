"""The scenario `adopt`: existing repositories join, continue their old tags, and take in a release of the template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.errors import CommandFailed
from rnd_rehearsal.fleet import AFTER, BEFORE, CHANGED, Fleet
from rnd_rehearsal.newcomer import KINDS, RELEASED, Newcomer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.newcomer import Kind

OLD, NEW = "1.0.0", "1.1.0"  # releases of the template


def adopt(actors: Actors, kinds: Iterable[Kind] = KINDS, *, releases: bool = True) -> None:
    """Each kind of repository that the sandbox has the tools for joins; all take in the same release.

    Args:
        actors: The users of the sandbox.
        kinds: The repositories.
        releases: Whether each also releases a feature after the update.
    """
    template = Fleet(actors)
    template.release(OLD)
    there = [
        Newcomer(actors.sandbox, actors.report, actors.checks, began=actors.began, kind=kind)
        for kind in kinds
        if kind.tool == actors.sandbox.dependency_tool
    ]
    for one in there:
        one.begin()
        join(one)
    template.release(NEW, old=BEFORE, new=AFTER)
    for one in there:
        take_in(one)
        if releases:
            release(one)


def join(one: Newcomer) -> None:
    """The pull request is green and changes nothing that it should not; merged, the settings follow."""
    name, old = one.kind.name, one.kind.branch
    ended = one.adopt("--vcs-ref", OLD, "--run-its-code", "--pull-request", "--json")
    one.check(f"{name}: the command opens a pull request", ended.returncode in {0, 3})
    if ended.returncode not in {0, 3}:
        raise CommandFailed(ended.stderr)
    (opened,) = one.ask("GET", "/pulls")
    number = opened["number"]
    one.check("it is ready for review", not opened["draft"])
    one.check("its text proves that the package is the same", "They are the same." in opened["body"])
    (run,) = one.wait()
    one.check("only the new pipeline runs", run.name == "Pull request")
    one.check("nothing is set before a maintainer does it", one.ask("GET", f"/rules/branches/{old}") == [])
    one.check("its branch is protected only later", "is not protected yet" in one.apply())
    one.check("its default branch is main", one.base == "main" and one.ask("GET", "/rules/branches/main") == [])
    one.check_proposed(number, "0.3.2")
    stays(one, one.pull_request(number)["head"]["sha"])
    one.merge(number, "merge")
    one.check_released("0.3.2")
    one.check("the settings are as org.yml has them", one.apply() == "")
    one.check("main is protected now", one.ask("GET", "/rules/branches/main") != [])


def stays(one: Newcomer, head: str) -> None:
    """What the repository has is as it was, with its history."""
    kept = {path for path in one.kind.files if not path.startswith(".github") and path != "pyproject.toml"}
    kept -= set(one.kind.gone)
    same = {path for path in kept if one.show(path, head) == one.kind.files[path].removesuffix("\n")}
    one.check("its files are as they were", same == kept)
    history = one.git("log", "--follow", "--format=%s", head, "--", str(one.source.relative_to(one.folder)))
    one.check("their history stays", history == "first")


def take_in(one: Newcomer) -> None:
    """Stock copier brings the next release in without a conflict."""
    one.git("switch", "--quiet", "--create", "next")
    before = one.show(".copier-answers.yml")
    one.check(f"{one.kind.name}: {NEW} comes in without a conflict", one.update() == [])
    one.check("the change is there", AFTER in (one.folder / CHANGED).read_text(encoding="utf-8"))
    one.git("commit", "--quiet", "--message", f"chore: take in {NEW} of the template")
    after = one.show(".copier-answers.yml")
    one.check("only the release in the answers changes", after == before.replace(f"_commit: {OLD}", f"_commit: {NEW}"))


def release(one: Newcomer) -> None:
    """A pull request with the update and a feature is green, and released after the tags."""
    one.add_drive()
    one.push("next")
    number = one.propose("next", "feat: drive")
    one.wait()
    one.check_proposed(number, "0.4.0")
    one.merge(number)
    one.check_released("0.4.0")
    one.check("its tags continue", one.tags() == {RELEASED, "v0.3.2", "v0.4.0"})
