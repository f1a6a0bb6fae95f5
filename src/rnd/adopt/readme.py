"""Names the readme of a package that declares none: the pipeline publishes no wheel without one. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rnd.adopt.facts import Fact

if TYPE_CHECKING:
    from rnd.adopt.facts import Declared
    from rnd.adopt.tree import Tree

# In the order of preference. Backends know the type of these: https://packaging.python.org/en/latest/specifications/pyproject-toml/#readme
KNOWN = ("README.md", "README.rst", "README.txt")
ADDED = "README.md"  # of the template, where a repository has none


def find_readme(declared: Declared, document: dict[str, Any], tree: Tree) -> None:
    """Add the readme at the root to what is declared, if nothing else declares one.

    Args:
        declared: What the manifests declare; its readme changes.
        document: The data of pyproject.toml.
        tree: The files.
    """
    if declared.value("readme") or "readme" in document.get("project", {}).get("dynamic", []):
        return
    named = sorted(tree.matching(r"(?i)readme(\.\w+)?"), key=lambda path: (path not in KNOWN, path))
    path = named[0] if named else ADDED
    known = path.lower().endswith((".md", ".rst", ".txt"))
    value = path if known else {"file": path, "content-type": "text/plain"}
    source = f"{path}, declared nowhere" if named else "default, the one of the template"
    declared.fields["readme"] = Fact(value, source)


def with_readme(text: str, value: object) -> str:
    """Return the text of [project] with a readme after the name, if it has none.

    Args:
        text: The table, with its header.
        value: The readme, as TOML text.
    """
    if re.search(r"(?m)^readme\s*=", text):
        return text
    return re.sub(r"(?m)^(name\s*=.*\n)", lambda found: f"{found[1]}readme = {value}\n", text, count=1)
