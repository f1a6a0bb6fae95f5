"""Reads the declarative metadata of setuptools in a setup.cfg. Pure.

The keys are those of https://setuptools.pypa.io/en/latest/userguide/declarative_config.html.
"""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING, Any

from rnd.adopt.facts import Declared, Fact, OpenPoint
from rnd.adopt.legacy import CaseSensitive, entry_points, people, requirement_lists, split_extras, split_words
from rnd.adopt.setup_py import WITHOUT_EFFECT, dropped

if TYPE_CHECKING:
    from rnd.adopt.tree import Tree

FILE = "setup.cfg"
SAME = {"name": "name", "description": "description", "summary": "description"}
SECTIONS = re.compile(r"metadata|options(\..*)?")  # what pyproject.toml replaces; tools keep the other sections
URLS = {"url": "Homepage", "home_page": "Homepage", "download_url": "Download"}
SILENT = {"zip_safe", "long_description_content_type", "description_file", "description_content_type"}
ALIASES = {"classifier": "classifiers", "summary": "description", "home_page": "url"}
KNOWN_OPTIONS = {
    "packages",
    "package_dir",
    "py_modules",
    "install_requires",
    "python_requires",
    "include_package_data",
    "scripts",
    "tests_require",
}
KNOWN_METADATA = {
    *SAME, *URLS, "version", "author", "author_email", "maintainer", "maintainer_email", "license", "classifiers",
    "keywords", "long_description", "project_urls", "license_files", "license_file",
}  # fmt: skip


