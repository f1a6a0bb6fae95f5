"""The template as a sandbox has it: a checkout's work tree as it is, but for some values of org.yml.

Touches git: objects in the checkout's repository, on no branch, and a clone of its own.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rnd import git, process
from rnd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.organisation import Organisation

ORGANISATION = "org.yml"
CHECKOUT = ("copier.yml", ORGANISATION)  # what a checkout of the template has, and no other repository has both
PERSON = {"NAME": "rehearsal", "EMAIL": "rehearsal@example.com"}


def default_checkout() -> Path:
    """Return the checkout that this program is run from.

    Raises:
        UsageError: It is installed elsewhere, be it in another repository's environment.
    """
    root = git.toplevel(Path(__file__).parent)
    if root is None or not all((root / name).is_file() for name in CHECKOUT):
        raise UsageError(
            "A rehearsal tries a checkout of the template, and this program is not run from one.",
            "Clone the template's repository, and run `make rehearse` there.",
        )
    return root


def hosted_name(organisation: Organisation) -> str:
    """Return the full name of the template's repository on the fake GitHub."""
    return f"{organisation.github.owner}/{organisation.template.full_name.partition('/')[2]}"


def read_questions(checkout: Path) -> dict[str, dict[str, Any]]:
    """Return the questions that copier asks on a terminal, in order, as copier.yml defines them.

    Args:
        checkout: A checkout of the template.
    """
    entries = _read((checkout / CHECKOUT[0]).read_text(encoding="utf-8"))
    return {name: entry for name, entry in entries.items() if not name.startswith("_") and "when" not in entry}


def copy_what_renders(checkout: Path, folder: Path) -> Path:
    """Copy what a rendering reads into a folder that is not a git repository: copier renders it without a clone.

    Args:
        checkout: A checkout of the template.
        folder: Where to; created if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in CHECKOUT:
        shutil.copy(checkout / name, folder)
    for name in ("questions", "template", "partials", "scripts"):
        shutil.copytree(checkout / name, folder / name)
    return folder


def prepare(checkout: Path, folder: Path, values: Mapping[tuple[str, ...], object]) -> Path:
    """Make a clone of a checkout as it is, committed or not, with other values in its org.yml.

    Args:
        checkout: The template's; nothing that git shows of it changes.
        folder: Where the clone is put.
        values: Each by its keys; None removes it.
    """
    written = with_values((checkout / ORGANISATION).read_text(encoding="utf-8"), values)
    commit = snapshot(checkout, {ORGANISATION: written})
    process.run("git", "clone", "--quiet", "--shared", "--no-checkout", str(checkout), str(folder))
    process.run("git", "checkout", "--quiet", "-B", "main", commit, cwd=folder)
    return folder


def _read(text: str) -> dict[str, Any]:
    """Read YAML with libyaml, which is ten times as fast."""
    document: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return document


def with_values(text: str, values: Mapping[tuple[str, ...], object]) -> str:
    """Return an organisation file with other values, each by its keys; None removes one."""
    document = _read(text)
    for (*parts, key), value in values.items():
        section: dict[str, Any] = reduce(getitem, parts, document)
        if value is None:
            section.pop(key, None)
        else:
            section[key] = value
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def snapshot(checkout: Path, instead: Mapping[str, str] | None = None) -> str:
    """Return a commit of a work tree as it is, ignored files aside, on no branch; nothing that git shows changes.

    Args:
        checkout: The work tree.
        instead: What files hold instead, by their paths.
    """
    with tempfile.TemporaryDirectory(prefix="rnd-index-") as place:
        own = {"GIT_INDEX_FILE": str(Path(place) / "index"), **dict.fromkeys(("GIT_DIR", "GIT_WORK_TREE"))}
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in PERSON.items()}
        process.run("git", "add", "--all", cwd=checkout, extra=own)
        for path, text in (instead or {}).items():
            (Path(place) / "file").write_text(text, encoding="utf-8")
            blob = process.run("git", "hash-object", "-w", "--no-filters", str(Path(place) / "file"), cwd=checkout)
            entry = f"100644,{blob.strip()},{path}"
            process.run("git", "update-index", "--cacheinfo", entry, cwd=checkout, extra=own)
        tree = process.run("git", "write-tree", cwd=checkout, extra=own).strip()
        return process.run("git", "commit-tree", tree, "-m", "chore: rehearse", cwd=checkout, extra=who).strip()
