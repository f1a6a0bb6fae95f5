"""The changes of scenarios: proposed, merged and released, each with its checks, in a repository that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd_rehearsal.actors import BEFORE
from rnd_rehearsal.rest import Refusal
from rnd_rehearsal.services import MAINTAINER

if TYPE_CHECKING:
    from rnd_rehearsal.actors import Actors


def change(actors: Actors, message: str, version: str, method: str = "squash", title: str | None = None) -> None:
    """Propose a change with one commit, merge it, and check the release that follows."""
    subject = message.partition("\n")[0]
    written = actors.commit("change", message)
    number = actors.propose("change", title or subject)
    actors.wait()
    # Its run only pushed the version. Going back to this commit must not make it mergeable.
    found = actors.conclusions(written)
    actors.check("the commit without its version is not green", found.get("all-green") != "success")
    actors.check_proposed(number, version)
    actors.merge(number, method)
    actors.check_released(version)


def refused(actors: Actors, number: int) -> bool:
    """Return whether the rules block a pull request from merging."""
    try:
        actors.ask("PUT", f"/pulls/{number}/merge", {"merge_method": "squash"}, MAINTAINER)
    except Refusal as refusal:
        return refusal.status == 405
    return False


def propose_two(actors: Actors) -> None:
    """Propose two changes from `BEFORE`, and release both."""
    actors.commit("one", "feat: drive", "drive")
    actors.commit("two", "fix: turn", "turn")
    first, second = actors.propose("one", "feat: drive"), actors.propose("two", "fix: turn")
    actors.wait()
    actors.check_proposed(first, "0.5.0")
    actors.check_proposed(second, "0.4.2")
    actors.merge(first)
    actors.check_released("0.5.0")
    actors.check("the second must be brought up to date first", refused(actors, second))
    actors.bring_up_to_date("two")
    actors.check_proposed(second, "0.5.1")
    actors.merge(second)
    actors.check_released("0.5.1")
    actors.check("nothing else was released", actors.tags() == {BEFORE, "0.5.0", "0.5.1"})


def change_with_wrong_title(actors: Actors, message: str, version: str) -> None:
    """Propose a change whose title says less than its commit; fix the title, and release it.

    Args:
        actors: Where.
        message: Of the commit.
        version: The one that follows.
    """
    actors.commit("change", message)
    number = actors.propose("change", "chore: tidy")
    actors.wait()
    head = actors.pull_request(number)["head"]["sha"]
    actors.check("the title is refused", actors.conclusions(head).get("version") == "failure")
    actors.check("and so is the merge", refused(actors, number))
    actors.report("the title is fixed")
    actors.ask("PATCH", f"/pulls/{number}", {"title": message})
    actors.run_again(actors.sandbox.runner.runs[-1])
    actors.check_proposed(number, version)
    actors.merge(number)
    actors.check_released(version)


def propose_hotfix(actors: Actors, version: str) -> None:
    """Propose the branch `hotfix`, which main is ahead of, bring it up to date, and release it.

    Args:
        actors: Where.
        version: The one that follows.
    """
    number = actors.propose("hotfix", "fix: stop")
    actors.wait()
    actors.check("it must be brought up to date first", refused(actors, number))
    actors.bring_up_to_date("hotfix")
    actors.check_proposed(number, version)
    actors.merge(number)
    actors.check_released(version)
