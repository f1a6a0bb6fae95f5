"""Runs ruff in the clone of an adoption: what it finds today, file by file. Runs no code of the repository."""

from __future__ import annotations

import re
import tomllib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import process, uv
from rnd.adopt.baseline import INVALID, ruff_findings, with_ignores
from rnd.adopt.conda import FILE as ENVIRONMENT
from rnd.adopt.conda import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = "pyproject.toml"
CHECKS = {"check-yaml": r".*\.ya?ml", "check-json": r".*\.json", "check-toml": r".*\.toml"}  # hook: files it checks
OUTPUT = b'"output_type":'  # what the hook `notebook-outputs` looks for
PASSES = 3  # a rule can find something only once others are ignored: RUF100


def requirement_of(rendered: Path, tool: str, package: str) -> str:
    """Return the requirement of a development tool that the hooks of a rendered template call.

    Args:
        rendered: The rendered template.
        tool: Its dependency tool, `uv` or `conda`.
        package: The name, such as `ruff`.
    """
    if tool == "conda":
        return parse((rendered / ENVIRONMENT).read_text("utf-8")).packages[package].text.replace(" ", "")
    tools = tomllib.loads((rendered / MANIFEST).read_text("utf-8"))["dependency-groups"]["dev"]
    return next(str(one) for one in tools if re.fullmatch(rf"{package}[<>=~!].*", str(one)))


def lint(clone: Path, ruff: str) -> tuple[dict[str, list[str]], list[str]]:
    """Return the codes that ruff finds per file, and the files that are not valid Python.

    The pyproject.toml of the clone gets the findings of each pass as exceptions, so that the next pass finds the rest.

    Args:
        clone: The clone.
        ruff: The requirement of ruff.
    """
    path = clone / MANIFEST
    manifest = path.read_bytes().decode()
    findings: dict[str, list[str]] = {}
    broken: set[str] = set()
    for _ in range(PASSES):
        report = ruff_findings(_run(clone, ruff, "check", "--output-format", "json", "--exit-zero", "--no-fix"))
        for file, codes in report.items():
            name = _relative(clone, file)
            broken |= {name} if INVALID in codes else set()
            findings[name] = sorted({*findings.get(name, []), *codes} - {INVALID})
        if not report:
            break
        path.write_bytes(with_ignores(manifest, findings, ()).encode())
    return findings, sorted(broken)


def unformatted(clone: Path, ruff: str) -> list[str]:
    """Return the files that the formatter would change."""
    report = ruff_findings(_run(clone, ruff, "format", "--check", "--output-format", "json"))
    return [_relative(clone, file) for file, codes in report.items() if INVALID not in codes]


def refused(clone: Path, requirement: str, paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the files that a hook would refuse today because of their content, by the hook's id.

    Args:
        clone: The clone.
        requirement: The requirement of the package with the checks.
        paths: The text files.
    """
    listed = sorted(paths)
    checked = {hook: [path for path in listed if re.fullmatch(form, path)] for hook, form in CHECKS.items()}
    with ThreadPoolExecutor() as pool:  # each is a program that mostly starts
        found = dict(
            zip(checked, pool.map(partial(_refused, clone, requirement), checked, checked.values()), strict=True)
        )
    notebooks = (path for path in listed if path.endswith(".ipynb"))
    found["notebook-outputs"] = [path for path in notebooks if OUTPUT in (clone / path).read_bytes()]
    return {hook: files for hook, files in found.items() if files}


def _refused(clone: Path, requirement: str, hook: str, files: list[str]) -> list[str]:
    """Return those of some files that a hook would refuse."""
    if not files:
        return []
    command = ("tool", "run", "--quiet", "--from", requirement, hook, *files)
    completed = uv.attempt(clone, *command, extra=process.without_secrets())
    said = completed.stdout + completed.stderr
    return [path for path in files if completed.returncode != 0 and path in said]


def _relative(clone: Path, path: str) -> str:
    """Return a path that ruff prints, relative to the repository."""
    return Path(path).relative_to(clone.resolve()).as_posix()


def _run(clone: Path, requirement: str, *arguments: str) -> str:
    """Run ruff and return its report; it exits with 1 for findings, and with 2 for files that it cannot parse."""
    command = ("tool", "run", "--quiet", "--from", requirement, "ruff", *arguments, "--no-cache", ".")
    completed = uv.attempt(clone, *command, extra=process.without_secrets())
    if completed.returncode > 1 and not completed.stdout.startswith("["):
        raise process.failure(completed, "ruff", *arguments)
    return completed.stdout
