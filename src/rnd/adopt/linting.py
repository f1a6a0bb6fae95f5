"""Runs ruff in the clone of an adoption: what it finds today, file by file. Runs no code of the repository."""

from __future__ import annotations

import tomllib
from pathlib import Path

from rnd import process, uv
from rnd.adopt.baseline import INVALID, ruff_findings, with_ignores
from rnd.adopt.conda import FILE as ENVIRONMENT
from rnd.adopt.conda import parse

MANIFEST = "pyproject.toml"
PASSES = 3  # a rule can find something only once others are ignored: RUF100


def ruff_of(rendered: Path, tool: str) -> str:
    """Return the requirement of the ruff that the hooks of a rendered template call.

    Args:
        rendered: The rendered template.
        tool: Its dependency tool, `uv` or `conda`.
    """
    if tool == "conda":
        return parse((rendered / ENVIRONMENT).read_text("utf-8")).packages["ruff"].text.replace(" ", "")
    tools = tomllib.loads((rendered / MANIFEST).read_text("utf-8"))["dependency-groups"]["dev"]
    return next(str(one) for one in tools if str(one).startswith("ruff"))


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
    return [_relative(clone, file) for file in report]


def _relative(clone: Path, path: str) -> str:
    """Return a path that ruff prints, relative to the repository."""
    return Path(path).relative_to(clone.resolve()).as_posix()


def _run(clone: Path, requirement: str, *arguments: str) -> str:
    """Run ruff and return its output; exit code 1 means findings."""
    command = ("tool", "run", "--quiet", "--from", requirement, "ruff", *arguments, "--no-cache", ".")
    completed = uv.attempt(clone, *command, extra=process.without_secrets())
    if completed.returncode > 1:
        raise process.failure(completed, "ruff", *arguments)
    return completed.stdout
