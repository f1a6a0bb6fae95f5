"""The fields of the repository itself: visibility, features, merging.

See https://docs.github.com/en/rest/repos/repos#update-a-repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnd.github.settings.joined import has_joined
from rnd.github.settings.setting import Setting

if TYPE_CHECKING:
    from githubkit import Response

    from rnd.github.client import Kit
    from rnd.github.settings.diff import Values
    from rnd.github.settings.setting import Document, RepositoryContext
    from rnd.organisation.github import Settings

# key: field of a repository, https://docs.github.com/en/rest/repos/repos#get-a-repository
FIELDS = {
    "visibility": "visibility",
    "features.issues": "has_issues",
    "features.projects": "has_projects",
    "features.wiki": "has_wiki",
    "merging.squash_title": "squash_merge_commit_title",
    "merging.squash_message": "squash_merge_commit_message",
    "merging.merge_title": "merge_commit_title",
    "merging.merge_message": "merge_commit_message",
    "merging.automatic": "allow_auto_merge",
    "merging.update_branch": "allow_update_branch",
    "merging.delete_branch": "delete_branch_on_merge",
}
METHODS = {"squash": "allow_squash_merge", "merge": "allow_merge_commit", "rebase": "allow_rebase_merge"}


def repository_fields(context: RepositoryContext) -> Setting:
    """Return the setting for the repository's own fields."""
    wanted = wanted_values(context.config.repository)

    def found(document: Document) -> Values:
        """Return the values; the visibility of a repository that existed before is its owners', so never different."""
        values = found_values(document)
        if values["visibility"] != wanted["visibility"] and has_joined(context):
            values["visibility"] = wanted["visibility"]
        return values

    def update(kit: Kit) -> Response[Any, Any]:
        # Read on each attempt: a previous one may have been applied although its response was lost.
        current = kit.rest.repos.get(*context.repository).json()
        return kit.rest.repos.update(*context.repository, data=request_body(wanted, found(current)))

    return Setting(
        "settings",
        "Configure the repository",
        wanted,
        lambda: found(context.document()),
        lambda: context.client.send(update),
    )


def wanted_values(settings: Settings) -> Values:
    """Return the values in org.yml.

    GitHub stores titles and messages only for merge methods that are allowed; the others are left out.
    """
    features, merging = settings.features, settings.merging
    forbidden = set(METHODS) - set(merging.methods)
    kept = {name: value for name, value in merging if name.partition("_")[0] not in forbidden}
    return {
        "visibility": settings.visibility,
        **{f"features.{name}": value for name, value in features},
        "merging.methods": tuple(method for method in METHODS if method in merging.methods),
        **{f"merging.{name}": value for name, value in kept.items() if name != "methods"},
    }


def found_values(repository: Document) -> Values:
    """Return the values on GitHub."""
    return {
        **{key: repository.get(field) for key, field in FIELDS.items()},
        "merging.methods": tuple(method for method, field in METHODS.items() if repository.get(field)),
    }


def request_body(wanted: Values, found: Values) -> Document:
    """Return the body of the request that sets the values; one request, since GitHub accepts some only together.

    The visibility is included only if it changes: GitHub rejects a value that is already set, and any value from a
    user who may not change it.
    """
    methods = wanted["merging.methods"]
    assert isinstance(methods, tuple)  # noqa: S101 - a tuple by construction
    fields = {field: wanted[key] for key, field in FIELDS.items() if key in wanted}
    if wanted["visibility"] == found["visibility"]:
        del fields["visibility"]
    return {
        **fields,
        **{field: method in methods for method, field in METHODS.items()},
    }
