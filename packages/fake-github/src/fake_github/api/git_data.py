"""Refs, tags, commits and comparisons: git's own things, read and written through the API."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fake_github import git_objects, pushes
from fake_github import git_repository as bare
from fake_github.answers import Answer, NotFound, Refused
from fake_github.documents import commits as documents
from fake_github.documents.accounts import node_id
from fake_github.pre_receive import broken_rules
from fake_github.routing import Call, route
from fake_github.rules import push_policy, refuse_workflows

if TYPE_CHECKING:
    from fake_github.state import Document, Repository

COMPARED = 250  # commits that a comparison lists at most


def found_commit(repository: Repository, name: str) -> str:
    """Return the commit that a branch, a tag or an id names.

    Raises:
        Refused: 409 in an empty repository; 422 where there is none.
    """
    if not bare.refs(repository.folder):
        raise Refused(409, "Git Repository is empty.")
    sha = bare.resolve(repository.folder, name)
    if sha is None:
        raise Refused(422, f"No commit found for SHA: {name}")
    return sha


@route("GET /repos/{owner}/{repo}/git/ref/{ref}")
def get_ref(call: Call, repository: Repository) -> Answer:
    """Return one ref."""
    name = f"refs/{call.parameters['ref']}"
    refs = _refs(repository)
    if name not in refs:
        raise NotFound
    return Answer(200, documents.ref(call.hub, repository, name, refs[name]))


@route("GET /repos/{owner}/{repo}/git/matching-refs/{ref}")
def list_matching_refs(call: Call, repository: Repository) -> Answer:
    """Return the refs whose name begins in some way."""
    prefix = f"refs/{call.parameters['ref']}"
    found = [(name, sha) for name, sha in _refs(repository).items() if name.startswith(prefix)]
    return Answer(200, [documents.ref(call.hub, repository, *one) for one in found])


def _refs(repository: Repository) -> dict[str, str]:
    found = bare.refs(repository.folder)
    if not found:
        raise Refused(409, "Git Repository is empty.")
    return found


@route("GET /repos/{owner}/{repo}/git/blobs/{file_sha}")
def get_blob(call: Call, repository: Repository) -> Answer:
    """Return a file by its object ID: https://docs.github.com/en/rest/git/blobs#get-a-blob."""
    sha = call.parameters["file_sha"]
    found = git_objects.read(repository.folder, sha) if bare.kind(repository.folder, sha) == "blob" else None
    if found is None:
        raise NotFound
    address = f"{call.hub.url}/api/v3/repos/{repository.full_name}/git/blobs/{sha}"
    document: Document = {
        "content": base64.encodebytes(found.content).decode(),
        "encoding": "base64",
        "url": address,
        "sha": sha,
        "size": len(found.content),
        "node_id": node_id("Blob", int(sha, 16)),
    }
    return Answer(200, document)


@route("POST /repos/{owner}/{repo}/git/refs")
def create_ref(call: Call, repository: Repository) -> Answer:
    """Make a ref."""
    name, sha = call.body["ref"], call.body["sha"]
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Refused(422, "Reference name must start with 'refs/' and contain at least three parts.")
    if name in bare.refs(repository.folder):
        raise Refused(422, "Reference already exists")
    if bare.kind(repository.folder, sha) is None:
        raise Refused(422, "Object does not exist")
    refuse_workflows(repository, call.caller, sha)
    move(call, repository, name, sha)
    return Answer(201, documents.ref(call.hub, repository, name, sha))


@route("PATCH /repos/{owner}/{repo}/git/refs/{ref}")
def update_ref(call: Call, repository: Repository) -> Answer:
    """Move a ref."""
    name, sha = f"refs/{call.parameters['ref']}", call.body["sha"]
    old = bare.refs(repository.folder).get(name)
    if old is None:
        raise Refused(422, "Reference does not exist")
    if bare.kind(repository.folder, sha) is None:
        raise Refused(422, "Object does not exist")
    if not call.body.get("force") and not bare.is_ancestor(repository.folder, old, sha):
        raise Refused(422, "Update is not a fast forward")
    move(call, repository, name, sha)
    return Answer(200, documents.ref(call.hub, repository, name, sha))


