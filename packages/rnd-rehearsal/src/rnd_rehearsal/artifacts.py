"""A fake for GitHub's artifacts: what a job keeps for later jobs of the same run, and of its later attempts.

An artifact cannot be changed: a name is used once in an attempt, and what is there is deleted before it is uploaded
again. Each job has a token of its own, which reaches the artifacts of its run only and ends with the job.
https://docs.github.com/actions/tutorials/store-and-share-data
https://github.com/actions/upload-artifact#v4---whats-new
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from fake_github import loopback
from rnd_rehearsal.traffic import ignore

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from fake_github.loopback import Answer
    from rnd_rehearsal.traffic import Count

URL, TOKEN = "RND_REHEARSAL_ARTIFACTS_URL", "RND_REHEARSAL_ARTIFACTS_TOKEN"
# https://github.com/actions/toolkit/blob/main/packages/artifact/src/internal/upload/path-and-artifact-name-validation.ts
NAME = re.compile(r'[^":<>|*?\r\n\\/]{1,260}')


@dataclass(frozen=True)
class Artifact:
    """An artifact.

    Attributes:
        id: Unique on the server.
        name: As the job named it.
        attempt: The attempt of the run that made it.
        content: The archive.
    """

    id: int
    name: str
    attempt: int
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """The SHA-256 of the archive, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Artifacts:
    """The artifacts of all runs.

    Attributes:
        url: Where the server listens; empty while it does not.
        kept: The artifacts of each run, by the run's id.
        transferred: Called with the bytes of each request's body and of its answer's.
    """

    url: str = ""
    kept: dict[int, list[Artifact]] = field(default_factory=dict)
    transferred: Count = ignore
    _jobs: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))
    _lock: Lock = field(default_factory=Lock, repr=False)

    def admit(self, run: int, attempt: int) -> dict[str, str]:
        """Return the variables by which a job reaches the artifacts of its run."""
        token = secrets.token_urlsafe(32)
        self._jobs[token] = (run, attempt)
        return {URL: self.url, TOKEN: token}

    def end(self, variables: Mapping[str, str]) -> None:
        """Accept the token of a job no more."""
        self._jobs.pop(variables.get(TOKEN, ""), None)

    def answer(self, method: str, path: str, token: str, body: bytes) -> Answer:
        """Answer a request for `/NAME`."""
        job = self._jobs.get(token)
        name = path.removeprefix("/")
        if job is None:
            return _refuse(HTTPStatus.UNAUTHORIZED, "the token is not that of a running job")
        if not NAME.fullmatch(name):
            return _refuse(HTTPStatus.BAD_REQUEST, f"the artifact name {name!r} is not valid")
        with self._lock:
            return {"PUT": self._put, "GET": self._get, "DELETE": self._delete}[method](*job, name, body)

    def _put(self, run: int, attempt: int, name: str, body: bytes) -> Answer:
        kept = self.kept.setdefault(run, [])
        if any((one.name, one.attempt) == (name, attempt) for one in kept):
            return _refuse(HTTPStatus.CONFLICT, "an artifact with this name already exists on the workflow run")
        made = Artifact(next(self._ids), name, attempt, body)
        kept.append(made)
        answer = {"id": made.id, "digest": made.digest}
        return HTTPStatus.CREATED, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _get(self, run: int, attempt: int, name: str, _: bytes) -> Answer:
        found = [one for one in self.kept.get(run, []) if one.name == name and one.attempt <= attempt]
        if not found:
            return _refuse(HTTPStatus.NOT_FOUND, f"Artifact not found for name: {name}")
        newest = max(found, key=lambda one: one.id)
        return HTTPStatus.OK, {"Content-Type": "application/zip", "Digest": newest.digest}, newest.content

    def _delete(self, run: int, attempt: int, name: str, _: bytes) -> Answer:
        """Delete an artifact of the same attempt; those of earlier ones stay."""
        self.kept[run] = [one for one in self.kept.get(run, []) if (one.name, one.attempt) != (name, attempt)]
        return HTTPStatus.NO_CONTENT, {}, b""


def _refuse(status: HTTPStatus, message: str) -> Answer:
    return status, {"Content-Type": "text/plain"}, message.encode()


class Handler(loopback.Handler):
    """Serves artifacts."""

    state: Artifacts

    def _reply(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.say(*self.state.answer(self.command, self.path, token, body))

    do_GET = do_PUT = do_DELETE = _reply

    def transferred(self, received: int, sent: int) -> None:
        """Count the bytes."""
        self.state.transferred(received, sent)


@contextmanager
def serving(state: Artifacts) -> Generator[None]:
    """Serve artifacts on the loopback interface, and stop at the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(type("Stateful", (Handler,), {"state": state}))) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        with loopback.listening(server):
            yield
