"""Reads `[tool.poetry]` as `[project]`. Pure.

The forms are those of https://python-poetry.org/docs/pyproject and https://python-poetry.org/docs/dependency-specification.
"""

from __future__ import annotations

import re
from typing import Any

from packaging.version import InvalidVersion, Version

from rnd.adopt.credentials import without_credentials
from rnd.adopt.facts import Declared, Fact, OpenPoint
from rnd.adopt.legacy import group_name

SAME = ("name", "version", "description", "keywords", "classifiers")
URLS = {"homepage": "Homepage", "repository": "Repository", "documentation": "Documentation"}
READ = {
    *SAME, *URLS, "authors", "maintainers", "readme", "license", "urls", "dependencies", "extras", "group",
    "dev-dependencies", "scripts", "plugins", "packages", "include", "exclude", "build",
}  # fmt: skip
KEPT = ("packages", "include", "exclude")  # what selects the content of the wheel; poetry-core reads it there
PERSON = re.compile(r"(?P<name>[^<>]+?)(?: <(?P<email>[^<>]+)>)?")
BACKEND = ("poetry-core>=2,<3", "poetry.core.masonry.api")


class Inexpressible(Exception):
    """A constraint that PEP 440 or PEP 508 cannot express."""


def read_poetry(table: dict[str, Any], path: str) -> Declared:
    """Return what `[tool.poetry]` declares.

    Args:
        table: The table.
        path: The file, for the source of facts.
    """
    declared = Declared(requires=BACKEND[:1])
    fields = declared.fields
    fields |= {key: Fact(table[key], f"{path} [tool.poetry]") for key in SAME if table.get(key)}
    _people(table, declared, path)
    if readme := table.get("readme"):
        if isinstance(readme, str):
            fields["readme"] = Fact(readme, f"{path} [tool.poetry]")
        else:
            _point(declared, "readme", "several files make the description; choose one", path)
    if table.get("license"):
        fields["license"] = Fact({"text": table["license"]}, f"{path} [tool.poetry]")
    urls = {label: table[key] for key, label in URLS.items() if table.get(key)} | dict(table.get("urls", {}))
    if urls:
        fields["urls"] = Fact(urls, f"{path} [tool.poetry.urls]")
    _dependencies(table, declared, path)
    _scripts(table, declared, path)
    declared.build["poetry"] = {key: table[key] for key in KEPT if table.get(key)}
    if table.get("build"):
        declared.compiled = Fact("build script", f"{path} [tool.poetry.build]")
    _packages(table, declared, path)
    _others(table, declared, path)
    return declared


def _others(table: dict[str, Any], declared: Declared, path: str) -> None:
    """Report what nothing replaces: sources of packages, optional groups, settings of Poetry."""
    for source in table.get("source", []):
        address = without_credentials(str(source.get("url") or source.get("name")))
        message = f"The index {address} is used; declare it in [[tool.uv.index]] if packages come from it."
        declared.points.append(OpenPoint("index", message, f"{path} [[tool.poetry.source]]"))
    for name, group in table.get("group", {}).items():
        if group.get("optional"):
            message = f"The group {name} was optional; uv installs all groups that `dev` includes."
            declared.points.append(OpenPoint("optional-group", message, f"{path} [tool.poetry.group.{name}]"))
    for key in sorted(set(table) - READ - {"source"}):
        message = f"Only Poetry reads `{key}`; nothing replaces it."
        declared.points.append(OpenPoint("poetry-setting", message, f"{path} [tool.poetry]"))


def _people(table: dict[str, Any], declared: Declared, path: str) -> None:
    for role in ("authors", "maintainers"):
        matched = [PERSON.fullmatch(one.strip()) for one in table.get(role, [])]
        found = [{key: text for key, text in one.groupdict().items() if text} for one in matched if one]
        if found:
            declared.fields[role] = Fact(found, f"{path} [tool.poetry]")


def _packages(table: dict[str, Any], declared: Declared, path: str) -> None:
    listed = [one for one in table.get("packages", []) if isinstance(one, dict)]
    roots = {one.get("from", "") for one in listed}
    declared.modules = tuple(one["include"].partition("/")[0].removesuffix(".py") for one in listed if "include" in one)
    if len(roots) == 1:
        declared.where = Fact(roots.pop(), f"{path} [tool.poetry]")


def _dependencies(table: dict[str, Any], declared: Declared, path: str) -> None:
    """Take over the dependencies, the extras and the groups."""
    main: dict[str, list[str]] = {}
    optional: dict[str, list[str]] = {}
    for name, wanted in table.get("dependencies", {}).items():
        if name == "python":
            declared.fields["requires-python"] = Fact(
                _python(wanted, declared, path), f"{path} [tool.poetry.dependencies]"
            )
            continue
        lines = _lines(name, wanted, declared, path)
        is_optional = isinstance(wanted, dict) and wanted.get("optional", False)
        (optional if is_optional else main)[name.lower()] = lines
    required = [line for lines in main.values() for line in lines]
    declared.fields["dependencies"] = Fact(required, f"{path} [tool.poetry.dependencies]")
    extras = {
        extra: [line for name in names for line in (optional | main).get(name.lower(), [])]
        for extra, names in table.get("extras", {}).items()
    }
    if extras:
        declared.fields["optional-dependencies"] = Fact(extras, f"{path} [tool.poetry.extras]")
    groups = {"dev": table.get("dev-dependencies", {})}
    groups |= {name: group.get("dependencies", {}) for name, group in table.get("group", {}).items()}
    for name, group in groups.items():
        found = [line for one, wanted in group.items() for line in _lines(one, wanted, declared, path)]
        if found:
            declared.groups[group_name(name)] = Fact(found, f"{path} [tool.poetry.group.{name}]")


