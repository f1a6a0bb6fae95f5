"""What the README shows is what happens, and what the documentation links to is there."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import yaml
from copier import run_copy

from rnd.project.template import CHECKOUT
from scripts.picture import COLUMNS, PICTURE, ROWS, record
from tests.helpers.pages import BLOCK, PAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.template import TemplateRepository

UNCOMMITTED = "It was created from uncommitted changes"


@pytest.mark.slow
def test_the_picture_shows_what_the_main_command_shows() -> None:
    shown = record().screen(ROWS, COLUMNS)[:-1]
    assert normal(final_rows(PICTURE.read_text(encoding="utf-8"))) == normal(shown)


def final_rows(picture: str) -> list[str]:
    """Return the rows of text that the picture ends with, without the prompt."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for group in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}g"):
        for text in group if group.get("class") != "h" else ():
            rows.setdefault(float(text.attrib["y"]), []).append((float(text.attrib["x"]), text.text or ""))
    return [" ".join(text for _, text in sorted(row)) for _, row in sorted(rows.items())][:-1]


def normal(lines: list[str]) -> list[str]:
    """Return the lines from the first step on, without what differs from machine to machine and from run to run."""
    differing = (
        (r"\d+\.\d s ", ""),  # not there where a step was too quick to feel
        (r"(?<=Find Python 3\.11 ).*", "PATH"),
        (r"(?<=of template ).*", "VERSION"),
        (r"(?<=at commit |passed on )[0-9a-f]{7}", "COMMIT"),
        (r"\d+(?= packages)", "N"),
    )
    words = [" ".join(line.split()) for line in lines]
    first = next(number for number, line in enumerate(words) if line.startswith("✓"))
    text = "\n".join(filter(None, words[first:])).partition(f"\n{UNCOMMITTED}")[0]
    for pattern, same in differing:
        text = re.sub(pattern, same, text)
    return text.splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for address in re.findall(r"(?:\]\(|src=\")([^)\s\"]+)", prose):
        if not address.startswith("https://"):
            path, _, anchor = address.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), address
            assert not anchor or anchor in anchors(target), address


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_an_index() -> None:
    indexes = [CHECKOUT / "docs" / "README.md", CHECKOUT / "docs" / "decisions" / "README.md"]
    linked = {
        (index.parent / address.partition("#")[0]).resolve()
        for index in indexes
        for address in re.findall(r"\]\(([^)\s]+)\)", index.read_text(encoding="utf-8"))
    }
    assert {page for page in PAGES if page.parent != CHECKOUT} - linked == {indexes[0]}


def test_the_picture_is_small_and_safe_and_names_no_machine() -> None:
    picture = (CHECKOUT / "docs" / "picture.svg").read_text(encoding="utf-8")
    assert len(picture) < 100_000
    names = {element.tag.rpartition("}")[2] for element in ET.fromstring(picture).iter()}
    assert names == {"svg", "title", "style", "rect", "path", "circle", "g", "text"}
    assert not re.search(r"/(home|root|tmp|Users)/", picture)
    assert UNCOMMITTED not in picture, "record it with `make picture` where nothing is uncommitted"
    assert "is ready in ~/rnd-my-project" in picture


READERS: dict[str, Callable[[str], object]] = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_shown_as_data_can_be_read(page: Path) -> None:
    for language, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language in READERS and "<<<<<<<" not in block:  # which shows a conflict
            READERS[language](block)


def test_the_tutorial_lists_the_files_of_a_repository(template: TemplateRepository, tmp_path: Path) -> None:
    made = tmp_path / "made"
    answers = {"project_name": "my_project"}
    run_copy(template.address, made, answers, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    rendered = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    tutorial = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    listed = tutorial.partition("$ git ls-files\n")[2].partition("```")[0].splitlines()
    assert listed == sorted(rendered | {"uv.lock"})
    assert f"{len(listed)} files of template" in tutorial
