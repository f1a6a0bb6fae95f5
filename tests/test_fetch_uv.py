"""A job without uv gets it straight from the package index, by its digest."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from scripts import fetch_uv

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "https://pypi.org/simple/uv/"
NAME = "uv-1.2.3-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """An index with one wheel, which is pinned."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:
        for program in ("uv", "uvx"):
            wheel.writestr(f"uv-1.2.3.data/scripts/{program}", f"#!/bin/sh\necho {program}\n")
    for name in fetch_uv.INDEXES:
        monkeypatch.delenv(name, raising=False)
    pinned = tmp_path / "uv.txt"
    pinned.write_text(f"# words\nuv==1.2.3 \\\n    --hash=sha256:{hashlib.sha256(content.getvalue()).hexdigest()}\n")
    pages = {
        PAGE: f'<a href="/files/{NAME}#sha256=0">it</a>'.encode(),
        f"https://pypi.org/files/{NAME}": content.getvalue(),
    }
    monkeypatch.setattr(fetch_uv, "PINNED", pinned)
    monkeypatch.setattr(fetch_uv, "tag", lambda: "manylinux_2_17_x86_64")
    monkeypatch.setattr(fetch_uv, "urlopen", lambda address, timeout: io.BytesIO(pages[address]))  # noqa: ARG005
    return pages


def test_both_programs_are_there(index: dict[str, bytes], tmp_path: Path) -> None:
    assert fetch_uv.main(tmp_path / "bin") == 0
    assert index
    for name in ("uv", "uvx"):
        assert (tmp_path / "bin" / name).read_text().endswith(f"echo {name}\n")
        assert (tmp_path / "bin" / name).stat().st_mode & 0o111


def test_a_wheel_with_another_digest_is_refused(
    index: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index[f"https://pypi.org/files/{NAME}"] += b" "
    assert fetch_uv.main(tmp_path / "bin") == 1
    assert "digest" in capsys.readouterr().err
    assert not (tmp_path / "bin").exists()


def test_an_index_that_pip_alone_knows_is_left_to_pip(
    index: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index[PAGE] = b"<html></html>"
    assert fetch_uv.main(tmp_path / "bin") == 1
    monkeypatch.setenv("PIP_INDEX_URL", "file:///opt/index")
    assert fetch_uv.main(tmp_path / "bin") == 1
    said = capsys.readouterr().err
    assert "has no wheel of uv 1.2.3" in said
    assert "https" in said


def test_what_is_pinned_is_what_uv_txt_says() -> None:
    version, digests = fetch_uv.wanted()
    assert version[0].isdigit()
    assert len(digests) > 10
