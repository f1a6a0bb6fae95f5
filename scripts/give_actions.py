"""Gives the central actions to all repositories: moves the branch that they call them at to the commit checked out.

The branch is `template.workflow_ref` of org.yml. It only ever moves forward, so a run that is repeated later takes
nothing back. Why it is a branch and no tag: docs/decisions/0013-a-branch-for-the-actions.md. Touches git's remote.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rnd import git, process
from rnd.organisation import load_organisation

REMOTE = "origin"


def main() -> int:
    """Move the branch, and return the exit code."""
    branch = load_organisation().template.workflow_ref
    refspec = f"HEAD:refs/heads/{branch}"
    ended = git.signed_in(Path(), os.environ.get("GITHUB_TOKEN"), "push", "--no-verify", REMOTE, refspec)
    said = process.last_words(ended)
    if "non-fast-forward" in said or "fetch first" in said:
        print(f"{branch} is further on already.")
        return 0
    if ended.returncode != 0:
        print(f"error: {branch} was not moved:\n{said}", file=sys.stderr)
        return 1
    print(f"{branch} is where this commit is.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
