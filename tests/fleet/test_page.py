"""The page of the fleet: complete without script, useful in a browser, safe with hostile names."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.fleet.audit.saved import Known, Saved
from rnd.fleet.page import ASSETS, render
from tests.helpers.many import add_many
from tests.helpers.views import HOSTILE, made_up_view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page

    from rnd.fleet.view import View
    from tests.helpers.fleet import Fleet

VIEW = made_up_view()


class Elements(HTMLParser):
    """Counts the elements of a page, and keeps the addresses that it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.loaded += [
            value or "" for name, value in attrs if name in {"src", "srcset", "action", "style"} or name[:2] == "on"
        ]


def test_a_thousand_rows_are_small_and_quick() -> None:
    start = time.process_time()
    page = render(VIEW, VIEW.repositories)
    assert time.process_time() - start <= 1
    assert len(page.encode()) <= 1_500_000


def test_it_is_complete_without_script_and_loads_nothing() -> None:
    elements = Elements()
    elements.feed(render(VIEW, VIEW.repositories))
    assert elements.counts["tr"] == 1 + len(VIEW.repositories)
    assert elements.counts["script"] == 2
    assert elements.counts["details"] == sum(bool(one.changes) for one in VIEW.repositories)
    assert "img" not in elements.counts
    assert elements.loaded == []


def test_what_is_shipped_is_what_was_published() -> None:
    listed = re.findall(
        r"^\| `(.+?)` .* \| `([0-9a-f]{64})` \|$", (ASSETS / "THIRD_PARTY.md").read_text(), re.MULTILINE
    )
    assert listed
    for name, digest in listed:
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest


