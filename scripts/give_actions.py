"""Publish the central actions: move the branch that repositories call them at to the checked-out commit.

The branch is `template.workflow_ref` of org.yml. It only moves forward, so a re-run of an old workflow changes nothing.
docs/decisions/0013-a-branch-for-the-actions.md explains why it is a branch and not a tag. Pushes to the remote.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rnd import git, process
from rnd.github.client import find_addresses
from rnd.organisation import load_organisation

REMOTE = "origin"


def main() -> int:
    """Move the branch, and return the exit code."""
    branch = load_organisation().template.workflow_ref
    refspec = f"HEAD:refs/heads/{branch}"
    server = find_addresses(os.environ).server
    ended = git.signed_in(Path(), os.environ.get("GITHUB_TOKEN"), server, "push", "--no-verify", REMOTE, refspec)
    said = process.last_words(ended)
    if "non-fast-forward" in said or "fetch first" in said:
        print(f"{branch} is ahead of this commit already.")
        return 0
    if ended.returncode != 0:
        print(f"error: {branch} was not moved:\n{said}", file=sys.stderr)
        return 1
    print(f"{branch} is at this commit.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
