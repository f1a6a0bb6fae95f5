"""The addresses that GitHub prints open in a browser."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from fake_github_tests.acme import Acme


@pytest.mark.slow
def test_repositories_and_pull_requests_have_a_page(acme: Acme) -> None:
    sha = acme.clone.branch("feature", "feat: drive")
    acme.open_pull("feature", "feat: drive <fast>", body="What it is for.")
    acme.pass_check(sha)
    acme.ada.rest.issues.create_comment("Acme", "rover", 1, body="0.2.0")
    repository = httpx.get(acme.ada.rest.repos.get("Acme", "rover").parsed_data.html_url)
    assert repository.status_code == 200
    assert '<a href="/Acme/rover/pull/1">#1 feat: drive &lt;fast&gt;</a>' in repository.text
    pull = httpx.get(acme.ada.rest.pulls.get("Acme", "rover", 1).parsed_data.html_url).text
    assert all(part in pull for part in ("What it is for.", "all-green: success", "0.2.0"))
    assert httpx.get(f"{acme.hub.url}/Acme/nothing").status_code == 404


@pytest.mark.slow
def test_they_open_in_a_real_browser(acme: Acme, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if browser is None:
        pytest.skip("Chromium is not on this machine; scripts/install-debian installs it")
    acme.clone.branch("feature", "feat: drive")
    acme.open_pull("feature", "feat: drive")

    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", f"--user-data-dir={tmp_path}")
    start = (browser, *options, "--dump-dom")

    def shown(path: str) -> str:
        command = (*start, f"{acme.hub.url}{path}")
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout

    assert "<h1>Acme/rover</h1>" in shown("/Acme/rover")
    assert "<h1>feat: drive #1</h1>" in shown("/Acme/rover/pull/1")
    assert 'name="user_code" value="ABCD-EFGH"' in shown("/login/device?user_code=ABCD-EFGH")
