"""The registry client, on a server that says what registries say; a real one is in the tests of the image."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from fake_github import loopback
from rnd import retry
from rnd.errors import UsageError
from rnd.organisation import load_organisation
from rnd.providers.provider import Caller
from rnd.publish.digests import digest_of
from rnd.publish.errors import RegistryRefused, RegistryUnavailable
from rnd.publish.registry import INDEXES, MANIFESTS, Blob, Registry
from rnd.publish.target import find_registry, is_release, version_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from fake_github.loopback import Answer

BASIC = f"Basic {base64.b64encode(b'ada:word').decode()}"
CONFIG = json.dumps({"config": {"Labels": {"a": "b"}}}).encode()
MANIFEST = json.dumps({"config": {"digest": digest_of(CONFIG)}}).encode()
OF_TWO_PLATFORMS = json.dumps(
    {
        "manifests": [
            {"digest": "sha256:provenance", "platform": {"os": "unknown", "architecture": "unknown"}},
            {"digest": digest_of(MANIFEST), "platform": {"os": "linux", "architecture": "arm64"}},
        ]
    }
).encode()
IMAGE = {
    "/v2/team/demo/manifests/1": (200, {"Content-Type": MANIFESTS[0]}, MANIFEST),
    "/v2/team/demo/manifests/2": (200, {"Content-Type": INDEXES[0]}, OF_TWO_PLATFORMS),
    f"/v2/team/demo/manifests/{digest_of(MANIFEST)}": (200, {"Content-Type": MANIFESTS[1]}, MANIFEST),
    f"/v2/team/demo/blobs/{digest_of(CONFIG)}": (200, {}, CONFIG),
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "DELAYS", (0.0, 0.0, 0.0))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@contextmanager
def serve(answer: Callable[[str, str | None], Answer]) -> Generator[str]:
    """Run a server that answers a path and an authorization, and yield its host."""

    class Handler(loopback.Handler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.say(*answer(self.path, self.headers["Authorization"]))

        do_PUT = do_POST = do_HEAD = do_GET

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, loopback.listening(server):
        yield f"127.0.0.1:{server.server_port}"


def test_the_labels_of_an_image_and_of_one_for_several_platforms() -> None:
    with serve(lambda path, _: IMAGE[path]) as host:
        for tag in ("1", "2"):
            found = Registry(host).look("team/demo", tag)
            assert found is not None
            assert found.labels == {"a": "b"}
            assert found.manifest == IMAGE[f"/v2/team/demo/manifests/{tag}"][2]


@pytest.mark.parametrize("username", ["ada", ""])
def test_a_token_service_is_asked_as_the_registry_says(username: str) -> None:
    """As Docker Hub and GHCR have it; the token serves for the requests that follow."""
    asked: list[tuple[str, str | None]] = []

    def answer(path: str, authorization: str | None) -> Answer:
        asked.append((path, authorization))
        if path.startswith("/token"):
            return 200, {}, b'{"token": "t"}'
        if authorization != "Bearer t":
            challenge = f'Bearer realm="http://{host}/token",service="s",scope="repository:team/demo:pull"'
            return 401, {"WWW-Authenticate": challenge}, b""
        return IMAGE[path]

    with serve(answer) as host:
        registry = Registry(host, username, "word" if username else "")
        assert registry.look("team/demo", "1") == registry.look("team/demo", "1") is not None
    basic = BASIC if username else None
    scope = "repository%3Ateam%2Fdemo%3Apull" + ("%2Cpush" if username else "")
    assert asked[:2] == [("/v2/team/demo/manifests/1", basic), (f"/token?service=s&scope={scope}", basic)]
    assert [authorization for _, authorization in asked[2:]] == ["Bearer t"] * 4


def test_a_mount_needs_a_token_for_both_repositories() -> None:
    """https://distribution.github.io/distribution/spec/auth/token: several scopes in one request."""
    blob = Blob(digest_of(CONFIG), len(CONFIG))
    asked: list[str] = []
    there: set[str] = set()

    def answer(path: str, authorization: str | None) -> Answer:
        asked.append(path)
        if path.startswith("/token"):
            scopes = dict.fromkeys(value for name, value in parse_qsl(urlsplit(path).query) if name == "scope")
            return 200, {}, json.dumps({"token": " ".join(scopes)}).encode()
        name, scope = path.split("/")[2:4], ("repository:{0}:pull,push", "repository:{1}:pull")
        wanted = " ".join(scope[: 2 if "mount" in path else 1]).format("team/demo", "team/candidate")
        if authorization != f"Bearer {wanted}":
            return 401, {"WWW-Authenticate": f'Bearer realm="http://{host}/token",service="s",scope="x"'}, b""
        if "mount" in path:
            there.add(blob.digest)
            return 201, {}, b""
        assert name == ["team", "demo"]
        return (200, {"Content-Length": str(blob.size)}, b"") if there else (404, {}, b"")

    with serve(answer) as host:
        Registry(host, "ada", "word").copy_blob("team/candidate", "team/demo", blob)
    assert there
    assert sum(path.startswith("/token") for path in asked) == 2


