"""Git over HTTP: git's `http-backend` behind authentication. Touches the repositories, through that program."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from fake_github import git_repository as bare
from fake_github import process, pushes
from fake_github.permissions import LEVELS
from fake_github.pre_receive import broken_rules
from fake_github.routing import scoped
from fake_github.rules import push_policy
from fake_github.state import ROLES

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from fake_github.hub import Hub
    from fake_github.state import Repository, Token

WITHOUT_HOOKS = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": "/dev/null"}
PACKET = re.compile(rb"[0-9a-f]{4}")  # its size
UPDATE = 3  # words: the id before, the id after, and the ref's name


def is_gits(path: str) -> bool:
    """Return whether a path is one that git asks for, rather than a page."""
    return path.endswith(("/info/refs", "/git-upload-pack", "/git-receive-pack")) or ".git/" in path


def serve(hub: Hub, request: Request, token: Token | None, showed: str | None) -> Response:
    """Answer a request of git's.

    Args:
        hub: Where.
        request: Its path is `/OWNER/NAME.git/…`, or the same without `.git`.
        token: Of who asks; None for a stranger.
        showed: What was shown as a password, token or none.
    """
    owner, name, rest = request.path.strip("/").split("/", 2)
    full_name = f"{owner}/{name.removesuffix('.git')}"
    repository = hub.state.repository(full_name) or hub.state.renamed(full_name)
    writing = "git-receive-pack" in (request.args.get("service"), rest)
    refusal = _refuse(hub, repository, token, showed, writing=writing)
    if refusal is not None or repository is None:
        return refusal or Response(status=404)
    if writing and rest == "git-receive-pack" and token is not None:
        with hub.lock:
            before = bare.refs(repository.folder)
            policy = push_policy(hub, repository, token)
            variables = {"FORGE_POLICY": json.dumps(policy), "REMOTE_USER": token.account.login}
            if _is_surely_allowed(request.get_data(), policy):
                variables |= WITHOUT_HOOKS
            response = _backend(repository, request, rest, variables)
            pushes.follow(hub, token, repository, before)
        return response
    return _backend(repository, request, rest, {} if token is None else {"REMOTE_USER": token.account.login})


def _is_surely_allowed(body: bytes, policy: dict[str, Any]) -> bool:
    """Return whether the hook would accept a push, whatever is in its commits: to start it costs more than the push.

    Args:
        body: Begins with the updates, a packet for each (https://git-scm.com/docs/pack-protocol), or is compressed.
        policy: As `rules.push_policy` writes it.
    """
    if not policy["workflows"] or policy["private"]:
        return False
    while (size := body[:4]) != b"0000":
        words = body[4 : int(size, 16)].partition(b"\0")[0].decode().split() if PACKET.fullmatch(size) else []
        if len(words) != UPDATE or broken_rules((words[0], words[1], words[2]), policy, forced=True):
            return False
        body = body[int(size, 16) :]
    return True


def _refuse(
    hub: Hub, repository: Repository | None, token: Token | None, showed: str | None, *, writing: bool
) -> Response | None:
    if token is None and (showed or writing or repository is None or repository.private):
        said = "Invalid username or token. Password authentication is not supported for Git operations."
        return Response(said if showed else "Repository not found.", 401, {"WWW-Authenticate": 'Basic realm="GitHub"'})
    if repository is None or not _may(hub, repository, token, writing=False):
        return Response("Repository not found.", 404)
    if writing and token is not None and not _may(hub, repository, token, writing=True):
        return Response(f"Permission to {repository.full_name}.git denied to {token.account.login}.", 403)
    if writing and repository.settings["archived"]:
        return Response("This repository was archived so it is read-only.", 403)
    return None


def _may(hub: Hub, repository: Repository, token: Token | None, *, writing: bool) -> bool:
    if not (writing or repository.private):
        return True
    if token is None:
        return False
    if token.kind == "user":
        role = hub.state.role(token.account, repository)
        enough = role is not None and ROLES.index(role) >= ROLES.index("push" if writing else "pull")
        if not enough or not token.fine_grained:
            return enough and scoped(token, frozenset({"repo" if repository.private else "public_repo"}))
    if token.kind == "workflow" and not writing and _shared(repository, token):
        return True
    level = token.permissions.get("contents")
    there = token.repository in {None, repository.full_name}
    return there and level is not None and LEVELS.index(level) >= LEVELS.index("write" if writing else "read")


def _shared(repository: Repository, token: Token) -> bool:
    """Return whether a repository's actions may be used by the runs of the owner's others."""
    level = repository.actions.get("access", {}).get("access_level", "none")
    owner = (token.repository or "").partition("/")[0]
    return level in {"organization", "enterprise"} and owner == repository.owner.login


def _backend(repository: Repository, request: Request, rest: str, extra: dict[str, str]) -> Response:
    variables = {
        **process.environment(),
        **bare.QUIET,
        "GIT_PROJECT_ROOT": str(repository.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{rest}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode(),
        "CONTENT_TYPE": request.content_type or "",
        "REMOTE_ADDR": "127.0.0.1",
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        **extra,
    }
    body = request.get_data()
    completed = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True, check=False)
    head, _, content = completed.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
    status = int(headers.pop("Status", "200" if completed.stdout else "500").split()[0])
    return Response(content, status, headers)
