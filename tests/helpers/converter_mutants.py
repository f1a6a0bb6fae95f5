"""Wrong converters: changed source text of `rnd.adopt`, and changed results. Each loses or changes something."""

from __future__ import annotations

import copy
import random
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rnd.adopt.toml_text import write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Document = dict[str, Any]


class Mutant(NamedTuple):
    """A change of the converter.

    Attributes:
        module: The module below `rnd.adopt`.
        old: The text, which is there once.
        new: What replaces it.
        fixture: The repository that has what the change loses.
        line: The start of the line by which the proof reports it; `failed` if there is no wheel.
    """

    module: str
    old: str
    new: str
    fixture: str
    line: str


def _without(text: str) -> tuple[str, str]:
    return text, text.replace(text.strip(), "pass")


MUTANTS = (
    # setup.py
    Mutant("setup_py", '    "python_requires": "requires-python",\n', "", "full setup.py", "python: "),
    Mutant("setup_py", '"install_requires": "dependencies",', "", "full setup.py", "requirements: numpy"),
    Mutant("setup_py", "        self._extras()\n", "", "full setup.py", "extras: gpu is gone"),
    Mutant("setup_py", "        self._people()\n", "", "full setup.py", "details: author"),
    Mutant("setup_py", "        self._urls()\n", "", "full setup.py", "details: address"),
    Mutant("setup_py", '"description": "description",', "", "full setup.py", "details: summary"),
    Mutant("setup_py", *_without(
        "fields |= {key: Fact(table, fact.source) for key, table in entry_points(value).items()}"),
        "full setup.py", "entry_points: console_scripts: align"),
    Mutant("setup_py", '    "py_modules": "py-modules",\n', "", "full setup.py", "files: spare.py is gone"),
    Mutant("setup_py", '"scripts": "script-files",', "", "full setup.py", "files: .data/scripts/align-all is gone"),
    Mutant("setup_py", '"license_files": "license-files",', "", "full setup.py", "files: dist-info/TERMS.md is gone"),
    Mutant("setup_py", '    "exclude_package_data": "exclude-package-data",\n', "",
           "full setup.py", "files: aligner/data/private.json is new"),
    Mutant("setup_py", 'declared.build[f"setuptools.{BUILD[name]}"] = data', "pass",
           "full setup.py", "files: aligner/data/words.json is gone"),
    # forms that setup.py and setup.cfg share
    Mutant("legacy", "_with_marker(line, marker) for line", "line for line",
           "full setup.py", "requirements: colorama[]; is new"),
    Mutant("legacy", "f'({own.strip()}) and ({marker})'", "f'{own.strip()} and {marker}'",
           "full setup.py", "requirements: matplotlib"),
    Mutant("legacy", "f'({own.strip()}) and ({marker})' if own else marker", "marker",
           "full setup.py", "requirements: matplotlib"),
    Mutant("legacy", '"scripts" if group == "console_scripts" else "gui-scripts"', '"scripts"',
           "full setup.py", "entry_points: gui_scripts: align-window"),
    Mutant("legacy", 'found.setdefault("entry-points", {})[group] = table', "pass",
           "full setup.py", "entry_points: aligner.formats: json"),
    Mutant("legacy", "(extras.setdefault(extra, []) if extra else always)", "always",
           "full setup.cfg", "extras: gpu is gone"),
    # setup.cfg
    Mutant("setup_cfg", 'if "python_requires" in table:', "if False:", "full setup.cfg", "python: "),
    Mutant("setup_cfg", 'if "install_requires" in table:', "if False:", "full setup.cfg", "requirements: numpy"),
    Mutant("setup_cfg", '        if extras:\n', "        if False:\n", "full setup.cfg", "extras: gpu is gone"),
    Mutant("setup_cfg", 'if licenses := table.get("license_files")', "if licenses := None",
           "full setup.cfg", "files: dist-info/TERMS.md is gone"),
    Mutant("setup_cfg", '("options.package_data", "package-data"),', "",
           "full setup.cfg", "files: aligner/data/words.json is gone"),
    Mutant("setup_cfg", 'setuptools["script-files"] = split_words', "split_words",
           "full setup.cfg", "files: .data/scripts/align-all is gone"),
    Mutant("setup_cfg", 'entry_points(self._section("options.entry_points")).items()', "{}.items()",
           "full setup.cfg", "entry_points: console_scripts: align"),
    # Poetry
    Mutant("poetry", '" and ".join(f"({one})" if " or " in one and len(markers) > 1 else one for one in markers)',
           '" and ".join(markers)', "full poetry", "requirements: tomli"),
    Mutant("poetry", 'markers = [str(table["markers"])] if table.get("markers") else []', "markers = []",
           "full poetry", "requirements: tomli"),
    Mutant("poetry", 'if table.get("python"):\n', "if False:\n", "full poetry", "requirements: tomli"),
    Mutant("poetry", 'if table.get("platform"):', "if False:", "full poetry", "requirements: jax"),
    Mutant("poetry", 'f"[{\',\'.join(table[\'extras\'])}]" if table.get("extras") else ""', '""',
           "full poetry", "requirements: jax"),
    Mutant("poetry", "next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)", "0",
           "full poetry", "requirements: scipy"),
    Mutant("poetry", "place = min(1, len(numbers) - 1)", "place = 0", "full poetry", "requirements: jax"),
    Mutant("poetry", 'if plugins := table.get("plugins"):', "if plugins := None:",
           "full poetry", "entry_points: aligner.formats"),
    Mutant("poetry", "            scripts[name] = target\n", "            pass\n",
           "full poetry", "entry_points: console_scripts: align"),
    Mutant("poetry", 'KEPT = ("packages", "include", "exclude")', 'KEPT = ("packages", "include")',
           "full poetry", "files: aligner/data/private.json is new"),
    Mutant("poetry", 'KEPT = ("packages", "include", "exclude")', 'KEPT = ("include", "exclude")',
           "full poetry", "files: spare.py is gone"),
    Mutant("poetry", '*SAME = ("name", "version", "description", "keywords", "classifiers")'.removeprefix("*"),
           'SAME = ("name", "version", "description", "keywords")', "full poetry", "details: classifier Topic"),
    Mutant("poetry", "| dict(table.get(\"urls\", {}))", "", "full poetry", "details: address changes"),
    # what writes pyproject.toml
    Mutant("manifest", 'TABLES = ("scripts", "gui-scripts", "optional-dependencies")',
           'TABLES = ("scripts", "optional-dependencies")', "full setup.py", "entry_points: gui_scripts"),
    Mutant("manifest", 'TABLES = ("scripts", "gui-scripts", "optional-dependencies")',
           'TABLES = ("scripts", "gui-scripts")', "full setup.cfg", "extras: gpu is gone"),
    Mutant("manifest", 'for group, table in fields.get("entry-points", {}).items():', "for group, table in ():",
           "full poetry", "entry_points: aligner.formats"),
    Mutant("manifest", "        for name, table in found.declared.build.items()\n        if table\n",
           "        for name, table in ()\n", "full setup.cfg", "failed"),
    Mutant("manifest", "f'{found[1]}version = \"{version}\"\\n'", "f'{found[1]}version = \"0.0.1\"\\n'",
           "hatch", "version: 0.3.1"),
    Mutant("manifest", "dynamic = [key for key in table.get(\"dynamic\", []) if key != \"version\"]", "dynamic = []",
           "flit", "failed"),
    Mutant("manifest", "return re.sub(r\"(?m)^(name\\s*=.*\\n)\", lambda found: f'{found[1]}v",
           "return re.sub(r\"(?m)^(name\\s*=).*\\n\", lambda found: f'{found[1]} \"other\"\\nv", "hatch", "failed"),
    # where the package is
    Mutant("layout", "if layout is None or layout.where or", "if True or", "flat layout", "failed"),
    Mutant("layout", 'for form in (name, f"{name}.*")]\n        declared', 'for form in (name,)]\n        declared',
           "old CI", "files: "),
    # what a wheel does not show
    Mutant("requirements", "found.indexes.append(Fact(without_credentials(index[1]), place))", "pass",
           "full setup.py", "index: https://index.example/simple of requirements-dev.txt is gone"),
    Mutant("poetry", 'for source in table.get("source", []):', "for source in ():",
           "full poetry", "index: https://poetry.example/simple of pyproject.toml is gone"),
    Mutant("pipenv", 'for source in document.get("source", []):', "for source in ():",
           "pipenv", "index: https://index.example/simple of Pipfile is gone"),
    Mutant("manifest", "group += [line for line in file.requirements if _name(line) not in known]", "pass",
           "full setup.cfg", "development requirement: responses"),
)  # fmt: skip


