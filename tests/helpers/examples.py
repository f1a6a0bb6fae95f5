"""The examples of "Change when the pipeline runs": the edits that the page shows, made as a person makes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rnd.organisation import load_organisation
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "how-to" / "change-when-the-pipeline-runs.md").read_text(encoding="utf-8")
CENTRAL = re.sub(r"^.*?([^/:]+/[^/:]+?)(\.git)?$", r"\1", load_organisation().template.repository)


def examples() -> dict[str, list[tuple[str, list[str]]]]:
    """Return the edits of each section of the page: files, each with the lines of a diff."""
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
    blocks = {title: re.findall(r"```diff\n--- (\S+)\n(.*?)```", text, re.DOTALL) for title, text in sections.items()}
    return {title: [(file, diff.splitlines()) for file, diff in found] for title, found in blocks.items() if found}


def apply(root: Path, file: str, diff: list[str]) -> None:
    """Make an edit, as a person would who reads the page; `…` is the rest of a line."""
    path = root / file
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    old = "\n".join(re.escape(line[1:]).replace("…", ".*") for line in diff if line[:1] in " -") + "\n"
    new = "".join(f"{line[1:]}\n" for line in diff if line[:1] in " +")
    if not text:
        path.write_text(new.replace("OWNER/rnd-template", CENTRAL), encoding="utf-8")
        return
    assert len(re.findall(old, text)) >= 1, f"{file} has nothing like it:\n{old}"
    path.write_text(re.sub(old, lambda _: new, text, count=1), encoding="utf-8")
