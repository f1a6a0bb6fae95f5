"""A registry in this process that is as strict as the distribution specification lets one be.

See https://github.com/opencontainers/distribution-spec/blob/main/spec.md. It accepts a manifest only after its parts,
checks every digest, and mounts only layers that a manifest in the source repository refers to, as ECR does
(https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html). Versions are immutable.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from fake_github import loopback
from rnd.publish.registry import INDEXES, MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from fake_github.loopback import Answer

PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<rest>.+)")
VERSION = "org.opencontainers.image.version"


def digest(content: bytes) -> str:
    """Return the digest of some content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Repository:
    """A repository: content by digest, and tags."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def parts(self) -> set[str]:
        """Return the digests that manifests refer to."""
        return {part for _, content in self.manifests.values() for part in parts_of(content)}


def parts_of(manifest: bytes) -> list[str]:
    """Return the digests that a manifest refers to."""
    document = json.loads(manifest)
    whole = [*document.get("manifests", ()), *document.get("layers", ())]
    return [one["digest"] for one in [*whole, *([document["config"]] if "config" in document else ())]]


@dataclass
class Registry:
    """The registry.

    Attributes:
        mounts: Whether it mounts blobs of other repositories.
        requests: What it was asked for: method and path.
        before: Called before each request with method and path; may raise `Cut`.
        corrupt: Digests of blobs that it serves with a changed byte.
    """

    mounts: bool = True
    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    before: Callable[[str, str], object] = lambda *_: None
    corrupt: set[str] = field(default_factory=set)
    host: str = ""

    def of(self, name: str) -> Repository:
        """Return a repository, which need not exist yet."""
        return self.repositories.setdefault(name, Repository())

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request."""
        parts = urlsplit(url)
        found, query = PATH.fullmatch(parts.path.replace("/uploads/", "/uploads/-")), dict(parse_qsl(parts.query))
        assert found is not None, url
        repository, rest = self.of(found["name"]), found["rest"]
        if found["kind"] == "manifests":
            return self._manifest(method, repository, rest, headers, body)
        if rest.startswith("uploads/"):
            return self._upload(method, found["name"], query, body)
        blob = repository.blobs.get(rest)
        if blob is None:
            return refusal(404, "BLOB_UNKNOWN")
        return 200, {"Docker-Content-Digest": rest}, blob[:-1] + b"?" if rest in self.corrupt else blob

    def _upload(self, method: str, name: str, query: Mapping[str, str], body: bytes) -> Answer:
        blobs = self.of(name).blobs
        if method == "POST":
            source = self.of(query.get("from", ""))
            mounted = query.get("mount", "")
            if self.mounts and mounted in source.parts():
                blobs[mounted] = source.blobs[mounted]
                return 201, {"Location": f"/v2/{name}/blobs/{mounted}"}, b""
            return 202, {"Location": f"/v2/{name}/blobs/uploads/1?state=x"}, b""
        if digest(body) != query["digest"]:
            return refusal(400, "DIGEST_INVALID")
        blobs[query["digest"]] = body
        return 201, {"Location": f"/v2/{name}/blobs/{query['digest']}"}, b""

    def _manifest(
        self, method: str, repository: Repository, reference: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        if method != "PUT":
            named = repository.manifests.get(repository.tags.get(reference, reference))
            return refusal(404, "MANIFEST_UNKNOWN") if named is None else (200, {"Content-Type": named[0]}, named[1])
        known = repository.blobs.keys() | repository.manifests.keys()
        if any(part not in known for part in parts_of(body)):
            return refusal(404, "MANIFEST_BLOB_UNKNOWN")
        made = digest(body)
        repository.manifests[made] = headers["Content-Type"], body
        if reference.startswith("sha256:"):
            return (201, {}, b"") if reference == made else refusal(400, "DIGEST_INVALID")
        there = repository.tags.get(reference)
        if there not in {None, made} and reference[0].isdigit():
            return refusal(400, "TAG_INVALID")
        repository.tags[reference] = made
        return 201, {}, b""

    def push(
        self,
        name: str,
        version: str,
        tag: str | None = None,
        *,
        layers: int = 2,
        labels: Mapping[str, str] | None = None,
    ) -> str:
        """Put an image of one platform into a repository, and return its digest."""
        repository = self.of(name)
        config = json.dumps({"config": {"Labels": {VERSION: version} | dict(labels or {})}}).encode()
        content = [config, *(f"{name} {version} {labels} layer {number}".encode() * 9 for number in range(layers))]
        repository.blobs |= {digest(one): one for one in content}
        described = [{"digest": digest(one), "size": len(one), "mediaType": "x"} for one in content]
        document = {"mediaType": MANIFESTS[0], "config": described[0], "layers": described[1:]}
        return self.add(name, document, tag)

    def push_index(self, name: str, *images: str, tag: str | None = None) -> str:
        """Put an index of images that the repository has into it, and return its digest."""
        sizes = {one: len(self.of(name).manifests[one][1]) for one in images}
        return self.add(
            name,
            {
                "mediaType": INDEXES[0],
                "manifests": [
                    {"digest": one, "size": size, "mediaType": MANIFESTS[0], "platform": {"os": "linux"}}
                    for one, size in sizes.items()
                ],
            },
            tag,
        )

    def add(self, name: str, document: Mapping[str, object], tag: str | None = None) -> str:
        """Put a manifest into a repository as it is, and return its digest."""
        content = json.dumps(document).encode()
        made = digest(content)
        self.of(name).manifests[made] = str(document["mediaType"]), content
        if tag:
            self.of(name).tags[tag] = made
        return made


class Cut(Exception):
    """The connection ends without an answer."""


def refusal(status: int, code: str) -> Answer:
    """Return an error as the specification has it."""
    return status, {}, json.dumps({"errors": [{"code": code, "message": "refused"}]}).encode()


@contextmanager
def serve(registry: Registry) -> Generator[Registry]:
    """Let a registry listen on a free port until the context ends."""

    class Handler(loopback.Handler):
        def serve(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            registry.requests.append(f"{self.command} {self.path}")
            try:
                registry.before(self.command, self.path)
            except Cut:
                self.close_connection = True
                return
            self.say(*registry.answer(self.command, self.path, dict(self.headers), body))

        do_GET = do_HEAD = do_POST = do_PUT = serve

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, loopback.listening(server):
        registry.host = f"127.0.0.1:{server.server_port}"
        yield registry