@route("DELETE /repos/{owner}/{repo}/git/refs/{ref}")
def delete_ref(call: Call, repository: Repository) -> Answer:
    """Remove a ref."""
    name = f"refs/{call.parameters['ref']}"
    if name not in bare.refs(repository.folder):
        raise Refused(422, "Reference does not exist")
    move(call, repository, name, bare.ZERO)
    return Answer(204)


def move(call: Call, repository: Repository, name: str, sha: str) -> None:
    """Move a ref for the caller, held by the same rules as a push.

    Raises:
        Refused: A rule forbids it.
    """
    folder = repository.folder
    before = bare.refs(folder)
    old = before.get(name, bare.ZERO)
    forced = bare.ZERO not in {old, sha} and not bare.is_ancestor(folder, old, sha)
    said = broken_rules((old, sha, name), push_policy(call.hub, repository, call.caller), forced=forced)
    if said:
        raise Refused(422, "Repository rule violations found\n\n" + "\n\n".join(said) + "\n\n")
    bare.run(folder, "update-ref", *(("-d", name) if sha == bare.ZERO else (name, sha)))
    pushes.follow(call.hub, call.caller, repository, before)


@route("POST /repos/{owner}/{repo}/git/tags")
def create_tag(call: Call, repository: Repository) -> Answer:
    """Make the object of an annotated tag; a ref is made by another call."""
    tagger = call.body.get("tagger") or {}
    account = call.caller.account
    who = {
        "GIT_COMMITTER_NAME": tagger.get("name", account.login),
        "GIT_COMMITTER_EMAIL": tagger.get("email", account.email),
        **({"GIT_COMMITTER_DATE": tagger["date"]} if "date" in tagger else {}),
    }
    name, sha = call.body["tag"], call.body["object"]
    if bare.kind(repository.folder, sha) != call.body["type"]:
        raise Refused(422, "Object does not exist")
    # Git itself makes the object only together with a ref.
    aside = f"refnotes/{call.hub.state.next_id()}"
    ident = bare.run(repository.folder, "var", "GIT_COMMITTER_IDENT", extra=who)
    text = f"object {sha}\ntype {call.body['type']}\ntag {name}\ntagger {ident}\n\n{call.body['message']}\n"
    path = repository.folder / aside.replace("/", "-")
    path.write_text(text, encoding="utf-8")
    try:
        made = bare.run(repository.folder, "hash-object", "-t", "tag", "-w", str(path))
    finally:
        path.unlink()
    return Answer(201, documents.tag_object(call.hub, repository, made))


@route("GET /repos/{owner}/{repo}/git/tags/{tag_sha}")
def get_tag(call: Call, repository: Repository) -> Answer:
    """Return an annotated tag."""
    sha = call.parameters["tag_sha"]
    if bare.kind(repository.folder, sha) != "tag":
        raise NotFound
    return Answer(200, documents.tag_object(call.hub, repository, sha))


@route("GET /repos/{owner}/{repo}/git/commits/{commit_sha}")
def get_git_commit(call: Call, repository: Repository) -> Answer:
    """Return a commit as git's database has it."""
    sha = call.parameters["commit_sha"]
    if bare.kind(repository.folder, sha) != "commit":
        raise NotFound
    return Answer(200, documents.git_commit(call.hub, repository, bare.commit(repository.folder, sha)))


@route("GET /repos/{owner}/{repo}/tags")
def list_tags(call: Call, repository: Repository) -> Answer:
    """Return the tags, the last in the alphabet first."""
    found = []
    for name in sorted(bare.refs(repository.folder), reverse=True):
        if name.startswith("refs/tags/"):
            short = name.removeprefix("refs/tags/")
            sha = bare.resolve(repository.folder, name)
            url = call.url("repos", repository.full_name)
            found.append({
                "name": short,
                "commit": {"sha": sha, "url": f"{url}/commits/{sha}"},
                "zipball_url": f"{url}/zipball/{name}",
                "tarball_url": f"{url}/tarball/{name}",
                "node_id": node_id("Ref", int(str(sha)[:8], 16)),
            })  # fmt: skip
    return call.listing(found)


