"""The operations of the API, one file for each theme; importing this package declares them all."""

from fake_github.api import (
    accounts,
    actions,
    apps,
    attestations,
    branches,
    checks,
    comments,
    environments,
    git_data,
    issues,
    merges,
    organisation_actions,
    organisations,
    pulls,
    releases,
    repositories,
    rulesets,
)
from fake_github.routing import ROUTES

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
    "issues",
    "merges",
    "organisation_actions",
    "organisations",
    "pulls",
    "releases",
    "repositories",
    "rulesets",
]
