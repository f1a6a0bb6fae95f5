"""Files of a repository."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fake_github import git_repository as bare
from fake_github.answers import Answer, NotFound, Refused
from fake_github.routing import Call, route

if TYPE_CHECKING:
    from fake_github.state import Document, Repository


@route("GET /repos/{owner}/{repo}/contents/{path}")
def get_content(call: Call, repository: Repository) -> Answer:
    """Return a file."""
    name, sha = _commit(call, repository)
    return Answer(200, _file(call, repository, (name, sha), call.parameters["path"]))


@route("GET /repos/{owner}/{repo}/readme")
def get_readme(call: Call, repository: Repository) -> Answer:
    """Return the README of a repository's root.

    https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-readmes
    """
    name, sha = _commit(call, repository)
    listed = bare.run(repository.folder, "ls-tree", "--name-only", "--full-tree", sha).splitlines()
    path = next((one for one in listed if one.lower().partition(".")[0] == "readme"), None)
    if path is None:
        raise NotFound
    return Answer(200, _file(call, repository, (name, sha), path))


def _commit(call: Call, repository: Repository) -> tuple[str, str]:
    """Return the ref that a call names, by default the default branch, and its commit."""
    name = call.query.get("ref", repository.default_branch)
    sha = bare.resolve(repository.folder, name)
    if sha is None:
        raise Refused(404, f"No commit found for the ref {name}")
    return name, sha


def _file(call: Call, repository: Repository, at: tuple[str, str], path: str) -> Document:
    name, sha = at
    blob = bare.attempt(repository.folder, "rev-parse", "--verify", "--quiet", f"{sha}:{path}")
    if blob is None or bare.kind(repository.folder, blob) != "blob":
        raise NotFound
    content = bare.run(repository.folder, "cat-file", "blob", blob).encode() + b"\n"
    url = f"{call.url('repos', repository.full_name, 'contents', path)}?ref={name}"
    page = f"{call.hub.url}/{repository.full_name}/blob/{name}/{path}"
    git_url = call.url("repos", repository.full_name, "git/blobs", blob)
    return {
        "type": "file",
        "encoding": "base64",
        "size": int(bare.run(repository.folder, "cat-file", "-s", blob)),
        "name": path.rpartition("/")[2],
        "path": path,
        "content": base64.encodebytes(content).decode(),
        "sha": blob,
        "url": url,
        "git_url": git_url,
        "html_url": page,
        "download_url": f"{call.hub.url}/{repository.full_name}/raw/{name}/{path}",
        "_links": {"self": url, "git": git_url, "html": page},
    }