@route("GET /repos/{owner}/{repo}/commits")
def list_commits(call: Call, repository: Repository) -> Answer:
    """Return the commits before a branch or another commit, the newest first."""
    sha = found_commit(repository, call.query.get("sha", repository.default_branch))
    found = reversed(bare.commits(repository.folder, sha))
    return call.listing([documents.commit(call.hub, repository, one) for one in found])


@route("GET /repos/{owner}/{repo}/commits/{ref}")
def get_commit(call: Call, repository: Repository) -> Answer:
    """Return a commit, with what it changed."""
    sha = found_commit(repository, call.parameters["ref"])
    one = bare.commit(repository.folder, sha)
    since = one.parents[0] if one.parents else bare.run(repository.folder, "hash-object", "-t", "tree", "/dev/null")
    files = changed_files(call, repository, since, sha)
    total = {name: sum(file[name] for file in files) for name in ("additions", "deletions")}
    stats = {**total, "total": sum(total.values())}
    return Answer(200, {**documents.commit(call.hub, repository, one), "stats": stats, "files": files})


@route("GET /repos/{owner}/{repo}/compare/{basehead}")
def compare(call: Call, repository: Repository) -> Answer:
    """Return what one commit has over another, given as `BASE...HEAD`."""
    base_name, dots, head_name = call.parameters["basehead"].partition("...")
    folder = repository.folder
    base, head = (bare.resolve(folder, name.rpartition(":")[2]) for name in (base_name, head_name))
    if not dots or base is None or head is None:
        raise NotFound
    since = bare.merge_base(folder, base, head)
    if since is None:
        raise Refused(404, f"No common ancestor between {base_name} and {head_name}.")
    new = bare.commits(folder, head, f"^{base}")
    behind = int(bare.run(folder, "rev-list", "--count", f"{head}..{base}"))
    words = {(False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged"}
    page = f"{call.hub.url}/{repository.full_name}/compare"
    whole = {"base_commit": base, "merge_base_commit": since}
    return Answer(200, {
        "url": call.url("repos", repository.full_name, "compare", f"{base_name}...{head_name}"),
        "html_url": f"{page}/{base_name}...{head_name}",
        "permalink_url": f"{page}/{base}...{head}",
        "diff_url": f"{page}/{base_name}...{head_name}.diff",
        "patch_url": f"{page}/{base_name}...{head_name}.patch",
        **{name: documents.commit(call.hub, repository, bare.commit(folder, sha)) for name, sha in whole.items()},
        "status": words[bool(new), bool(behind)],
        "ahead_by": len(new),
        "behind_by": behind,
        "total_commits": len(new),
        "commits": [documents.commit(call.hub, repository, one) for one in new[:COMPARED]],
        "files": changed_files(call, repository, since, head),
    })  # fmt: skip


def changed_files(call: Call, repository: Repository, since: str, head: str) -> list[Document]:
    """Return the files that differ between two commits."""
    folder = repository.folder
    words = {"A": "added", "D": "removed"}
    kinds = [
        line.split("\t") for line in bare.run(folder, "diff", "--name-status", "--no-renames", since, head).splitlines()
    ]
    counts = [
        line.split("\t") for line in bare.run(folder, "diff", "--numstat", "--no-renames", since, head).splitlines()
    ]
    found = []
    for (kind, path), (added, removed, _) in zip(kinds, counts, strict=True):
        numbers = [int(count) if count.isdigit() else 0 for count in (added, removed)]
        where = since if kind == "D" else head
        found.append({
            "sha": bare.run(folder, "rev-parse", f"{where}:{path}"),
            "filename": path,
            "status": words.get(kind, "modified"),
            "additions": numbers[0],
            "deletions": numbers[1],
            "changes": sum(numbers),
            "blob_url": f"{call.hub.url}/{repository.full_name}/blob/{where}/{path}",
            "raw_url": f"{call.hub.url}/{repository.full_name}/raw/{where}/{path}",
            "contents_url": call.url("repos", repository.full_name, "contents", f"{path}?ref={where}"),
        })  # fmt: skip
    return found
