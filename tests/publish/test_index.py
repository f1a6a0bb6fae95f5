"""Which index is published to, as options, environment and organisation have it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from rnd.errors import UsageError
from rnd.organisation import load_organisation
from rnd.providers.errors import IndexRefused
from rnd.providers.provider import Caller
from rnd.publish.index import Index, find_index
from rnd.publish.listing import JSON
from rnd_rehearsal.package_index import Fault, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd_rehearsal.package_index import PackageIndex

ORGANISATION = load_organisation()


def test_the_organisation_s_unless_told_otherwise(index: PackageIndex) -> None:
    endpoint = "https://synthesia-812634467557.d.codeartifact.eu-west-1.amazonaws.com/pypi/rnd/"
    index.codeartifact.endpoint = endpoint
    found = find_index(ORGANISATION, Caller(environ=os.environ))
    assert found == Index(endpoint, f"{endpoint}simple/", "aws", index.token)
    assert index.token not in repr(found)


PASSWORD = {"UV_PUBLISH_USERNAME": "u", "UV_PUBLISH_PASSWORD": "p"}


@pytest.mark.parametrize(
    ("environ", "publish_url", "check_url", "expected"),
    [
        ({}, "http://a/upload", None, ("http://a/upload", "http://a/upload/simple/")),
        ({}, "http://a/", "http://b/simple", ("http://a/", "http://b/simple/")),
        ({"UV_PUBLISH_URL": "http://c/"}, None, None, ("http://c/", "http://c/simple/")),
        ({"UV_PUBLISH_URL": "http://c/"}, "http://a/", None, ("http://a/", "http://a/simple/")),
        (
            {"UV_PUBLISH_URL": "http://c/", "UV_PUBLISH_CHECK_URL": "http://d/"},
            None,
            None,
            ("http://c/", "http://d/"),
        ),
    ],
)
def test_another(
    environ: dict[str, str], publish_url: str | None, check_url: str | None, expected: tuple[str, str]
) -> None:
    for given, who in ((PASSWORD, ("u", "p")), ({"UV_PUBLISH_TOKEN": "t"}, ("__token__", "t"))):
        found = find_index(ORGANISATION, Caller(environ=environ | given), publish_url, check_url)
        assert found == Index(*expected, *who)


@pytest.mark.parametrize("environ", [{}, {"UV_PUBLISH_USERNAME": "u"}, {"UV_PUBLISH_PASSWORD": "p"}])
def test_credentials_are_needed(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="There are no credentials for http://a/") as caught:
        find_index(ORGANISATION, Caller(environ=environ), "http://a/")
    assert "UV_PUBLISH_TOKEN" in caught.value.hint


@pytest.mark.parametrize(
    ("publish_url", "check_url"),
    [("http://u:secret@a/", None), ("http://a/", "https://secret@b/simple/"), ("a/b", None), ("file:///a", None)],
)
def test_addresses_that_are_refused(publish_url: str, check_url: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        find_index(ORGANISATION, Caller(environ=PASSWORD), publish_url, check_url)
    assert "secret" not in caught.value.message + caught.value.hint


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[PackageIndex]:
    """Another server."""
    with serve(tmp_path / "elsewhere") as server:
        yield server


def test_credentials_do_not_go_where_an_index_redirects(index: PackageIndex, elsewhere: PackageIndex) -> None:
    asked = Index(index.url, f"{index.url}simple/", "aws", index.token)
    index.reads = iter([Fault(302, headers={"Location": f"{elsewhere.url}simple/demo/"})])
    with pytest.raises(IndexRefused, match="401"):
        asked.look("demo", "1.0")
    assert index.authorizations[0]
    assert elsewhere.authorizations == [None]


def listing_of(url: str) -> Fault:
    """Return the answer of an index whose one file is somewhere else."""
    files = [{"filename": "demo-1.0.tar.gz", "url": url, "hashes": {}}]
    return Fault(200, headers={"Content-Type": JSON}, body=json.dumps({"files": files}).encode())


def test_credentials_do_not_go_where_the_links_of_an_index_lead(index: PackageIndex, elsewhere: PackageIndex) -> None:
    asked = Index(index.url, f"{index.url}simple/", "aws", index.token)
    index.reads = iter([listing_of(f"{elsewhere.url}packages/demo-1.0.tar.gz")])
    with pytest.raises(IndexRefused, match="401"):
        asked.look("demo", "1.0")
    assert elsewhere.authorizations == [None]


def test_links_are_followed_in_the_web_alone(index: PackageIndex) -> None:
    asked = Index(index.url, f"{index.url}simple/", "aws", index.token)
    index.reads = iter([listing_of("file:///etc/hostname")])
    with pytest.raises(IndexRefused, match="file:///etc/hostname, which is not an http or https address"):
        asked.look("demo", "1.0")


def test_what_is_no_index_is_refused(index: PackageIndex) -> None:
    asked = Index(index.url, f"{index.url}simple/", "aws", index.token)
    index.reads = iter([Fault(200, headers={"Content-Type": JSON}, body=b"{}")])
    with pytest.raises(IndexRefused, match="is not a page of a package index"):
        asked.look("demo", "1.0")


def test_half_a_file_is_not_taken_for_another_one(index: PackageIndex) -> None:
    """An index that names no digest is asked for the file; a connection that breaks meanwhile makes no difference."""
    asked = Index(index.url, f"{index.url}simple/", "aws", index.token)
    (index.folder / "demo-1.0.tar.gz").write_bytes(b"content")
    half = Fault(200, headers={"Content-Length": "7"}, body=b"con")
    index.reads = iter([listing_of(f"{index.url}packages/demo-1.0.tar.gz"), half])
    assert asked.look("demo", "1.0") == index.content()
