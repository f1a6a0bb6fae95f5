"""The scenario `adopt`: existing repositories join, continue their old tags, and take in a release of the template.

All of them join at the same time, so that the runner works on their pipelines together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd.errors import CommandFailed
from rnd_rehearsal.fleet import AFTER, BEFORE, CHANGED, Fleet
from rnd_rehearsal.newcomer import ENVIRONMENT_FILE, KINDS, RELEASED, Newcomer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.newcomer import Kind

OLD, NEW = "1.0.0", "1.1.0"  # releases of the template


def adopt(actors: Actors, kinds: Iterable[Kind] = (), *, releases: bool = True) -> None:
    """Repositories join; all take in the same release.

    Args:
        actors: The users of the sandbox.
        kinds: The repositories; by default all that have the dependency tool of the sandbox.
        releases: Whether each also releases a feature after the update.
    """
    template, there = begin(actors, kinds)
    for one in there:
        propose(one)
    join(there)
    update(template, there, releases=releases)


def begin(actors: Actors, kinds: Iterable[Kind]) -> tuple[Fleet, list[Newcomer]]:
    """Release the template, and have the repositories; `adopt` explains the arguments."""
    template = Fleet(actors)
    template.release(OLD)
    chosen = list(kinds) or [kind for kind in KINDS if kind.tool == actors.sandbox.dependency_tool]
    there = [Newcomer(actors.sandbox, actors.report, actors.checks, began=actors.began, kind=kind) for kind in chosen]
    for one in there:
        one.begin()
    return template, there


def propose(one: Newcomer, *more: str) -> None:
    """One command, with more arguments, opens a pull request that is ready, with the proof, and changes no setting."""
    ended = one.adopt("--vcs-ref", OLD, "--run-its-code", "--pull-request", "--json", *more)
    one.check(f"{one.kind.name}: the command opens a pull request", ended.returncode in {0, 3})
    if ended.returncode not in {0, 3}:
        raise CommandFailed(ended.stderr)
    (opened,) = one.ask("GET", "/pulls")
    one.check("it is ready for review", not opened["draft"])
    one.check("its text proves that the package is the same, and gives a reason for the rest", proven(opened["body"]))
    one.check("no test is lost", "does not pass any more" not in opened["body"])


def proven(body: str) -> bool:
    """Return whether both wheels were compared, and each difference that is listed has its reason."""
    section = body.partition("## The package stays the same\n")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("- ")]
    compared = "The wheels of both commits were built and compared." in section
    return compared and all(re.fullmatch(r"- `.+` \(.+\)", line) for line in listed)


def join(there: Sequence[Newcomer]) -> None:
    """The pull requests are green and change nothing that they should not; merged, the settings follow."""
    wait(there)
    for one in there:
        accept(one)
    wait(there)
    for one in there:
        one.check(f"{one.kind.name} has joined", one.runs[-1].conclusion == "success")
        one.check_released("0.3.2")
        one.check("the settings are as org.yml has them", one.apply() == "")
        one.check("main is protected now", one.ask("GET", "/rules/branches/main") != [])


def wait(there: Sequence[Newcomer]) -> None:
    """Wait until nothing runs, and bring what GitHub has into each work tree."""
    for one in there:
        one.wait()


def accept(one: Newcomer) -> None:
    """Look at a pull request of an adoption, and merge it; no setting was changed before a maintainer does."""
    (opened,) = one.ask("GET", "/pulls")
    number, old = opened["number"], one.kind.branch
    one.check(f"{one.kind.name}: only the new pipeline runs", {run.name for run in one.runs} == {"Pull request"})
    one.check("nothing is set before a maintainer does it", one.ask("GET", f"/rules/branches/{old}") == [])
    one.check("its branch is protected only later", "is not protected yet" in one.apply())
    one.check("its default branch is main", one.base == "main" and one.ask("GET", "/rules/branches/main") == [])
    one.check_proposed(number, "0.3.2")
    stays(one, one.pull_request(number)["head"]["sha"])
    one.accept(number, "merge")


def stays(one: Newcomer, head: str) -> None:
    """What the repository has is as it was, with its history."""
    files = one.files
    kept = {path for path in files if not path.startswith(".github") and path != "pyproject.toml"}
    kept -= {*one.kind.gone, ENVIRONMENT_FILE}
    same = {path for path in kept if one.show(path, head) == files[path].removesuffix("\n")}
    one.check("its files are as they were", same == kept)
    if ENVIRONMENT_FILE in files:
        lines = iter(one.show(ENVIRONMENT_FILE, head).splitlines())
        own = [line for line in files[ENVIRONMENT_FILE].splitlines() if line not in one.kind.replaced]
        one.check("each line of its environment is there, in order", all(line in lines for line in own))
    history = one.git("log", "--follow", "--format=%s", head, "--", str(one.source.relative_to(one.folder)))
    one.check("their history stays", history == "first")


def update(template: Fleet, there: Sequence[Newcomer], *, releases: bool) -> None:
    """All take in the same release, and each releases a feature after it where that is asked for."""
    template.release(NEW, old=BEFORE, new=AFTER)
    for one in there:
        take_in(one)
    if releases:
        release(there)


def take_in(one: Newcomer) -> None:
    """Stock copier brings the next release in without a conflict."""
    one.git("switch", "--quiet", "--create", "next")
    before = one.show(".copier-answers.yml")
    one.check(f"{one.kind.name}: {NEW} comes in without a conflict", one.update() == [])
    one.check("the change is there", AFTER in (one.folder / CHANGED).read_text(encoding="utf-8"))
    one.git("commit", "--quiet", "--message", f"chore: take in {NEW} of the template")
    after = one.show(".copier-answers.yml")
    one.check("only the release in the answers changes", after == before.replace(f"_commit: {OLD}", f"_commit: {NEW}"))


def release(there: Sequence[Newcomer]) -> None:
    """A pull request with the update and a feature is green, and released after the tags."""
    numbers = {}
    for one in there:
        one.add_drive()
        one.push("next")
        numbers[one.kind.name] = one.propose("next", "feat: drive")
    wait(there)
    for one in there:
        one.check_proposed(numbers[one.kind.name], "0.4.0")
        one.accept(numbers[one.kind.name])
    wait(there)
    for one in there:
        one.check_released("0.4.0")
        one.check(f"{one.kind.name}: its tags continue", one.tags() == {RELEASED, "v0.3.2", "v0.4.0"})