def _python(wanted: Any, declared: Declared, path: str) -> str:  # noqa: ANN401 - a text of TOML
    try:
        return specifier(str(wanted))
    except Inexpressible as reason:
        _point(declared, "python", f"the Python versions {reason} have no equivalent in requires-python", path)
        return ""


def _lines(name: str, wanted: Any, declared: Declared, path: str) -> list[str]:  # noqa: ANN401 - a value of TOML
    """Return the requirements of one dependency; several if it is a list of alternatives by marker."""
    found = []
    for one in wanted if isinstance(wanted, list) else [wanted]:
        table = one if isinstance(one, dict) else {"version": one}
        try:
            found.append(requirement(name, dict(table)))
        except Inexpressible as reason:
            _point(declared, name, f"{name} {reason}", path)
    return found


def requirement(name: str, table: dict[str, Any]) -> str:
    """Return a dependency of Poetry as a requirement of PEP 508.

    Raises:
        Inexpressible: It has no equivalent.
    """
    if unknown := {"path", "url", "file", "source", "develop", "allow-prereleases"} & set(table) - {"develop"}:
        raise Inexpressible(f"uses {', '.join(sorted(unknown))}; declare it in [tool.uv.sources]")
    extras = f"[{','.join(table['extras'])}]" if table.get("extras") else ""
    if "git" in table:
        ref = next((table[key] for key in ("rev", "tag", "branch") if key in table), "")
        versions = f" @ git+{table['git']}{'@' + ref if ref else ''}"
    else:
        versions = specifier(str(table.get("version", "*")))
    markers = [str(table["markers"])] if table.get("markers") else []
    if table.get("python"):
        markers.append(python_marker(str(table["python"])))
    if table.get("platform"):
        markers.append(f'sys_platform == "{table["platform"]}"')
    joined = " and ".join(f"({one})" if " or " in one and len(markers) > 1 else one for one in markers)
    return f"{name}{extras}{versions}" + (f" ; {joined}" if joined else "")


def python_marker(constraint: str) -> str:
    """Return a constraint of Python versions as a marker."""
    parts = [part for part in specifier(constraint).split(",") if part]
    found = []
    for part in parts:
        operator, version = re.split(r"(?<=[<>=!~])(?![<>=!~])", part, maxsplit=1)
        variable = "python_full_version" if version.removesuffix(".*").count(".") > 1 else "python_version"
        found.append(f'{variable} {operator} "{version}"')
    return " and ".join(found)


def specifier(constraint: str) -> str:
    """Return a constraint of Poetry as a version specifier of PEP 440; empty for any version.

    Raises:
        Inexpressible: It has alternatives, or is not a constraint.
    """
    if "|" in constraint:
        raise Inexpressible(f"{constraint!r}")
    parts = [part for part in re.split(r"\s*,\s*|\s+(?=[<>=!~^])", constraint.strip()) if part]
    return ",".join(filter(None, map(_part, parts)))


def _part(part: str) -> str:
    form = re.fullmatch(r"(\^|~=|~|===?|!=|<=|>=|<|>|=)?\s*v?([0-9A-Za-z.*+!_-]+)", part)
    if part == "*":
        return ""
    if form is None:
        raise Inexpressible(repr(part))
    operator, version = form[1] or "==", form[2]
    if "*" in version:
        return f"{'==' if operator in {'=', '=='} else operator}{version}"
    try:
        parsed = Version(version)
    except InvalidVersion as error:
        raise Inexpressible(repr(part)) from error
    if operator in {"^", "~"}:
        return f">={version},<{_below(parsed, operator)}"
    return f"{'==' if operator == '=' else operator}{version}"


def _below(version: Version, operator: str) -> str:
    """Return the first version that a caret or tilde excludes: the next one at its leftmost significant place."""
    numbers = list(version.release)
    if operator == "~":
        place = min(1, len(numbers) - 1)
    else:
        place = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    raised = [*numbers[:place], numbers[place] + 1]
    return ".".join(map(str, raised + [0] * (len(numbers) - len(raised))))


def _scripts(table: dict[str, Any], declared: Declared, path: str) -> None:
    scripts = {}
    for name, target in table.get("scripts", {}).items():
        if isinstance(target, str):
            scripts[name] = target
        elif target.get("type", "console") == "console" and not target.get("extras"):
            scripts[name] = target.get("reference") or target.get("callable")
        else:
            _point(declared, name, f"the script {name} is not an entry point", path)
    if scripts:
        declared.fields["scripts"] = Fact(scripts, f"{path} [tool.poetry.scripts]")
    if plugins := table.get("plugins"):
        declared.fields["entry-points"] = Fact(
            {str(key): dict(one) for key, one in plugins.items()}, f"{path} [tool.poetry.plugins]"
        )


def _point(declared: Declared, name: str, message: str, path: str) -> None:
    declared.points.append(OpenPoint(f"poetry-{group_name(name)}", f"{message}.", f"{path} [tool.poetry]", blocks=True))
