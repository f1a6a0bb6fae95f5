"""Refs, commits, trees and files.

https://docs.github.com/en/graphql/reference/objects#ref
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from fake_github import git_loose, git_objects
from fake_github import git_repository as bare
from fake_github.documents.accounts import node_id
from fake_github.graphql.connections import page
from fake_github.graphql.errors import Problem
from fake_github.graphql.sources import Object, Ref, TreeEntry

if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    from fake_github.graphql.context import Context
    from fake_github.state import Document, Repository

TRUNCATED = 512_000  # bytes of a file after which GitHub's answers stop, as observed
BINARY = 8000  # bytes in which git looks for a zero byte


def found(repository: Repository, sha: str, path: str = "") -> Object | None:
    """Return an object of a repository."""
    one = git_objects.read(repository.folder, sha)
    return None if one is None else Object(repository, sha, one.kind, one.content, path)


def branch(repository: Repository, name: str) -> Ref | None:
    """Return a ref by its whole name."""
    sha = git_objects.refs(repository.folder).get(name)
    return None if sha is None else Ref(repository, name, sha)


def default_branch(repository: Repository, _info: GraphQLResolveInfo) -> Ref | None:
    """Return the default branch; None in an empty repository."""
    return branch(repository, f"refs/heads/{repository.default_branch}")


def ref(repository: Repository, _info: GraphQLResolveInfo, qualified_name: str) -> Ref | None:
    """Return a ref, by its whole name or a part of it that git resolves."""
    names = (qualified_name, f"refs/{qualified_name}", f"refs/tags/{qualified_name}", f"refs/heads/{qualified_name}")
    return next((one for name in names if (one := branch(repository, name)) is not None), None)


def refs(
    repository: Repository,
    _info: GraphQLResolveInfo,
    ref_prefix: str,
    query: str | None = None,
    direction: str | None = None,
    **paging: Any,  # noqa: ANN401
) -> Document:
    """Return a page of the refs below a prefix such as `refs/heads/`, in the order of the alphabet."""
    prefix = ref_prefix.rstrip("/") + "/"
    known = git_objects.refs(repository.folder).items()
    listed = [Ref(repository, name, sha) for name, sha in known if name.startswith(prefix)]
    wanted = [one for one in listed if (query or "").lower() in one.name.removeprefix(prefix).lower()]
    return page(wanted[::-1] if direction == "DESC" else wanted, paging)


def git_object(
    repository: Repository, _info: GraphQLResolveInfo, expression: str | None = None, oid: str | None = None
) -> Object | None:
    """Return an object by an id or an expression such as `main:README.md`; None if there is none.

    Raises:
        Problem: Neither is given, or both.
    """
    if (expression is None) == (oid is None):
        raise Problem("UNPROCESSABLE", "Specify exactly one of `expression` and `oid`.")
    if oid is not None:
        there = re.fullmatch(r"[0-9a-f]{40}", oid) and bare.kind(repository.folder, oid)
        return found(repository, oid) if there else None
    revision, colon, path = str(expression).partition(":")
    sha = git_objects.resolve(repository.folder, revision, repository.default_branch)
    if sha is None or not colon:
        return None if sha is None else found(repository, sha)
    at = git_objects.at_path(repository.folder, sha, path)
    return None if at is None else found(repository, at[0], path.strip("/"))


def target(one: Ref, _info: GraphQLResolveInfo) -> Object | None:
    """Return what a ref names."""
    return found(one.repository, one.sha)


def header(one: Object, name: str) -> str:
    """Return the first header of a commit or a tag with some name."""
    return git_loose.headers(one.content)[0][name][0]


def message(one: Object) -> str:
    """Return the message of a commit or a tag."""
    return git_loose.headers(one.content)[1].removesuffix("\n")


def person(one: Object, info: GraphQLResolveInfo, role: str) -> Document:
    """Return who made a commit; `role` is "author", "committer" or "tagger"."""
    who, _, moment = header(one, role).rpartition("> ")
    name, _, email = who.partition(" <")
    seconds, _, zone = moment.partition(" ")
    offset = timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[3:]))
    local = datetime.fromtimestamp(int(seconds), timezone(offset))
    context: Context = info.context
    account = next((known for known in context.hub.state.accounts.values() if known.email == email), None)
    return {"name": name, "email": email, "date": local.isoformat(), "user": account, "_seconds": int(seconds)}


def moment(one: Object, role: str) -> str:
    """Return when a commit was made, in UTC."""
    seconds = header(one, role).rpartition("> ")[2].partition(" ")[0]
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parents(one: Object, _info: GraphQLResolveInfo, **paging: Any) -> Document:  # noqa: ANN401
    """Return a page of a commit's parents."""
    shas = git_loose.headers(one.content)[0].get("parent", [])
    return page([found(one.repository, sha) for sha in shas], paging)


