"""Checks of the user's access to the organisation's accounts on GitHub and the package index. Read-only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rnd import retry
from rnd.doctor.machine import Finding
from rnd.errors import ExtraMissing, RndError
from rnd.github.client import Client, find_addresses
from rnd.github.permissions import examine
from rnd.github.sign_in import NO_APP, find_token
from rnd.providers import package_index
from rnd.providers.provider import Caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rnd.organisation import Organisation
    from rnd.organisation.github import GitHub


def examine_accounts(organisation: Organisation) -> Iterator[Finding]:
    """Check each account once, without retries; a service that cannot be reached is a finding too.

    Accounts are not required to create a local repository, so everything missing here is optional.
    """
    with retry.no_retries():
        yield _github(organisation.github)
        yield _index(organisation)
    yield _release_tags(organisation.github)


def _github(policy: GitHub) -> Finding:
    """Check whether there is a token with the permissions to create repositories on GitHub."""
    try:
        addresses = find_addresses(os.environ)
        token = find_token(addresses, os.environ)
        if token is None:
            return _lacking("GitHub", "not signed in", "rnd github sign-in" if policy.client_id else NO_APP)
        with Client(addresses, token.value) as client:
            found = examine(client, policy.owner)
    except RndError as error:
        return _refused("GitHub", error)
    if found.missing:
        return _lacking("GitHub", " ".join(found.missing), "Sign in with another token, or ask an owner.")
    return Finding("GitHub", "ok", f"{found.login} in {policy.owner}, by {token.source}", "")


def _index(organisation: Organisation) -> Finding:
    """Check whether the user can read the organisation's package index."""
    index = package_index(organisation, Caller(environ=os.environ))
    try:
        return Finding(index.account, "ok", index.examine(), "")
    except RndError as error:
        return _refused(index.account, error, index.hint)


def _release_tags(policy: GitHub) -> Finding:
    """Check whether a ruleset can tell the release job from other writers: only an app of its own can bypass it."""
    if policy.apps and policy.apps.release_id:
        return Finding("release tags", "ok", "only the app `release` creates them", "")
    said = "every job and user with write access can create them (no github.apps.release_id in org.yml)"
    return _lacking("release tags", said, "Create the GitHub App `release`: docs/how-to/set-up-the-pipeline.md.")


def _refused(name: str, error: RndError, hint: str = "") -> Finding:
    hint = error.hint if isinstance(error, ExtraMissing) or not hint else hint
    return _lacking(name, error.message, hint)


def _lacking(name: str, found: str, hint: str) -> Finding:
    return Finding(name, "optional", found, hint)
