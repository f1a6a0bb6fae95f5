"""Pytest fixtures: `fake_github`, a server for one test, and `secure_fake_github`, which speaks https."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_github.server import FakeGitHub


@pytest.fixture
def fake_github(tmp_path: Path) -> Iterator[FakeGitHub]:
    """Serve a fake GitHub for one test; fail the test if a request or response breaks GitHub's API description."""
    from fake_github.server import FakeGitHub

    with FakeGitHub.serve(tmp_path / "fake-github") as hub:
        yield hub
    if hub.violations:
        pytest.fail("\n".join(hub.violations))


@pytest.fixture
def secure_fake_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """Serve a fake GitHub over https, as `gh` requires; Python, git and `gh` trust its certificate in the test."""
    from fake_github.server import FakeGitHub

    with FakeGitHub.serve(tmp_path / "fake-github", tls=True) as hub:
        authority = tmp_path / "authority.pem"
        authority.write_bytes(hub.certificate or b"")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        monkeypatch.setenv("GIT_SSL_CAINFO", str(authority))
        yield hub
    if hub.violations:
        pytest.fail("\n".join(hub.violations))
