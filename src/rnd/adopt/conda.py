"""What the environment.yml of a repository says. Pure.

The format is that of https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from rnd import bounded_yaml
from rnd.adopt.credentials import without_credentials
from rnd.adopt.errors import CondaEnvironment
from rnd.adopt.facts import Fact, OpenPoint

if TYPE_CHECKING:
    from rnd.adopt.tree import Tree

FILE, LOCK = "environment.yml", "conda-lock.yml"
PATHS = (FILE, "environment.yaml")
NAME = re.compile(r"(?:[^\s:]+::)?(?P<name>[A-Za-z0-9._-]+)(?P<rest>.*)", re.DOTALL)
ITSELF = re.compile(r"(?:-e|--editable)?[ =]?['\"]?(?:\.|\./)(?P<extras>\[[^\]]+\])?['\"]?")
ALIAS = "defaults"  # a setting of each conda, not a channel: https://docs.conda.io, "default_channels"


@dataclass(frozen=True)
class Item:
    """An entry of a list in environment.yml: its text, and its first line, counted from 1."""

    text: str
    line: int


@dataclass(frozen=True)
class CondaFile:
    """What an environment.yml says.

    Attributes:
        path: Its path.
        channels: The channels in order.
        packages: The conda packages, by name.
        pip: The lines of its `pip:` section.
        platforms: The platforms; empty if the file has no such key.
    """

    path: str
    channels: list[Item] = field(default_factory=list)
    packages: dict[str, Item] = field(default_factory=dict)
    pip: list[Item] = field(default_factory=list)
    platforms: list[Item] = field(default_factory=list)

    def facts(self) -> dict[str, Fact]:
        """Return what a report shows."""
        return {
            key: Fact([without_credentials(one.text) for one in items], f"{self.path}:{items[0].line}")
            for key, items in (("conda-channels", self.channels), ("conda-packages", [*self.packages.values()]))
            if items
        }

    def python(self) -> Fact | None:
        """Return the Python versions as a specifier of PEP 440, or None if the file does not limit them."""
        item = self.packages.get("python")
        found = NAME.fullmatch(item.text) if item else None
        wanted = re.sub(r"\s", "", found["rest"]) if found else ""
        if item is None or not wanted:
            return None
        if exact := re.fullmatch(r"={0,2}(\d+\.\d+)(?:\.[\d*]+)*(?:=.*)?", wanted):
            return Fact(f"=={exact[1]}.*", f"{self.path}:{item.line}")
        return Fact(wanted, f"{self.path}:{item.line}")

    def points(self) -> list[OpenPoint]:
        """Return what the adoption changes, or cannot take over."""
        points = []
        if self.path != FILE:
            points.append(OpenPoint("conda-file-name", f"The file is renamed to {FILE}.", self.path))
        for item in self.channels:
            if item.text == ALIAS:
                message = "`defaults` is removed: it is a setting of each conda, so a lock cannot name its channels."
                points.append(OpenPoint("conda-defaults", message, f"{self.path}:{item.line}"))
        if not self.channels:
            message = "The file names no channels; those of org.yml are added."
            points.append(OpenPoint("conda-channels", message, self.path))
        return [*points, *map(self._pip_point, filter(_is_foreign, self.pip))]

    def _pip_point(self, item: Item) -> OpenPoint:
        text = without_credentials(item.text)
        message = f"`{text[:80]}` comes from pip, which a conda lock cannot contain: list it as a conda package."
        return OpenPoint("conda-pip", message, f"{self.path}:{item.line}")


def read_environment(tree: Tree) -> CondaFile | None:
    """Return the conda environment at the root, or None if there is none.

    Raises:
        CondaEnvironment: It cannot be read, or only its lock file is there.
    """
    path = next((one for one in PATHS if one in tree.files), None)
    if path is None:
        if LOCK in tree.files:
            raise CondaEnvironment(f"The root has {LOCK}, but not the {FILE} that it was solved from.")
        return None
    try:
        return parse(tree.text(path) or "", path)
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CondaEnvironment(f"{path} cannot be read as a conda environment: {reason}.") from error


def parse(text: str, path: str = FILE) -> CondaFile:
    """Return what the text of an environment.yml says.

    Raises:
        yaml.YAMLError: It is not YAML.
        ValueError: It has no list of dependencies.
    """
    keys = keys_of(text)
    dependencies = keys.get("dependencies")
    if not isinstance(dependencies, yaml.SequenceNode):
        raise ValueError("it has no list `dependencies`")
    found = CondaFile(path, channels=_items(keys.get("channels")), platforms=_items(keys.get("platforms")))
    for node in dependencies.value:
        if isinstance(node, yaml.MappingNode):
            for _, listed in node.value:
                found.pip.extend(_items(listed))
        elif matched := NAME.fullmatch(str(node.value)):
            found.packages.setdefault(matched["name"].lower(), _item(node))
    return found


def keys_of(text: str) -> dict[str, yaml.Node]:
    """Return the nodes of the top-level keys."""
    bounded_yaml.load(text)  # checks the depth and the size, and refuses aliases
    root = yaml.compose(text, Loader=bounded_yaml.LOADER)
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("it has no keys")
    return {str(key.value): value for key, value in root.value}


def _items(node: yaml.Node | None) -> list[Item]:
    listed = node.value if isinstance(node, yaml.SequenceNode) else []
    return [_item(one) for one in listed if isinstance(one, yaml.ScalarNode)]


def _item(node: yaml.Node) -> Item:
    return Item(str(node.value), node.start_mark.line + 1)


def _is_foreign(item: Item) -> bool:
    """Return whether a line of the pip section is another package than this one."""
    matched = ITSELF.fullmatch(item.text)
    return matched is None or matched["extras"] is not None