def write_document(document: Document) -> str:
    """Return a pyproject.toml."""
    tables = {name: table for name, table in document.items() if name != "tool"}
    tables |= {f"tool.{name}": table for name, table in document.get("tool", {}).items()}
    return "\n".join(write_table(name, table) for name, table in tables.items())


class Operator(NamedTuple):
    """A change of a converted pyproject.toml.

    Attributes:
        name: What it does.
        path: The keys and places that it can change; `*` is any.
        change: Returns the other value; None removes it.
        line: The start of the line by which the proof reports it.
        only: The repositories in which the result is another package; empty for all that have the path.
    """

    name: str
    path: tuple[str, ...]
    change: Callable[[str], str] | None
    line: str
    only: tuple[str, ...] = ()


def _any_version(text: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+(\[[^\]]*\])?", text)[0] + "".join(re.findall(r"\s*;.*", text))  # pyrefly: ignore[unsupported-operation]


def _no_marker(text: str) -> str:
    return text.partition(";")[0].strip()


def _other(text: str) -> str:
    return f"{text}x"


PROJECT, SETUPTOOLS = ("project",), ("tool", "setuptools")
OPERATORS = (
    Operator("another name", (*PROJECT, "name"), _other, "name: ", ("full setup.py", "full setup.cfg", "full poetry")),
    Operator("another version", (*PROJECT, "version"), lambda _: "0.0.1", "version: "),
    Operator("no Python versions", (*PROJECT, "requires-python"), None, "python: "),
    Operator("more Python versions", (*PROJECT, "requires-python"), lambda _: ">=3.8", "python: "),
    Operator("no requirement", (*PROJECT, "dependencies", "*"), None, "requirements: "),
    Operator("any version of a requirement", (*PROJECT, "dependencies", "*"), _any_version, "requirements: "),
    Operator("no marker", (*PROJECT, "dependencies", "*"), _no_marker, "requirements: "),
    Operator("no extra", (*PROJECT, "optional-dependencies", "*"), None, "extras: "),
    Operator("no requirement of an extra", (*PROJECT, "optional-dependencies", "*", "*"), None, "requirements: "),
    Operator("no marker in an extra", (*PROJECT, "optional-dependencies", "*", "*"), _no_marker, "requirements: "),
    Operator("no command", (*PROJECT, "scripts", "*"), None, "entry_points: console_scripts: "),
    Operator("another command", (*PROJECT, "scripts", "*"), _other, "entry_points: console_scripts: "),
    Operator("no window", (*PROJECT, "gui-scripts", "*"), None, "entry_points: gui_scripts: "),
    Operator("no plug-in", (*PROJECT, "entry-points", "*", "*"), None, "entry_points: "),
    Operator("no licence file", (*SETUPTOOLS, "license-files", "*"), None, "files: dist-info/"),
    Operator("no data file", (*SETUPTOOLS, "package-data"), None, "files: "),
    Operator("more data files", (*SETUPTOOLS, "exclude-package-data"), None, "files: ",
             ("full setup.py", "full setup.cfg")),
    Operator("no module", (*SETUPTOOLS, "py-modules"), None, "files: "),
    Operator("no script", (*SETUPTOOLS, "script-files"), None, "files: .data/"),
    Operator("no package", (*SETUPTOOLS, "packages", "find", "include", "*"), None, "files: "),
    Operator("no selection of Poetry", ("tool", "poetry", "packages", "*"), None, "files: ", ("full poetry",)),
    Operator("no summary", (*PROJECT, "description"), None, "details: summary"),
    Operator("no author", (*PROJECT, "authors", "*"), None, "details: author"),
    Operator("no address", (*PROJECT, "urls", "*"), None, "details: address"),
    Operator("no classifier", (*PROJECT, "classifiers", "*"), None, "details: classifier"),
    Operator("no keyword", (*PROJECT, "keywords", "*"), None, "details: keyword"),
    Operator("no readme", (*PROJECT, "readme"), None, "details: description", ("full project", "full poetry")),
    Operator("no licence", (*PROJECT, "license"), None, "details: license"),
    Operator("no index", ("tool", "uv", "index"), None, "pyproject.toml: tool.uv.index is gone", ("full project",)),
    Operator("no source", ("tool", "uv", "sources", "*"), None, "pyproject.toml: tool.uv.sources."),
    Operator("no table of a tool", ("tool", "mypy"), None, "pyproject.toml: tool.mypy is gone"),
    Operator("no development requirement", ("dependency-groups", "dev", "0"), None, "development requirement: ",
             ("full setup.cfg", "full project")),
)  # fmt: skip


