"""The modelled fields, one file per theme."""

from __future__ import annotations

from typing import Any

from fake_github.graphql.resolvers import (
    accounts,
    checks,
    git,
    mutations,
    pulls,
    releases,
    repositories,
    root,
    rulesets,
)

__all__ = ["MODELLED"]

MODELLED: dict[str, dict[str, Any]] = {}
for theme in (root, accounts, repositories, git, checks, pulls, releases, rulesets, mutations):
    for kind, fields in theme.MODELLED.items():
        MODELLED.setdefault(kind, {}).update(fields)
