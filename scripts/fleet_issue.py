"""Keep the nightly report about all repositories in one issue: `python -m scripts.fleet_issue REPORT.md`.

The issue is the one of that title that the token's own account opened; an issue of that title by anyone else is left
alone. Its body is edited only when the report changed, and it gets no comments, so nobody is notified every night.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from rnd.github.client import PAGE, Client, find_addresses
from rnd.github.repository import find_repository
from rnd.github.sign_in import need_token, renewal

TITLE = "Fleet: all repositories"
AUTHOR = "github-actions[bot]"  # the account of GITHUB_TOKEN


def main(arguments: list[str], author: str = AUTHOR) -> int:
    """Create the issue, edit it, or leave it; return the exit code."""
    body = Path(arguments[0]).read_text(encoding="utf-8")
    addresses = find_addresses(os.environ)
    token = need_token(addresses, os.environ, None, ask=False)
    with Client(addresses, token.value, renewal(token)) as client:
        print(update(client, find_repository(Path(), os.environ, addresses), body, author))
    return 0


def update(client: Client, repository: tuple[str, str], body: str, author: str) -> str:
    """Bring the issue to a state, and return what was done."""

    def find() -> Any:  # noqa: ANN401 - a document of GitHub's
        listed: Any = client.paginate(
            lambda kit, page: kit.rest.issues.list_for_repo(
                *repository, creator=author, state="all", sort="created", direction="asc", per_page=PAGE, page=page
            )
        )
        return next((one for one in listed if one["title"] == TITLE and "pull_request" not in one), None)

    found = find()
    if found is None:
        made = client.create_once(find, lambda kit: kit.rest.issues.create(*repository, title=TITLE, body=body))
        return f"The issue {made['number']} is new."
    if (found.get("body") or "").replace("\r\n", "\n").strip() == body.strip() and found["state"] == "open":
        return f"The issue {found['number']} is up to date."
    client.send(lambda kit: kit.rest.issues.update(*repository, found["number"], body=body, state="open"))
    return f"The issue {found['number']} is edited."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
