"""Client for an image registry: read tags, and add a tag to an image. The only module that calls a registry.

It speaks the distribution specification (https://github.com/opencontainers/distribution-spec), as ECR, GHCR, Docker
Hub and all others do. `docker/build.py` pushes the images. Credentials never appear in arguments,
addresses, files or messages.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from rnd.publish.errors import RegistryRefused, RegistryUnavailable
from rnd.retry import retry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.errors import RndError

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
TIMEOUT = 60  # seconds without a byte
NOT_FOUND, UNAUTHORIZED = 404, 401
# Too slow or too many: like every status from 500 on, no last word.
PASSING = {408, 425, 429}


@dataclass(frozen=True)
class Image:
    """What a tag names.

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

    def look(self, name: str, tag: str) -> Image | None:
        """Return what a tag of a repository names, or None if there is no such tag or repository.

        Raises:
            RegistryRefused: The registry says no.
            RegistryUnavailable: It could not be reached, several times.
        """
        return retry(lambda: self._look(name, tag), RegistryUnavailable)

    def tag(self, name: str, image: Image, tag: str) -> None:
        """Let a tag name an image that the repository has.

        Raises:
            RegistryRefused: The registry says no, because the tag is immutable, for one.
            RegistryUnavailable: It could not be reached, several times.
        """
        headers = {"Content-Type": image.media_type}
        path = f"{name}/manifests/{tag}"
        retry(lambda: self._call(name, "PUT", path, headers, image.manifest), RegistryUnavailable)

    def _look(self, name: str, tag: str) -> Image | None:
        try:
            manifest, media_type = self._manifest(name, tag)
            digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
            return Image(digest, media_type, manifest, self._labels(name, manifest, media_type))
        except _NotThere:
            return None
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            raise RegistryRefused(f"{self.host}/{name}:{tag} is not an image: {error!r}.") from error

    def _manifest(self, name: str, reference: str) -> tuple[bytes, str]:
        accepted = {"Accept": ", ".join((*MANIFESTS, *INDEXES))}
        response, body = self._call(name, "GET", f"{name}/manifests/{reference}", accepted)
        return body, response.headers.get_content_type()

    def _labels(self, name: str, manifest: bytes, media_type: str) -> dict[str, str]:
        document = json.loads(manifest)
        if media_type in INDEXES:
            # What is for no platform is a statement about the image, such as its provenance.
            images = (one for one in document["manifests"] if one.get("platform", {}).get("os") != "unknown")
            manifest, media_type = self._manifest(name, next(images)["digest"])
            if media_type in INDEXES:
                raise ValueError("an index of indexes")
            return self._labels(name, manifest, media_type)
        _, config = self._call(name, "GET", f"{name}/blobs/{document['config']['digest']}", {})
        labels: dict[str, str] = json.loads(config)["config"].get("Labels") or {}
        return labels

    def _call(
        self, name: str, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a request, and retry it with a token if the registry names a token service."""
        scheme = "http" if LOCAL.match(self.host) else "https"  # as Docker has it
        url = f"{scheme}://{self.host}/v2/{path}"
        try:
            return _send(method, url, headers, body, self.tokens.get(name) or self._basic())
        except _Challenged as challenge:
            self.tokens[name] = self._fetch_token(challenge, write=f"repository:{name}:pull,push")
            return _send(method, url, headers, body, self.tokens[name])

    def _fetch_token(self, challenge: _Challenged, write: str) -> str:
        """Return what a registry's token service gives: https://distribution.github.io/distribution/spec/auth/token."""
        asked = dict(CHALLENGE.findall(challenge.asks))
        realm = urlsplit(asked.pop("realm", ""))
        if realm.scheme != "https" and (realm.scheme, realm.netloc) != ("http", self.host):
            raise challenge
        query = urlencode({"service": asked.get("service", ""), "scope": write if self.username else asked["scope"]})
        _, answer = _send("GET", f"{realm.geturl()}?{query}", {}, None, self._basic())
        given = json.loads(answer)
        return f"Bearer {given.get('token') or given['access_token']}"

    def _basic(self) -> str | None:
        if not self.username:
            return None
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"


class _NotThere(RegistryRefused):
    """The registry has no such thing."""


class _Challenged(RegistryRefused):
    """The registry wants to know who asks, or another proof of it; `asks` is how it says so."""

    asks = ""


def _send(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, authorization: str | None
) -> tuple[http.client.HTTPResponse, bytes]:
    request = Request(url, body, dict(headers) | {"User-Agent": "rnd"}, method=method)  # noqa: S310 - http or https
    if authorization:  # which must not follow a redirection: blobs lie elsewhere, at addresses that are signed
        request.add_unredirected_header("Authorization", authorization)
    place = url.partition("?")[0]
    try:
        with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - likewise
            return response, response.read()
    except HTTPError as error:
        with error:
            raise _error(error, f"{method} {place}: {error.code} {_reason(error)}") from None
    except (URLError, OSError, http.client.HTTPException) as error:
        raise RegistryUnavailable(f"{method} {place} failed: {getattr(error, 'reason', None) or error}.") from error


def _error(error: HTTPError, message: str) -> RndError:
    if error.code == NOT_FOUND:
        return _NotThere(message)
    if error.code == UNAUTHORIZED:
        challenged = _Challenged(message)
        challenged.asks = error.headers.get("WWW-Authenticate", "")
        return challenged
    return (RegistryUnavailable if error.code >= 500 or error.code in PASSING else RegistryRefused)(message)


def _reason(error: HTTPError) -> str:
    """Return what a registry says in its errors, or else what the status means."""
    try:
        said: list[dict[str, Any]] = json.loads(error.read())["errors"]
        return "; ".join(f"{one['code']}: {one['message']}" for one in said)
    except (ValueError, KeyError, TypeError, OSError, RecursionError, http.client.HTTPException):
        return f"{error.reason}."