def tree(one: Object, _info: GraphQLResolveInfo) -> Object | None:
    """Return a commit's tree."""
    return found(one.repository, header(one, "tree"))


def entries(one: Object, _info: GraphQLResolveInfo) -> list[TreeEntry]:
    """Return the entries of a tree."""
    below = f"{one.path}/" if one.path else ""
    return [
        TreeEntry(one.repository, entry.name, below + entry.name.decode(errors="replace"), entry.mode, entry.sha)
        for entry in git_objects.entries(one.content)
    ]


def file(one: Object, _info: GraphQLResolveInfo, path: str) -> TreeEntry | None:
    """Return what a commit has at a path."""
    at = git_objects.at_path(one.repository.folder, one.sha, path)
    name = PurePosixPath(path).name.encode()
    return None if at is None else TreeEntry(one.repository, name, path.strip("/"), at[1], at[0])


def entry_object(one: TreeEntry, _info: GraphQLResolveInfo) -> Object | None:
    """Return the object of an entry; None for a submodule, whose commit is in another repository."""
    return None if one.mode == 0o160000 else found(one.repository, one.sha, one.path)


def entry_size(one: TreeEntry, info: GraphQLResolveInfo) -> int:
    """Return the size of a file in bytes; 0 for anything else."""
    there = entry_object(one, info)
    return len(there.content) if there is not None and there.kind == "blob" else 0


def is_binary(one: Object) -> bool:
    """Return whether a file is binary, as git decides it."""
    return b"\0" in one.content[:BINARY]


def text(one: Object, _info: GraphQLResolveInfo) -> str | None:
    """Return the text of a file; None for a binary one."""
    return None if is_binary(one) else one.content[:TRUNCATED].decode(errors="replace")


def url(one: Object, info: GraphQLResolveInfo) -> str:
    """Return the address of the page of a commit."""
    return f"{info.context.hub.url}/{one.repository.full_name}/commit/{one.sha}"


OBJECT = {
    "id": lambda one, _: node_id(one.kind.capitalize(), int(one.sha[:8], 16)),
    "oid": lambda one, _: one.sha,
    "abbreviatedOid": lambda one, _: one.sha[:7],
    "repository": lambda one, _: one.repository,
    "commitUrl": url,
}
MODELLED: dict[str, dict[str, Any]] = {
    "Ref": {
        "id": lambda one, _: node_id("Ref", int(one.sha[:8], 16)),
        "name": lambda one, _: one.name.split("/", 2)[2],
        "prefix": lambda one, _: "/".join(one.name.split("/", 2)[:2]) + "/",
        "target": target,
        "repository": lambda one, _: one.repository,
    },
    "Commit": {
        **OBJECT,
        "url": url,
        "message": lambda one, _: message(one),
        "messageHeadline": lambda one, _: message(one).partition("\n")[0],
        "messageBody": lambda one, _: message(one).partition("\n\n")[2],
        "author": lambda one, info: person(one, info, "author"),
        "committer": lambda one, info: person(one, info, "committer"),
        "authoredDate": lambda one, _: moment(one, "author"),
        "committedDate": lambda one, _: moment(one, "committer"),
        "parents": parents,
        "tree": tree,
        "file": file,
    },
    "Tag": {
        **OBJECT,
        "name": lambda one, _: header(one, "tag"),
        "message": lambda one, _: message(one),
        "tagger": lambda one, info: person(one, info, "tagger"),
        "target": lambda one, _: found(one.repository, header(one, "object")),
    },
    "Tree": {**OBJECT, "entries": entries},
    "Blob": {
        **OBJECT,
        "text": text,
        "byteSize": lambda one, _: len(one.content),
        "isBinary": lambda one, _: is_binary(one),
        "isTruncated": lambda one, _: not is_binary(one) and len(one.content) > TRUNCATED,
    },
    "TreeEntry": {
        "name": lambda one, _: one.name.decode(errors="replace"),
        "nameRaw": lambda one, _: base64.b64encode(one.name).decode(),
        "path": lambda one, _: one.path,
        "mode": lambda one, _: one.mode,
        "oid": lambda one, _: one.sha,
        "type": lambda one, _: git_objects.Entry(one.mode, one.name, one.sha).kind,
        "extension": lambda one, _: PurePosixPath(one.path).suffix,
        "object": entry_object,
        "size": entry_size,
        "repository": lambda one, _: one.repository,
    },
}
