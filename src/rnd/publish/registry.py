"""Client for an image registry: read tags, add a tag to an image, copy blobs. The only caller of a registry.

It speaks the distribution specification (https://github.com/opencontainers/distribution-spec), as ECR, GHCR, Docker
Hub and all others do. `docker/build.py` pushes the images. Credentials never appear in arguments,
addresses, files or messages.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from rnd.http_client import Response, basic, chunks_of, open_url
from rnd.publish.digests import check_bytes, digest_of
from rnd.publish.errors import DigestMismatch, RegistryRefused, RegistryUnavailable
from rnd.publish.requests import Challenged, NotThere, converted, send_request
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
LOCAL = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\Z")
CREATED = 201


@dataclass(frozen=True)
class Image:
    """What a tag or a digest names.

    Attributes:
        digest: Of the manifest, with its algorithm: `sha256:…`.
        media_type: Of the manifest.
        manifest: Its bytes.
        labels: Of the image; for an index of several platforms, of the first.
    """

    digest: str
    media_type: str
    manifest: bytes = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Blob:
    """A layer or the configuration of an image, as its manifest describes it.

    Attributes:
        digest: With its algorithm: `sha256:…`.
        size: In bytes.
    """

    digest: str
    size: int


@dataclass(frozen=True)
class Registry:
    """A registry, and who asks it.

    Attributes:
        host: With a port where it has one; what an image's name begins with.
        username: Who asks, or empty where nobody has to say.
        password: The password or the token.
        tokens: Those that the registry's own token service has given, by what they are for.
    """

    host: str
    username: str = ""
    password: str = field(default="", repr=False)
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def look(self, name: str, reference: str) -> Image | None:
        """Return what a tag or a digest names in a repository, or None if there is no such image or repository.

        Raises:
            DigestMismatch: The registry answers with bytes that do not match the digest.
            RegistryRefused: The registry says no.
            RegistryUnavailable: It could not be reached, several times.
        """
        return retry(lambda: self._look(name, reference), RegistryUnavailable)

    def fetch(self, name: str, digest: str) -> Image | None:
        """Return the manifest of a digest without the labels, which not every manifest has, or None; see `look`."""
        return retry(lambda: self._look(name, digest, labels=False), RegistryUnavailable)

    def tag(self, name: str, image: Image, reference: str) -> None:
        """Let a tag name an image that the repository has; its own digest adds the manifest alone.

        Raises:
            RegistryRefused: The registry says no, because the tag is immutable, for one.
            RegistryUnavailable: It could not be reached, several times.
        """
        headers = {"Content-Type": image.media_type}
        path = f"{name}/manifests/{reference}"
        retry(lambda: self._call(name, "PUT", path, headers, image.manifest), RegistryUnavailable)

    def copy_blob(self, source: str, name: str, blob: Blob) -> None:
        """Copy a blob from one repository to another, without an upload where the registry can mount it.

        See https://github.com/opencontainers/distribution-spec/blob/main/spec.md, "Mounting a blob from another
        repository". A registry that cannot mount it answers with an upload of the usual kind.

        Raises:
            DigestMismatch: The bytes are not those of the digest, or are more or fewer.
            RegistryRefused: The registry says no.
            RegistryUnavailable: It could not be reached, several times.
        """
        retry(lambda: self._copy_blob(source, name, blob), RegistryUnavailable)

    def put_blob(self, name: str, blob: Blob, content: Callable[[], Iterator[bytes]]) -> bool:
        """Upload a blob unless the repository has it; return whether it was uploaded.

        Args:
            name: The repository.
            blob: The blob.
            content: Opens its bytes; called again for another attempt.

        Raises:
            DigestMismatch: The repository has a blob of that digest and another size.
            RegistryRefused: The registry says no.
            RegistryUnavailable: It could not be reached, several times.
        """
        return retry(lambda: self._put_blob(name, blob, content), RegistryUnavailable)

    def has_blob(self, name: str, blob: Blob) -> bool:
        """Return whether a repository has a blob.

        Raises:
            DigestMismatch: It has one of that digest and another size.
            RegistryRefused: The registry says no.
            RegistryUnavailable: It could not be reached, several times.
        """
        return retry(lambda: self._has_blob(name, blob), RegistryUnavailable)

    def read_blob(self, name: str, digest: str) -> bytes:
        """Return a small blob, such as the configuration of an image.

        Raises:
            DigestMismatch: The registry answers with bytes that do not match the digest.
            RegistryRefused: The registry says no, or does not have it.
            RegistryUnavailable: It could not be reached, several times.
        """
        return retry(lambda: self._read_blob(name, digest), RegistryUnavailable)

    def _put_blob(self, name: str, blob: Blob, content: Callable[[], Iterator[bytes]]) -> bool:
        if self._has_blob(name, blob):
            return False
        response = self._call(name, "POST", f"{name}/blobs/uploads/", {}, b"")
        self._send_blob(name, blob, response, content())
        return True

    def _copy_blob(self, source: str, name: str, blob: Blob) -> None:
        if self._has_blob(name, blob):
            return
        uploads = f"{name}/blobs/uploads/"
        mount = urlencode({"mount": blob.digest, "from": source})
        try:
            response = self._call(name, "POST", f"{uploads}?{mount}", {}, b"", source)
        except RegistryRefused:  # a registry that knows no mounts, or mounts nothing from there
            response = self._call(name, "POST", uploads, {}, b"")
        if response.status != CREATED:
            self._pass_on(source, name, blob, response)
        if not self._has_blob(name, blob):
            raise RegistryUnavailable(f"{self.host}/{name} took {blob.digest}, and does not have it.")

    def _has_blob(self, name: str, blob: Blob) -> bool:
        try:
            response = self._call(name, "HEAD", f"{name}/blobs/{blob.digest}", {})
        except NotThere:
            return False
        size = response.headers.get("Content-Length")
        if size is not None and size != str(blob.size):
            raise DigestMismatch(f"{self.host}/{name} has {size} bytes of {blob.digest}, which has {blob.size}.")
        return True

    def _pass_on(self, source: str, name: str, blob: Blob, upload: Response) -> None:
        """Pass a blob of another repository on to an upload, byte by byte as it arrives."""
        reading = f"{self._scheme()}://{self.host}/v2/{source}/blobs/{blob.digest}"
        try:
            with converted("GET", reading), open_url("GET", reading, authorization=self._proof(source)) as response:
                self._send_blob(name, blob, upload, check_bytes(chunks_of(response), blob.digest, blob.size))
        except Challenged as expired:
            if not self.tokens.pop(source, None):
                raise
            raise RegistryUnavailable(expired.message) from expired

    def _send_blob(self, name: str, blob: Blob, upload: Response, content: Iterator[bytes]) -> None:
        """Send a blob in one piece to where the registry wants it."""
        location = urljoin(upload.url, upload.headers.get("Location", ""))
        own = urlsplit(location)[:2] == (self._scheme(), self.host)
        url = f"{location}{'&' if urlsplit(location).query else '?'}{urlencode({'digest': blob.digest})}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
        try:
            send_request("PUT", url, headers, content, self._proof(name) if own else None)
        except Challenged as expired:
            if not self.tokens.pop(name, None):
                raise
            raise RegistryUnavailable(expired.message) from expired

    def _look(self, name: str, reference: str, *, labels: bool = True) -> Image | None:
        try:
            manifest, media_type = self._manifest(name, reference)
            digest = digest_of(manifest)
            return Image(digest, media_type, manifest, self._labels(name, manifest, media_type) if labels else {})
        except NotThere:
            return None
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            raise RegistryRefused(f"{self.host}/{name}:{reference} is not an image: {error!r}.") from error

    def _manifest(self, name: str, reference: str) -> tuple[bytes, str]:
        accepted = {"Accept": ", ".join((*MANIFESTS, *INDEXES))}
        response = self._call(name, "GET", f"{name}/manifests/{reference}", accepted)
        self._check(name, reference, response.body)
        return response.body, response.headers.get_content_type()

    def _check(self, name: str, reference: str, content: bytes) -> None:
        if reference.startswith("sha256:") and digest_of(content) != reference:
            raise DigestMismatch(f"{self.host}/{name}@{reference} is {digest_of(content)}.")

    def _labels(self, name: str, manifest: bytes, media_type: str) -> dict[str, str]:
        document = json.loads(manifest)
        if media_type in INDEXES:
            # What is for no platform is a statement about the image, such as its provenance.
            images = (one for one in document["manifests"] if one.get("platform", {}).get("os") != "unknown")
            manifest, media_type = self._manifest(name, next(images)["digest"])
            if media_type in INDEXES:
                raise ValueError("an index of indexes")
            return self._labels(name, manifest, media_type)
        digest = document["config"]["digest"]
        labels: dict[str, str] = json.loads(self._read_blob(name, digest))["config"].get("Labels") or {}
        return labels

    def _read_blob(self, name: str, digest: str) -> bytes:
        content = self._call(name, "GET", f"{name}/blobs/{digest}", {}).body
        self._check(name, digest, content)
        return content

    def _call(
        self, name: str, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None, source: str = ""
    ) -> Response:
        """Send a request, and retry it with a token if the registry names a token service.

        A request that reads another repository too, its `source`, needs a token for both.
        """
        url = f"{self._scheme()}://{self.host}/v2/{path}"
        key = f"{name} {source}".strip()
        try:
            return send_request(method, url, headers, body, self._proof(key))
        except Challenged as challenge:
            scopes = [f"repository:{name}:pull,push", *([f"repository:{source}:pull"] if source else ())]
            self.tokens[key] = self._fetch_token(challenge, scopes)
            return send_request(method, url, headers, body, self.tokens[key])

    def _scheme(self) -> str:
        return "http" if LOCAL.match(self.host) else "https"  # as Docker has it

    def _fetch_token(self, challenge: Challenged, write: list[str]) -> str:
        """Return what a registry's token service gives: https://distribution.github.io/distribution/spec/auth/token."""
        asked = dict(CHALLENGE.findall(challenge.asks))
        realm = urlsplit(asked.pop("realm", ""))
        if realm.scheme != "https" and (realm.scheme, realm.netloc) != ("http", self.host):
            raise challenge
        scopes = write if self.username else [asked["scope"]]
        query = urlencode({"service": asked.get("service", ""), "scope": scopes}, doseq=True)
        given = json.loads(send_request("GET", f"{realm.geturl()}?{query}", {}, None, self._basic()).body)
        return f"Bearer {given.get('token') or given['access_token']}"

    def _proof(self, key: str) -> str | None:
        """Return what signs a request in: the token for its repositories, or else the password."""
        return self.tokens.get(key) or self._basic()

    def _basic(self) -> str | None:
        return basic(self.username, self.password) if self.username else None
