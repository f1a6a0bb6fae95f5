"""The ruleset that protects `main`; https://docs.github.com/en/rest/repos/rules. Reads and writes it on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.github import settings
from rnd.github.client import PAGE
from rnd.github.errors import TeamMissing
from rnd.github.part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.github.part import Place
    from rnd.github.settings import Document, Values


def protection(place: Place, bypass: Sequence[str] | None = None) -> Part:
    """How `main` is protected.

    Args:
        place: The repository.
        bypass: Who may go past it; those that org.yml names when left out.
    """
    protection = place.policy.repository.main
    if bypass is not None:
        protection = protection.model_copy(update={"bypass": list(bypass)})
    wanted = settings.wanted_protection(protection)

    def found(ruleset: Document | None) -> Values:
        actors = (ruleset or {}).get("bypass_actors") or ()
        teams = place.team_ids() if any(actor["actor_type"] == "Team" for actor in actors) else {}
        return settings.found_protection(ruleset, {number: name for name, number in teams.items()})

    def mend() -> None:
        teams = _teams(place, protection.bypass)
        new = settings.protection_body(protection, teams, None)
        there = find_ruleset(place)
        if there is None:
            there = place.client.ensure(
                lambda: find_ruleset(place), lambda kit: kit.rest.repos.create_repo_ruleset(*place.repository, data=new)
            )
        if settings.compare(wanted, found(there)):
            body = settings.protection_body(protection, teams, there)
            place.client.send(lambda kit: kit.rest.repos.update_repo_ruleset(*place.repository, there["id"], data=body))

    return Part("protection", f"Protect {settings.BRANCH}", wanted, lambda: found(find_ruleset(place)), mend)


def find_ruleset(place: Place) -> Document | None:
    """Return the ruleset that is ours, whole, or None."""
    listed = place.every(
        lambda kit, page: kit.rest.repos.get_repo_rulesets(
            *place.repository, includes_parents=False, per_page=PAGE, page=page
        )
    )
    number = next((one["id"] for one in listed if one["name"] == settings.RULESET), None)
    if number is None:
        return None
    return place.client.find(lambda kit: kit.rest.repos.get_repo_ruleset(*place.repository, number))


def _teams(place: Place, bypass: Sequence[str]) -> dict[str, int]:
    """Return the ids of the teams among those who may go past the ruleset.

    Raises:
        TeamMissing: One of them is no team.
    """
    named = [name for name in bypass if name not in settings.ROLES]
    known = place.team_ids() if named else {}
    missing = [name for name in named if name not in known]
    if missing:
        raise TeamMissing(
            f"github.repository.main.bypass names {', '.join(missing)}, which {place.repository.owner} lacks."
        )
    return {name: known[name] for name in named}
