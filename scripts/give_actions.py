"""Give the release that was just made to the first ring: its actions at the branch of that ring.

docs/decisions/0013-a-branch-for-the-actions.md explains the branches. `rnd fleet promote` gives a release to further
rings. A re-run of an old workflow changes nothing: the ring has a newer release, or this one was taken back.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import git, manifest
from rnd.errors import RndError
from rnd.fleet.central import Remote, change
from rnd.fleet.ledger import give
from rnd.github.client import find_addresses
from rnd.organisation import load_organisation

if TYPE_CHECKING:
    from rnd.fleet.ledger import Entry, Ledger


def main() -> int:
    """Give the release, and return the exit code."""
    organisation = load_organisation()
    release = manifest.read_version(Path())
    rings = list(organisation.fleet.rings)

    def plan(ledger: Ledger) -> list[Entry]:
        if release in ledger.taken_back:
            return []
        # Before the first release, there is nothing that any ring could keep.
        first = rings[:1] if organisation.template.workflow_ref in ledger.branches else rings
        return give(ledger, organisation, first, release, datetime.now(UTC))

    server = find_addresses(os.environ).server
    try:
        url = git.run(Path(), "remote", "get-url", "origin")
        given = change(Remote(url, os.environ.get("GITHUB_TOKEN"), server), organisation, plan)
    except RndError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1
    for entry in given:
        print(f"{entry.branch}: {entry.message.partition(chr(10))[0]}")
    if not given:
        print(f"{rings[0]} has {release} or a newer release already, or it was taken back.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
