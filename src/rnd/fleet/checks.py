"""The result of the checks of a commit, in words for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# What GitHub calls it: https://docs.github.com/en/graphql/reference/enums#statusstate.
STATES = {"SUCCESS": "green", "FAILURE": "red", "ERROR": "red", "PENDING": "running", "EXPECTED": "running"}
NO_CHECKS, UNKNOWN = "none", "unknown"


def result(ref: Mapping[str, Any] | None) -> str:
    """Return the result of the checks of a branch's last commit.

    Args:
        ref: The branch as GitHub's GraphQL API has it, with `target.statusCheckRollup`; None if there is none.

    Returns:
        `green`, `red`, `running`, `none` or `unknown`.
    """
    rollup = ((ref or {}).get("target") or {}).get("statusCheckRollup")
    return STATES.get(rollup["state"], UNKNOWN) if rollup else NO_CHECKS