def test_known_vulnerabilities_are_shown_where_an_audit_is_given() -> None:
    one, other, *_ = [each.member.name for each in VIEW.changeable if each.member.name not in HOSTILE]
    known = Known(id=HOSTILE[0], package="requests", version="2.31.0", severity="high", fixed=None)
    page = render(replace(VIEW, audit=Saved({one: [known], other: []})), VIEW.repositories)
    elements = Elements()
    elements.feed(page)
    assert elements.counts["script"] == 2
    assert page.count("high: requests 2.31.0, not fixed yet") == 1
    assert page.count("none known") == 1
    assert "<b>1</b><span>with known vulnerabilities</span>" in page
    assert f"Not checked for known vulnerabilities: {len(VIEW.changeable) - 2:,}." in page
    failed = render(replace(VIEW, audit=Saved(error="no answer")), VIEW.repositories)
    assert "Known vulnerabilities could not be looked up: no answer." in failed
    assert "ulnerabilities" not in render(VIEW, VIEW.repositories)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if program is None:
        pytest.skip("Chromium is not on this machine; scripts/install-debian installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page of a thousand repositories, in a browser; nothing may be loaded, complain, or ask."""
    opened = browser.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("dialog", lambda dialog: dismiss(dialog, faults))
    opened.on("request", lambda request: faults.append(request.url) if not request.url.startswith("file:") else None)
    show(opened, VIEW, tmp_path)
    yield opened
    opened.close()
    assert faults == []


def dismiss(dialog: Dialog, faults: list[str]) -> None:
    faults.append(dialog.message)
    dialog.dismiss()


def show(page: Page, view: View, folder: Path) -> None:
    file = folder / "page.html"
    file.write_text(render(view, view.repositories), encoding="utf-8")
    page.goto(file.as_uri())


def names(page: Page) -> list[str]:
    return page.locator("tbody tr th").all_inner_texts()


def shown(page: Page) -> str:
    return page.locator("#shown").inner_text()


def sort(page: Page, column: str) -> None:
    """Click a header, and wait until the rows are in its order."""
    page.locator("thead th", has_text=column).click()
    page.locator("thead th[aria-sort=ascending]", has_text=column).wait_for()


def expected(condition: str) -> set[str]:
    return {one.member.name for one in VIEW.changeable if condition in one.having("v1")}


def test_it_searches_sorts_filters_and_unfolds(page: Page) -> None:
    assert shown(page) == "1,000 repositories"
    assert len(names(page)) == 100

    page.get_by_label("Search").fill("features.wiki")
    wiki = [one.member.name for one in VIEW.repositories if any(c.key == "features.wiki" for c in one.changes)]
    assert shown(page) == f"{len(wiki)} of 1,000 repositories"
    assert page.locator("tbody details ul").first.is_visible() is False
    page.get_by_role("button", name="Unfold all differences").click()
    assert all(one.is_visible() for one in page.locator("tbody details ul").all())
    page.get_by_role("button", name="Show all").click()
    assert shown(page) == "1,000 repositories"

    page.get_by_role("button", name="behind the template").click()
    assert shown(page) == f"{len(expected('behind'))} of 1,000 repositories"
    assert set(names(page)) <= expected("behind")
    page.locator("#ring").select_option("early")
    early = {one.member.name for one in VIEW.changeable if one.member.ring == "early"}
    assert set(names(page)) == expected("behind") & early
    page.get_by_role("button", name="Show all").click()

    sort(page, "Template")
    assert page.locator("tbody tr td[data-label=Template]").first.inner_text() == "1.2.0 · 3 behind"
    sort(page, "Repository")
    plain = [name.rpartition("-")[0] for name in names(page) if name.startswith("rnd-")]
    assert len(plain) > 50
    assert plain == sorted(plain)


def test_hostile_texts_are_inert(page: Page) -> None:
    assert page.title() == "999 repositories of Synthesia-Technologies"
    for text in HOSTILE:
        page.get_by_label("Search").fill(text)
    assert page.locator("img, iframe, object, embed, form, svg[onload]").count() == 0
    page.get_by_label("Search").fill("rnd-")
    page.get_by_label("Search").fill("")
    assert page.title() == "999 repositories of Synthesia-Technologies"


def test_a_script_of_another_is_not_run(browser: Browser, tmp_path: Path) -> None:
    """Even where a text was not escaped, the content security policy would stop it."""
    page = browser.new_page()
    show(page, VIEW, tmp_path)
    blocked = page.evaluate(
        """() => new Promise((resolve) => {
            addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), {once: true});
            const script = document.createElement("script");
            script.textContent = "document.title = 'owned'";
            document.body.append(script);
            setTimeout(() => resolve("nothing"), 2000);
        })"""
    )
    assert blocked.startswith("script-src")
    assert page.title() != "owned"
    page.close()


def test_every_repository_is_printed(page: Page) -> None:
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(names(page)) == 1000
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(names(page)) == 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_it_fits_and_can_be_read(browser: Browser, tmp_path: Path, scheme: str, width: int) -> None:
    """Nothing is wider than the window, and text has the contrast that WCAG 2 asks for (4.5)."""
    opened = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})  # pyrefly: ignore[bad-argument-type]
    show(opened, VIEW, tmp_path)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    contrast = opened.evaluate(CONTRAST)
    opened.close()
    assert {name: ratio for name, ratio in contrast.items() if ratio < 4.5} == {}


CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (one) => { for (; one; one = one.parentElement) {
    const colour = parse(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour; } return [255, 255, 255]; };
  const found = {};
  for (const css of ["h1", "header p", "figcaption", "figure li", ".tile b", ".tile span", "tbody th a", "caption",
                     "code", ".tag.good", ".tag.warn", ".tag.bad", ".tag.info", ".tag.calm", "footer", "thead th"]) {
    for (const one of document.querySelectorAll(css)) {
      const [a, b] = [light(parse(getComputedStyle(one).color)), light(ground(one))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      found[css] = Math.min(found[css] ?? 99, ratio);
    }
  }
  return found;
}"""


def test_the_command_writes_it_and_no_token(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    made = add_many(fleet, 20, hostile=30)
    file, plan = tmp_path / "fleet.html", tmp_path / "plan.json"
    assert cli.main(["fleet", "status", "--html", str(file)]) == 3
    assert cli.main(["fleet", "plan", "--out", str(plan)]) == 3
    page = file.read_text(encoding="utf-8")
    elements = Elements()
    elements.feed(page)
    assert elements.counts["tr"] == 1 + sum(one.kind == "plain" for one in made)
    said = capsys.readouterr()
    for text in (page, plan.read_text(encoding="utf-8"), said.out, said.err, caplog.text):
        assert fleet.hosting.token not in text
    assert cli.main(["fleet", "status", "--html", str(tmp_path / "none" / "fleet.html")]) == 2
