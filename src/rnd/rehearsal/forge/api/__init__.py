"""The operations of the API, one file for each theme; importing this package declares them all."""

from rnd.rehearsal.forge.api import (
    accounts,
    actions,
    apps,
    attestations,
    branches,
    checks,
    comments,
    environments,
    git_data,
    merges,
    organisations,
    pulls,
    releases,
    repositories,
    rulesets,
)
from rnd.rehearsal.forge.routing import ROUTES

__all__ = [
    "ROUTES",
    "accounts",
    "actions",
    "apps",
    "attestations",
    "branches",
    "checks",
    "comments",
    "environments",
    "git_data",
    "merges",
    "organisations",
    "pulls",
    "releases",
    "repositories",
    "rulesets",
]
