"""Writes `docs/fleet.png`: the page of a real run of `rnd fleet status` over 1,000 repositories of a fake GitHub.

`make picture` calls it. It needs Chromium.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import sync_playwright

from fake_github.server import FakeGitHub
from rnd import cli
from rnd.project.template import CHECKOUT
from tests.helpers import fleet, github, many

PICTURE = CHECKOUT / "docs" / "fleet.png"
WIDTH, HEIGHT = 1400, 900
VERSIONS = {"1.1.0": 93.0, "1.0.0": 5.0, "1.0.0-2-gabc1234": 2.0}
CHECKS = {"success": 95.0, "pending": 3.0, "failure": 2.0}


def write_page(page: Path, folder: Path) -> None:
    """Run `rnd fleet status --html` over an organisation of a fake GitHub."""
    with FakeGitHub.serve(folder / "hub") as hub, pytest.MonkeyPatch.context() as patch:
        made = fleet.begin(github.join(hub, patch, "Acme-Research"), folder, patch)
        seeded = many.add_many(
            made, 1000, versions=VERSIONS, refs={"v1": 98.0, "v1-canary": 2.0}, hostile=0, prefix="rnd-project"
        )
        random = Random(1)  # noqa: S311 - the same picture each time
        for one in seeded:
            state = random.choices(list(CHECKS), list(CHECKS.values()))[0]
            one.repository.statuses.append({"sha": one.head, "context": "all-green", "state": state})
        cli.main(["fleet", "status", "--html", str(page)])


def main() -> None:
    """Run, open, write."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("error: Chromium is not on this machine")
    with TemporaryDirectory() as name:
        page = Path(name) / "fleet.html"
        write_page(page, Path(name))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            opened = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            opened.goto(page.as_uri())
            opened.screenshot(path=PICTURE)
            browser.close()
    print(f"{PICTURE.relative_to(CHECKOUT)}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