def read_setup_cfg(tree: Tree) -> Declared:
    """Return what the setup.cfg at the root declares."""
    declared = Declared()
    text = tree.text(FILE)
    if text is None:
        return declared
    parser = CaseSensitive(delimiters=("=", ":"), interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        message = f"setup.cfg is not readable: {type(error).__name__}."
        declared.points.append(OpenPoint("setup-cfg-unreadable", message, FILE, blocks=True))
        return declared
    if any(SECTIONS.fullmatch(section) for section in parser.sections()):
        declared.replaces = (FILE,)
        _Sections(parser, text, declared, tree).read()
    return declared


class _Sections:
    """The sections of setup.cfg that describe the package."""

    def __init__(self, parser: configparser.ConfigParser, text: str, declared: Declared, tree: Tree) -> None:
        self.parser, self.text, self.declared, self.tree = parser, text, declared, tree

    def read(self) -> None:
        self._metadata(self._section("metadata"))
        self._options(self._section("options"))
        for section, key in (
            ("options.package_data", "package-data"),
            ("options.exclude_package_data", "exclude-package-data"),
        ):
            if table := self._section(section):
                self.declared.build[f"setuptools.{key}"] = {name: requirement_lists(one) for name, one in table.items()}
        always, extras = split_extras(self._section("options.extras_require"))
        if always:
            present = self.declared.fields.get("dependencies", Fact([], self._source("options.extras_require")))
            self.declared.fields["dependencies"] = Fact([*present.value, *always], present.source)
        if extras:
            self.declared.fields["optional-dependencies"] = Fact(extras, self._source("options.extras_require"))
        for key, table in entry_points(self._section("options.entry_points")).items():
            self.declared.fields[key] = Fact(table, self._source("options.entry_points"))
        if self._section("options.data_files"):
            self._point("data_files", "data_files installs files outside of the package", "options.data_files")

    def _section(self, name: str) -> dict[str, str]:
        return dict(self.parser[name]) if self.parser.has_section(name) else {}

    def _metadata(self, table: dict[str, str]) -> None:
        table = {ALIASES.get(key, key): value for key, value in _plain(table).items()}
        fields = self.declared.fields
        fields |= {SAME[key]: Fact(value, self._source(key)) for key, value in table.items() if key in SAME}
        if "version" in table:
            self._version(table["version"])
        for role in ("author", "maintainer"):
            if found := people(table.get(role, ""), table.get(f"{role}_email", "")):
                fields[f"{role}s"] = Fact(found, self._source(role))
        if "license" in table:
            fields["license"] = Fact({"text": table["license"]}, self._source("license"))
        for key, separator in (("classifiers", "\n"), ("keywords", ",")):
            if key in table:
                fields[key] = Fact(split_words(table[key], separator), self._source(key))
        self._urls(table)
        self._readme(table.get("long_description", ""))
        if licenses := table.get("license_files") or table.get("license_file"):
            self.declared.build.setdefault("setuptools", {})["license-files"] = split_words(licenses, ",")
        self._rest(table, KNOWN_METADATA)

    def _version(self, value: str) -> None:
        if value.startswith(("attr:", "file:")):
            self.declared.fields["version"] = Fact({"from": value}, self._source("version"))
        else:
            self.declared.fields["version"] = Fact(value, self._source("version"))

    def _urls(self, table: dict[str, str]) -> None:
        urls: dict[str, Any] = {label: table[key] for key, label in URLS.items() if key in table}
        pairs = (line.partition("=") for line in requirement_lists(table.get("project_urls", "")))
        urls |= {label.strip(): address.strip() for label, _, address in pairs}
        if urls:
            self.declared.fields["urls"] = Fact(urls, FILE)

    def _readme(self, value: str) -> None:
        name = value.removeprefix("file:").strip()
        if value.startswith("file:") and name in self.tree.files:
            self.declared.fields["readme"] = Fact(name, self._source("long_description"))
        elif value:
            message = "long_description is not one file; check the description of the package, which README replaces."
            self.declared.points.append(OpenPoint("description-computed", message, self._source("long_description")))

    def _options(self, table: dict[str, str]) -> None:
        table = _plain(table)
        fields, setuptools = self.declared.fields, self.declared.build.setdefault("setuptools", {})
        if "install_requires" in table:
            fields["dependencies"] = Fact(
                requirement_lists(table["install_requires"]), self._source("install_requires")
            )
        if "python_requires" in table:
            fields["requires-python"] = Fact(table["python_requires"], self._source("python_requires"))
        if "package_dir" in table:
            pairs = [line.partition("=") for line in split_words(table["package_dir"], "\n")]
            folders = {key.strip(): value.strip() for key, _, value in pairs}
            setuptools["package-dir"] = folders
            self.declared.where = Fact(folders.get("", ""), self._source("package_dir"))
        if "include_package_data" in table:
            setuptools["include-package-data"] = table["include_package_data"].lower() in {"1", "true", "yes"}
        if "py_modules" in table:
            setuptools["py-modules"] = split_words(table["py_modules"], ",")
            self.declared.modules += tuple(setuptools["py-modules"])
        if "scripts" in table:
            setuptools["script-files"] = split_words(table["scripts"], ",")
        self._packages(table.get("packages", ""))
        if "tests_require" in table:
            found = Fact(requirement_lists(table["tests_require"]), self._source("tests_require"))
            self.declared.groups["test"] = found
        self._rest(table, KNOWN_OPTIONS)

    def _rest(self, table: dict[str, str], known: set[str]) -> None:
        """Report the keys that pyproject.toml has no counterpart for."""
        for key in sorted(set(table) - known - SILENT):
            if key in WITHOUT_EFFECT:
                value = ", ".join(requirement_lists(table[key]))
                self.declared.points.append(dropped(key, value, self._source(key)))
            else:
                self._point(key, f"{key} has no counterpart in pyproject.toml", key)

    def _packages(self, value: str) -> None:
        form = value.strip()
        if form in {"find:", "find_namespace:"}:
            table = self._section("options.packages.find")
            where = table.get("where", ".").strip()
            find: dict[str, Any] = {"namespaces": form != "find:", "where": [where]}
            find |= {key: split_words(table[key], ",") for key in ("include", "exclude") if key in table}
            self.declared.build["setuptools.packages.find"] = find
            self.declared.where = Fact("" if where == "." else where, self._source("packages"))
        elif form:
            listed = split_words(form, ",")
            self.declared.build.setdefault("setuptools", {})["packages"] = listed
            self.declared.modules += tuple(dict.fromkeys(one.partition(".")[0] for one in listed))

    def _source(self, key: str) -> str:
        """Return the file and the line of a key or a section."""
        form = re.compile(rf"\[?{re.escape(key).replace('_', '[-_]')}\s*[\]=:]", re.IGNORECASE)
        lines = (number for number, line in enumerate(self.text.splitlines(), 1) if form.match(line))
        return f"{FILE}:{number}" if (number := next(lines, None)) else FILE

    def _point(self, key: str, message: str, place: str) -> None:
        self.declared.points.append(OpenPoint(f"unknown-{key}", f"{message}.", self._source(place), blocks=True))


def _plain(table: dict[str, str]) -> dict[str, str]:
    """Return a section with its keys in lower case and with underscores, as setuptools reads them."""
    return {key.replace("-", "_").lower(): value for key, value in table.items()}
