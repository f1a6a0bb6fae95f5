"""The package index accepts its own credentials only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from rnd_rehearsal.package_index import USER, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd_rehearsal.package_index import PackageIndex

UPLOAD: dict[str, Any] = {":action": (None, "file_upload"), "content": ("demo-1.0.tar.gz", b"content")}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index with one file in it."""
    with serve(tmp_path / "index") as index:
        (index.folder / "kept-1.0.tar.gz").write_bytes(b"kept")
        yield index


@pytest.mark.parametrize("path", ["", "simple/", "simple/kept/", "packages/kept-1.0.tar.gz"])
def test_reading_needs_the_password(index: PackageIndex, path: str) -> None:
    stranger = httpx.get(index.url + path)
    assert (stranger.status_code, stranger.headers["WWW-Authenticate"]) == (401, 'Basic realm="pypi"')
    for wrong in [("aws", "wrong"), ("aws", ""), ("other", index.token)]:
        assert httpx.get(index.url + path, auth=wrong).status_code == 403
    assert httpx.get(index.url + path, headers={"Authorization": f"Bearer {index.token}"}).status_code == 401
    assert httpx.get(index.url + path, auth=(USER, index.token)).status_code == 200


def test_an_upload_needs_the_password(index: PackageIndex) -> None:
    assert httpx.post(index.url, files=UPLOAD).status_code == 401
    assert httpx.post(index.url, files=UPLOAD, auth=(USER, "wrong")).status_code == 403
    assert (index.accepted, set(index.content())) == (0, {"kept-1.0.tar.gz"})
    assert httpx.post(index.url, files=UPLOAD, auth=(USER, index.token)).status_code == 200
    assert (index.accepted, set(index.content())) == (1, {"kept-1.0.tar.gz", "demo-1.0.tar.gz"})