def places(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 - any value of TOML
    """Yield the paths that a pattern matches."""
    if not path:
        yield ()
        return
    first, *rest = path
    keys: list[Any] = list(range(len(value))) if isinstance(value, list) else list(value)
    if isinstance(value, (dict, list)):
        for key in keys:
            if first in {"*", str(key)}:
                yield from ((key, *more) for more in places(value[key], tuple(rest)))


def changed(document: Document, operator: Operator) -> Iterator[Document]:
    """Yield each document that an operator makes of another one."""
    for *where, last in places(document, operator.path):
        result = copy.deepcopy(document)
        parent: Any = result
        for key in where:
            parent = parent[key]
        if operator.change is None:
            del parent[last]
            yield result
        elif isinstance(parent[last], str) and operator.change(parent[last]) != parent[last]:
            parent[last] = operator.change(parent[last])
            yield result


def choose(manifests: dict[str, Document], seed: int, each: int) -> list[tuple[str, Operator, Document]]:
    """Return changes of each operator: of some of the repositories that have what it changes, one each.

    Args:
        manifests: The converted pyproject.toml of each repository.
        seed: Decides which repositories, and which place in each.
        each: The largest number of repositories for one operator.
    """
    chooser = random.Random(seed)
    chosen = []
    for operator in OPERATORS:
        named = operator.only or tuple(manifests)
        possible = {name: list(changed(manifests[name], operator)) for name in named}
        having = [name for name in possible if possible[name]]
        names = chooser.sample(having, min(each, len(having)))
        chosen += [(name, operator, chooser.choice(possible[name])) for name in names]
    return chosen
