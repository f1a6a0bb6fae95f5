"""The GraphQL queries of the fleet. Constants only; a test validates each against GitHub's schema.

GitHub charges a point for each hundred requests that the connections of a query would need, at least one for a query:
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api. `object(expression:)` is
not a connection, so files cost nothing. Rules hang on rulesets, so they are read by the ID of the ruleset: nested, they
would cost twenty times as much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BUDGET = "rateLimit { cost limit remaining resetAt }"

IDENTITY = """
    id
    databaseId
    name
    nameWithOwner
    url
    isArchived
    isDisabled
    isLocked
    isEmpty
    isFork
    isMirror
    main: ref(qualifiedName: "refs/heads/main") { name }
    answers: object(expression: "HEAD:.copier-answers.yml") { ... on Blob { text isTruncated } }
"""

REPOSITORIES = f"""
query Repositories($owner: String!, $after: String) {{
  {BUDGET}
  organization(login: $owner) {{
    repositories(first: 100, after: $after, orderBy: {{field: CREATED_AT, direction: ASC}}) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ {IDENTITY} }}
    }}
  }}
}}
"""

DETAILS = f"""
query Details($ids: [ID!]!, $environment: String!) {{
  {BUDGET}
  nodes(ids: $ids) {{
    ... on Repository {{
      {IDENTITY}
      visibility
      hasIssuesEnabled
      hasProjectsEnabled
      hasWikiEnabled
      squashMergeAllowed
      mergeCommitAllowed
      rebaseMergeAllowed
      squashMergeCommitTitle
      squashMergeCommitMessage
      mergeCommitTitle
      mergeCommitMessage
      autoMergeAllowed
      allowUpdateBranch
      deleteBranchOnMerge
      repositoryTopics(first: 20) {{ nodes {{ topic {{ name }} }} }}
      rulesets(first: 100, includeParents: false) {{ nodes {{ id name }} }}
      environment(name: $environment) {{ name }}
      defaultBranchRef {{ name }}
      head: ref(qualifiedName: "refs/heads/main") {{
        target {{ ... on Commit {{ statusCheckRollup {{ state }} }} }}
      }}
      workflows: object(expression: "HEAD:.github/workflows") {{ ... on Tree {{ entries {{ name oid }} }} }}
    }}
  }}
}}
"""

RULESETS = f"""
query Rulesets($ids: [ID!]!) {{
  {BUDGET}
  nodes(ids: $ids) {{
    ... on RepositoryRuleset {{
      id
      name
      target
      enforcement
      conditions {{ refName {{ include exclude }} }}
      rules(first: 50) {{
        nodes {{
          type
          parameters {{
            ... on PullRequestParameters {{ requiredApprovingReviewCount requiredReviewThreadResolution }}
            ... on RequiredStatusChecksParameters {{
              strictRequiredStatusChecksPolicy
              requiredStatusChecks {{ context integrationId }}
            }}
          }}
        }}
      }}
      bypassActors(first: 50) {{
        nodes {{
          actor {{ __typename ... on Team {{ databaseId slug }} ... on App {{ databaseId }} }}
          bypassMode
          deployKey
          enterpriseOwner
          organizationAdmin
          repositoryRoleDatabaseId
        }}
      }}
    }}
  }}
}}
"""

ROOTS = f"""
query Roots($ids: [ID!]!) {{
  {BUDGET}
  nodes(ids: $ids) {{
    ... on Repository {{
      id
      root: object(expression: "HEAD:") {{
        ... on Tree {{ entries {{ name object {{ ... on Tree {{ entries {{ name }} }} }} }} }}
      }}
      project: object(expression: "HEAD:pyproject.toml") {{ ... on Blob {{ text }} }}
    }}
  }}
}}
"""

BASELINES = f"""
query Baselines($ids: [ID!]!) {{
  {BUDGET}
  nodes(ids: $ids) {{
    ... on Repository {{
      id
      manifest: object(expression: "HEAD:pyproject.toml") {{ ... on Blob {{ text isTruncated }} }}
      hooks: object(expression: "HEAD:.pre-commit-config.yaml") {{ ... on Blob {{ text isTruncated }} }}
    }}
  }}
}}
"""

LOCKS = f"""
query Locks($ids: [ID!]!) {{
  {BUDGET}
  nodes(ids: $ids) {{
    ... on Repository {{
      id
      lock: object(expression: "HEAD:uv.lock") {{ ... on Blob {{ oid text isTruncated }} }}
      project: object(expression: "HEAD:pyproject.toml") {{ ... on Blob {{ text }} }}
    }}
  }}
}}
"""

TAGS = f"""
query Tags($owner: String!, $name: String!, $after: String) {{
  {BUDGET}
  repository(owner: $owner, name: $name) {{
    refs(refPrefix: "refs/tags/", first: 100, after: $after) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ name }}
    }}
  }}
}}
"""


def team_query(count: int) -> str:
    """Return the query for one page of the repositories of some teams.

    Args:
        count: How many teams; their slugs and cursors are the variables `slug0`, `after0`, and so on.
    """
    variables = "".join(f", $slug{number}: String!, $after{number}: String" for number in range(count))
    teams = "".join(
        f"""
    team{number}: team(slug: $slug{number}) {{
      repositories(first: 100, after: $after{number}) {{
        pageInfo {{ hasNextPage endCursor }}
        edges {{ permission node {{ databaseId }} }}
      }}
    }}"""
        for number in range(count)
    )
    return (
        f"query Teams($owner: String!{variables}) {{\n  {BUDGET}\n  organization(login: $owner) {{{teams}\n  }}\n}}\n"
    )


def files_query(blobs: Sequence[int]) -> str:
    """Return the query for the text of files.

    Args:
        blobs: How many files of each repository; the IDs of the repositories are the variables `id0`, `id1` …, and the
            object IDs of the files `oid0_0`, `oid0_1` ….
    """
    names = [[f"oid{number}_{blob}" for blob in range(count)] for number, count in enumerate(blobs)]
    variables = ", ".join(
        f"$id{number}: ID!" + "".join(f", ${name}: GitObjectID!" for name in oids) for number, oids in enumerate(names)
    )
    repositories = "".join(
        f"\n  repository{number}: node(id: $id{number}) {{ ... on Repository {{"
        + "".join(f"\n    {name}: object(oid: ${name}) {{ ... on Blob {{ oid text isTruncated }} }}" for name in oids)
        + "\n  } }"
        for number, oids in enumerate(names)
    )
    return f"query Files({variables}) {{\n  {BUDGET}{repositories}\n}}\n"
