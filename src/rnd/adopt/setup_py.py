"""Reads the call of `setup()` in a setup.py, without running it.

The keywords are those of https://setuptools.pypa.io/en/latest/references/keywords.html. A keyword whose value is
computed is an open point. Pure.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from rnd.adopt.facts import Declared, Fact, OpenPoint
from rnd.adopt.legacy import entry_points, group_name, people, requirement_lists, split_extras, split_words
from rnd.adopt.literals import Computed, Module, called, module_version, names_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd.adopt.tree import Tree

FILE = "setup.py"
# keyword of setup(): key of [project]
SAME = {
    "name": "name",
    "version": "version",
    "description": "description",
    "python_requires": "requires-python",
    "classifiers": "classifiers",
    "install_requires": "dependencies",
    "keywords": "keywords",
    "license": "license",
}
FORMS: dict[str, Callable[[Any], Any]] = {
    "install_requires": requirement_lists,
    "classifiers": lambda value: split_words(value, "\n"),
    "keywords": lambda value: split_words(value, ","),
    "license": lambda value: {"text": value},
}
# keyword of setup(): key of [tool.setuptools]
BUILD = {
    "packages": "packages",
    "py_modules": "py-modules",
    "package_dir": "package-dir",
    "include_package_data": "include-package-data",
    "scripts": "script-files",
    "license_files": "license-files",
    "package_data": "package-data",
    "exclude_package_data": "exclude-package-data",
}
SHOWN = 60  # characters of a value
PEOPLE = ("author", "author_email", "maintainer", "maintainer_email")
URLS = {"url": "Homepage", "download_url": "Download"}
COMPILED = ("ext_modules", "cffi_modules", "rust_extensions", "ext_package", "libraries")
# Keywords without a meaning today: eggs are gone, and the suffix of the file gives the type of the description.
SILENT = {"zip_safe", "long_description_content_type"}
# Keywords that have no effect on the wheel of a package without compiled code, and what does their work.
WITHOUT_EFFECT = {
    "platforms": "classifiers say it",
    "platform": "classifiers say it",
    "test_suite": "pytest finds the tests",
    "test_loader": "pytest finds the tests",
    "setup_requires": "add to [build-system] what a build still needs",
    "obsoletes": "no installer reads it",
    "obsoletes_dist": "no installer reads it",
    "provides": "no installer reads it",
    "requires": "no installer reads it",
}
GROUPS = {"tests_require": "test"}
DISCOVERY = {"find_packages": False, "find_namespace_packages": True}


def read_setup_py(tree: Tree) -> Declared:
    """Return what the setup.py at the root declares; nothing if it has no call of `setup()`."""
    declared = Declared(replaces=(FILE,))
    try:
        module = Module(tree.text(FILE) or "")
    except Computed as reason:
        declared.points.append(OpenPoint("setup-py-unreadable", f"setup.py: {reason}.", FILE, blocks=True))
        return declared
    calls = module.calls("setup")
    if len(calls) != 1:
        message = f"setup.py calls setup() {len(calls)} times; one call is read."
        declared.points.append(OpenPoint("setup-py-unreadable", message, FILE, blocks=True))
        return declared
    _Call(module, calls[0], declared, tree).read()
    return declared


class _Call:
    """The call of `setup()`, read keyword by keyword."""

    def __init__(self, module: Module, call: ast.Call, declared: Declared, tree: Tree) -> None:
        self.module, self.call, self.declared, self.tree = module, call, declared, tree
        self.values: dict[str, Fact] = {}

    def read(self) -> None:
        if self.call.args or any(keyword.arg is None for keyword in self.call.keywords):
            self._point("**", "setup() gets keywords that code computes", self.call.lineno)
        for keyword in self.call.keywords:
            if keyword.arg is not None:
                self._keyword(keyword.arg, keyword.value)
        self._people()
        self._urls()
        self._extras()

    def _keyword(self, name: str, node: ast.expr) -> None:
        if name in COMPILED:
            self.declared.compiled = Fact(name, f"{FILE}:{node.lineno}")
        elif name in {"packages", "py_modules"} and called(node) in DISCOVERY:
            self._discovery(node)
        elif name == "long_description":
            self._readme(node)
        elif name == "use_scm_version":
            self.declared.requires += ("setuptools-scm",)
        elif name in WITHOUT_EFFECT:
            self.declared.points.append(dropped(name, _shown(node), f"{FILE}:{node.lineno}"))
        elif name not in SILENT:
            self._literal(name, node)

    def _literal(self, name: str, node: ast.expr) -> None:
        """Take over a keyword whose value is a literal, or the `__version__` of a module."""
        if name == "version" and (found := self._version_of_module(node)):
            self.declared.fields["version"] = found
            return
        try:
            self._value(name, Fact(self.module.value(node), f"{FILE}:{node.lineno}"))
        except Computed as computed:
            self._point(name, f"{name} is computed: {computed}", node.lineno)

    def _version_of_module(self, node: ast.expr) -> Fact | None:
        """Return the version for `module.__version__`, if that module is in the repository and has it as a literal."""
        if not (isinstance(node, ast.Attribute) and node.attr == "__version__" and isinstance(node.value, ast.Name)):
            return None
        name = node.value.id
        imported = any(
            isinstance(one, ast.Import) and any(a.name == name and not a.asname for a in one.names)
            for one in self.module.tree.body
        )
        if not imported:
            return None
        paths = (f"{name}/__init__.py", f"{name}.py")
        return next(filter(None, (module_version(self.tree, path) for path in paths)), None)

    def _value(self, name: str, fact: Fact) -> None:
        """Take over a keyword with a literal value."""
        value, fields = fact.value, self.declared.fields
        if value is None:
            return
        if name in SAME:
            fields[SAME[name]] = Fact(FORMS.get(name, _as_it_is)(value), fact.source)
        elif name == "entry_points":
            fields |= {key: Fact(table, fact.source) for key, table in entry_points(value).items()}
        elif name in GROUPS:
            self.declared.groups[group_name(GROUPS[name])] = Fact(requirement_lists(value), fact.source)
        elif name in {*PEOPLE, *URLS, "project_urls", "extras_require"}:
            self.values[name] = fact
        elif name in BUILD:
            self._build(name, fact)
        elif value:
            self._point(name, f"{name} has no counterpart in pyproject.toml", int(fact.source.partition(":")[2]))

    def _build(self, name: str, fact: Fact) -> None:
        """Take over a keyword that selects the content of the wheel."""
        declared, value = self.declared, fact.value
        if name.endswith("package_data") and isinstance(value, dict):
            data = {key or "*": split_words(globs, "\n") for key, globs in value.items()}
            declared.build[f"setuptools.{BUILD[name]}"] = data
            return
        declared.build.setdefault("setuptools", {})[BUILD[name]] = list(value) if isinstance(value, tuple) else value
        if name in {"packages", "py_modules"}:
            declared.modules += tuple(dict.fromkeys(one.partition(".")[0] for one in value))
        elif name == "package_dir":
            declared.where = Fact(value.get("", ""), fact.source)

    def _discovery(self, node: ast.expr) -> None:
        """Take over `find_packages(…)` with literal arguments."""
        assert isinstance(node, ast.Call)  # noqa: S101 - for the type checker: `called` returned a name
        find: dict[str, Any] = {"namespaces": DISCOVERY[called(node)]}
        try:
            given = dict(zip(("where", "exclude", "include"), map(self.module.value, node.args), strict=False))
            given |= {str(keyword.arg): self.module.value(keyword.value) for keyword in node.keywords}
        except Computed as computed:
            self._point("packages", f"{ast.unparse(node)[:60]} is computed: {computed}", node.lineno)
            return
        where = given.pop("where", ".")
        self.declared.where = Fact("" if where == "." else where, f"{FILE}:{node.lineno}")
        find |= {"where": [where], **{key: list(split_words(value, "\n")) for key, value in given.items()}}
        self.declared.build["setuptools.packages.find"] = find

    def _readme(self, node: ast.expr) -> None:
        """Take over a description that is read from a file that the expression, or what it calls, names."""
        reached = [node]
        if isinstance(node, ast.Name):
            reached += [
                one.value
                for one in ast.walk(self.module.tree)
                if isinstance(one, ast.Assign) and _assigns(one, node.id)
            ]
            reached += [item.context_expr for one in ast.walk(self.module.tree) for item in _opened(one, node.id)]
        named = [text for one in reached for text in names_in(one) if text in self.tree.files]
        source = f"{FILE}:{node.lineno}"
        if len(set(named)) == 1:
            self.declared.fields["readme"] = Fact(named[0], source)
            return
        message = "long_description is computed; check the description of the package, which README replaces."
        self.declared.points.append(OpenPoint("description-computed", message, source))

    def _extras(self) -> None:
        """Take over `extras_require`, whose keys can have markers."""
        if (fact := self.values.get("extras_require")) is None:
            return
        always, extras = split_extras(dict(fact.value))
        fields = self.declared.fields
        if always:
            present = fields.get("dependencies", Fact([], fact.source))
            fields["dependencies"] = Fact([*present.value, *always], present.source)
        if extras:
            fields["optional-dependencies"] = Fact(extras, fact.source)

    def _people(self) -> None:
        for role in ("author", "maintainer"):
            name, email = self.values.get(role), self.values.get(f"{role}_email")
            if name or email:
                source = (name or email or Fact("", FILE)).source
                found = people(name.value if name else "", email.value if email else "")
                self.declared.fields[f"{role}s"] = Fact(found, source)

    def _urls(self) -> None:
        urls = {label: self.values[key].value for key, label in URLS.items() if key in self.values}
        if "project_urls" in self.values:
            urls |= self.values["project_urls"].value
        if urls:
            self.declared.fields["urls"] = Fact(urls, FILE)

    def _point(self, name: str, message: str, line: int) -> None:
        """Add an open point that blocks: without the keyword, the package would lose something."""
        self.declared.points.append(OpenPoint(f"computed-{name}", f"{message}.", f"{FILE}:{line}", blocks=True))


def dropped(name: str, value: str, source: str) -> OpenPoint:
    """Return the point for a keyword that pyproject.toml does not take over."""
    return OpenPoint("keyword-dropped", f"`{name}` ({value}) is not taken over: {WITHOUT_EFFECT[name]}.", source)


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} …"


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - a literal of any type
    return value


def _assigns(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)


def _opened(node: ast.AST, name: str) -> list[ast.withitem]:
    """Return what a `with` statement opens, if its body assigns a name."""
    if isinstance(node, ast.With) and any(_assigns(one, name) for one in ast.walk(node)):
        return node.items
    return []