def test_credentials_go_to_no_other_server_without_encryption() -> None:
    asked: list[str | None] = []

    def eavesdrop(_: str, authorization: str | None) -> Answer:
        asked.append(authorization)
        return 200, {}, b'{"token": "t"}'

    with serve(eavesdrop) as other:
        challenge = {"WWW-Authenticate": f'Bearer realm="http://{other}/token",service="s"'}
        with (
            serve(lambda *_: (401, challenge, b"")) as host,
            pytest.raises(RegistryRefused, match="401"),
        ):
            Registry(host, "ada", "word").look("team/demo", "1")
    assert asked == []


def test_credentials_do_not_follow_a_redirection() -> None:
    """Blobs lie elsewhere, at addresses that are signed."""
    asked: list[str | None] = []

    def store(_: str, authorization: str | None) -> Answer:
        asked.append(authorization)
        return 200, {}, CONFIG

    with serve(store) as other:

        def answer(path: str, authorization: str | None) -> Answer:
            assert authorization == BASIC
            return (307, {"Location": f"http://{other}/blob"}, b"") if "/blobs/" in path else IMAGE[path]

        with serve(answer) as host:
            found = Registry(host, "ada", "word").look("team/demo", "1")
    assert found is not None
    assert asked == [None]


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ((401, {"WWW-Authenticate": "Basic"}, b""), RegistryRefused, "401 Unauthorized"),
        ((403, {}, b'{"errors": [{"code": "DENIED", "message": "not yours"}]}'), RegistryRefused, "DENIED: not yours"),
        ((403, {}, b"[]"), RegistryRefused, "403 Forbidden"),
        ((500, {}, b""), RegistryUnavailable, "500"),
        ((429, {}, b""), RegistryUnavailable, "429"),
        ((200, {"Content-Type": MANIFESTS[0]}, b"<html>"), RegistryRefused, "is not an image"),
        ((200, {"Content-Type": INDEXES[0]}, b'{"manifests": []}'), RegistryRefused, "is not an image"),
    ],
)
def test_what_a_registry_says(answer: Answer, error: type[Exception], said: str) -> None:
    with serve(lambda *_: answer) as host, pytest.raises(error, match=said):
        Registry(host, "ada", "word").look("team/demo", "1")


def test_an_index_that_names_itself() -> None:
    """A tag in place of a digest is not verified, so an index can contain itself."""
    document = json.dumps({"manifests": [{"digest": "1", "platform": {"os": "linux"}}]}).encode()
    asked: list[str] = []

    def answer(path: str, _: str | None) -> Answer:
        asked.append(path)
        return 200, {"Content-Type": INDEXES[0]}, document

    with serve(answer) as host, pytest.raises(RegistryRefused, match="an index of indexes"):
        Registry(host).look("team/demo", "1")
    assert len(asked) == 2


def test_what_is_not_there() -> None:
    with serve(lambda *_: (404, {}, b"")) as host:
        assert Registry(host).look("team/demo", "1") is None
    with pytest.raises(RegistryUnavailable, match="refused"):
        Registry("127.0.0.1:1").look("team/demo", "1")


@pytest.mark.parametrize(
    ("version", "tag", "release"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3.dev0+0a1b2c3", "1.2.3.dev0-0a1b2c3", False),
        ("01.2.3-alpha.1", "1.2.3a1", False),
        ("1.2.3+local", "1.2.3-local", False),
        ("1.2.3.post1", "1.2.3.post1", True),
    ],
)
def test_the_tag_of_a_version(version: str, tag: str, release: bool) -> None:
    assert (version_tag(version), is_release(version)) == (tag, release)


@pytest.mark.parametrize("version", ["1!2.0", "x", "1.0+" + "a" * 130])
def test_versions_that_no_tag_can_have(version: str) -> None:
    with pytest.raises(UsageError):
        version_tag(version)


@pytest.mark.parametrize(
    ("wanted", "host", "folder"),
    [
        ("registry.example", "registry.example", ""),
        ("registry.example:5000/a/b/", "registry.example:5000", "a/b/"),
        ("[::1]:5000", "[::1]:5000", ""),
    ],
)
def test_another_registry(wanted: str, host: str, folder: str) -> None:
    environ = {"RND_REGISTRY_USERNAME": "ada", "RND_REGISTRY_PASSWORD": "word"}
    registry = Registry(host, "ada", "word")
    found, place, provider = find_registry(load_organisation(), Caller(environ=environ), wanted)
    assert (found, place, provider.creates_on_push) == (registry, folder, True)
    assert "word" not in repr(registry)


@pytest.mark.parametrize("wanted", ["https://registry.example", "ada:word@registry.example", "", "a b", "host/Upper"])
def test_what_is_no_registry(wanted: str) -> None:
    with pytest.raises(UsageError):
        find_registry(load_organisation(), Caller(), wanted)
