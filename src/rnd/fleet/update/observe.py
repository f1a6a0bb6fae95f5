"""Read the update pull requests of repositories. Read-only.

Ten queries for 1,000 repositories, and one for each hundred open pull requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.fleet.central import full_name
from rnd.fleet.ledger import Ledger, read_ledger
from rnd.fleet.nodes import read_each
from rnd.fleet.queries import BUDGET
from rnd.fleet.update.state import MOST_COMMITS, Updates, read_updates
from rnd.fleet.update.words import BRANCH
from rnd.github.errors import GitHubRefused
from rnd.github.repository import repository_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnd.fleet.reading import Reader
    from rnd.organisation import Organisation

    Node = Mapping[str, Any]

BATCH = 100  # repositories; their connection costs one point
PULLS_BATCH = 50
LISTED = 10  # update pull requests of a repository, the newest first

UPDATES = f"""
query Updates($ids: [ID!]!) {{
  {BUDGET}
  nodes(ids: $ids) {{
    ... on Repository {{
      id
      updates: pullRequests(
        first: {LISTED}, headRefName: "{BRANCH}", orderBy: {{field: CREATED_AT, direction: DESC}}
      ) {{
        nodes {{
          id number url title state isDraft isCrossRepository createdAt closedAt mergedAt headRefOid
        }}
      }}
      branch: ref(qualifiedName: "refs/heads/{BRANCH}") {{ target {{ oid }} }}
      head: ref(qualifiedName: "refs/heads/main") {{
        target {{ oid ... on Commit {{ statusCheckRollup {{ state }} }} }}
      }}
      hold: object(expression: "HEAD:.github/rnd.yml") {{ ... on Blob {{ text isTruncated }} }}
    }}
  }}
}}
"""

PULLS = f"""
query Pulls($ids: [ID!]!) {{
  {BUDGET}
  nodes(ids: $ids) {{
    ... on PullRequest {{
      id
      body
      mergeable
      headRef {{ target {{ ... on Commit {{ statusCheckRollup {{ state }} }} }} }}
      commits(first: {MOST_COMMITS}) {{
        totalCount
        nodes {{ commit {{ oid message committer {{ email }} }} }}
      }}
    }}
  }}
}}
"""

LEDGER = f"""
query Ledger($owner: String!, $name: String!, $central: String!, $canary: String!) {{
  {BUDGET}
  repository(owner: $owner, name: $name) {{
    central: ref(qualifiedName: $central) {{ target {{ ... on Commit {{ message }} }} }}
    canary: ref(qualifiedName: $canary) {{ target {{ ... on Commit {{ message }} }} }}
  }}
}}
"""


def read_all(reader: Reader, ids: Sequence[str]) -> dict[str, Updates]:
    """Return the update pull requests of repositories, by the IDs of GraphQL."""
    found = reader.in_batches(ids, BATCH, lambda batch: read_each(reader, UPDATES, batch))
    listed = [
        pull["id"]
        for one in found.values()
        for pull in ((one.node or {}).get("updates") or {}).get("nodes") or ()
        if pull and pull["state"] == "OPEN" and not pull["isCrossRepository"]
    ]
    details = reader.in_batches(listed, PULLS_BATCH, lambda batch: read_each(reader, PULLS, batch))
    complete = {key: None if one.error else one.node for key, one in details.items()}
    return {key: read_updates(one.node or {}, complete, one.error) for key, one in found.items()}


def read_given(reader: Reader, organisation: Organisation) -> Ledger:
    """Return the ledger; an empty one if the template is on another server, or the token cannot see it.

    Raises:
        GitHubRefused: GitHub did not answer a part of it. An empty ledger would say that no ring was given anything.
    """
    template = organisation.template
    there = repository_at(template.repository, reader.client.addresses)
    if there is None:
        return Ledger()
    names = {"central": template.workflow_ref, "canary": template.canary_ref}
    variables = {key: full_name(name) for key, name in names.items()}
    answer = reader.ask_patiently(LEDGER, {**there._asdict(), **variables})
    faults = [error for error in answer.errors if error.get("type") != "NOT_FOUND"]
    if faults:
        raise GitHubRefused(f"GitHub did not say what the rings were given: {faults[0].get('message')}")
    node = answer.data.get("repository") or {}
    messages = {
        name: (node[key]["target"] or {}).get("message") if node.get(key) else None for key, name in names.items()
    }
    return read_ledger(messages)
