"""The fake for ECR: a real registry, as strict as AWS describes ECR to be."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from rnd_rehearsal.registry import ImageRegistry

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def ask(
    registry: ImageRegistry, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> http.client.HTTPResponse:
    """Send one request and return the answer, read."""
    connection = http.client.HTTPConnection("127.0.0.1", registry.port)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def sign_in(registry: ImageRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let AWS's clients call the registry."""
    for name, value in {**registry.variables, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)


def test_nothing_listens_beyond_the_loopback_interface(all_images: ImageRegistry) -> None:
    for port in (all_images.port, all_images.behind):
        with pytest.raises(OSError, match="in use"), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
        with socket.socket() as probe:
            probe.bind(("127.0.0.2", port))


@pytest.mark.parametrize("given", [None, "Basic QVdTOg==", "Bearer x"])
def test_nobody_is_let_in_without_the_token(all_images: ImageRegistry, given: str | None) -> None:
    headers = {"Authorization": given} if given else {}
    answer = ask(all_images, "GET", "/v2/", headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="http://127.0.0.1:')
    assert ask(all_images, "GET", "/v2/", {"Authorization": f"Basic {all_images.basic}"}).status == 200


def test_calls_must_be_signed_and_as_aws_describes_them(all_images: ImageRegistry) -> None:
    target = {"X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.CreateRepository"}
    signed = target | {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20261122/eu-west-1/ecr/aws4_request, x"}
    good = {"repositoryName": "demo"}
    assert ask(all_images, "POST", "/", target, json.dumps(good).encode()).status == 400
    for wrong in ({}, {"repositoryName": 1}, good | {"more": 1}):
        assert ask(all_images, "POST", "/", signed, json.dumps(wrong).encode()).status == 400
        assert all_images.violations.pop().startswith("CreateRepository: ")
    assert all_images.violations == []


def test_a_blob_belongs_to_the_repository_that_it_was_uploaded_to(
    all_images: ImageRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ministack has it everywhere; an upload to one repository would be left out because another has the blob."""
    sign_in(all_images, monkeypatch)
    client = boto3.client("ecr", region_name="eu-west-1")
    for name in ("own", "other", "third"):
        client.create_repository(repositoryName=name)
    content = b"a blob of one repository"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    given = {"Authorization": f"Basic {all_images.basic}"}

    def has(name: str) -> bool:
        return ask(all_images, "HEAD", f"/v2/{name}/blobs/{digest}", given).status == 200

    started = ask(all_images, "POST", "/v2/own/blobs/uploads/", given)
    place = started.headers["Location"].partition("/v2/")[2]
    assert ask(all_images, "PUT", f"/v2/{place}?digest={digest}", given, content).status == 201
    assert [has("own"), has("other")] == [True, False]
    mount = f"/v2/other/blobs/uploads/?mount={digest}&from="
    assert ask(all_images, "POST", f"{mount}third", given).status == 202
    assert not has("other")
    assert ask(all_images, "POST", f"{mount}own", given).status == 201
    assert has("other")


def test_tags_are_immutable_but_for_those_that_may_move(
    all_images: ImageRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(all_images, monkeypatch)
    client = boto3.client("ecr", region_name="eu-west-1")
    client.create_repository(
        repositoryName="demo",
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "la*"}],
    )
    given = {"Authorization": f"Basic {all_images.basic}", "Content-Type": MANIFEST}
    for tag, content, status in (
        ("1", b"{}", 201),
        ("1", b"{}", 201),
        ("1", b"[]", 400),
        ("latest", b"{}", 201),
        ("latest", b"[]", 201),
        ("stable", b"{}", 201),
        ("stable", b"[]", 400),
    ):
        assert ask(all_images, "PUT", f"/v2/demo/manifests/{tag}", given, content).status == status
    client.delete_repository(repositoryName="demo", force=True)
    client.close()
