"""Reports about known vulnerabilities: text, JSON and Markdown. Returns text; prints nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rnd.fleet.audit.findings import affected, by_vulnerability
from rnd.fleet.report import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.fleet.audit.findings import Checked, Vulnerability

SHOWN = 10  # repositories of one vulnerability
LISTED = 50  # vulnerabilities in Markdown; an issue has at most 65,536 characters


def header(checked: Sequence[Checked], owner: str) -> str:
    """Return how many repositories there are of each kind."""
    counts = [f"{number:,} {word}" for word, number in affected(checked).items() if number]
    return f"Known vulnerabilities in {len(checked):,} repositories of {owner}: {', '.join(counts) or 'none'}"


def remarks(checked: Sequence[Checked]) -> list[str]:
    """Return what was not looked at, one sentence each."""
    reasons = Counter(one.not_checked for one in checked if one.not_checked and not one.error)
    found = [f"Not checked: {number:,} with {reason}." for reason, number in sorted(reasons.items())]
    found += [f"{one.name} could not be read: {one.not_checked}." for one in checked if one.error]
    private, ignored = sum(one.private for one in checked), sum(one.ignored for one in checked)
    found += [f"Not looked up: {private:,} packages of private indexes."] if private else []
    found += [f"Ignored in pyproject.toml: {ignored:,}."] if ignored else []
    return found


def _line(one: Vulnerability) -> str:
    fix = f"fixed in {one.fixed}" if one.fixed else "not fixed yet"
    return f"{one.severity}  {one.package}, {fix}"


def _names(repositories: Sequence[str]) -> str:
    more = len(repositories) - SHOWN
    return ", ".join(repositories[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def as_text(checked: Sequence[Checked], owner: str) -> str:
    """Return the report for a terminal."""
    lines = [f"  {header(checked, owner)}"]
    for one, repositories in by_vulnerability(checked).items():
        lines += ["", f"  {one.id}  {_line(one)}"]
        lines += [f"    {one.summary}"] if one.summary else []
        lines += [f"    in {_names(repositories)}"]
    for remark in remarks(checked):
        lines += ["", f"  {remark}"]
    return "\n".join(lines)


def as_markdown(checked: Sequence[Checked], owner: str) -> str:
    """Return the report for the summary of a workflow job, or an issue; without times, so that it changes rarely."""
    lines = [f"### {escape(header(checked, owner))}", ""]
    found = by_vulnerability(checked)
    if found:
        lines += ["| | | package | fixed in | repositories |", "|---|---|---|---|---|"]
    for one, repositories in list(found.items())[:LISTED]:
        link = f"[{escape(one.id)}](https://osv.dev/vulnerability/{quote(one.id, safe='')})"
        cells = (link, one.severity, escape(str(one.package)), escape(one.fixed or "—"), escape(_names(repositories)))
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", f"… and {len(found) - LISTED:,} more"] if len(found) > LISTED else []
    for remark in remarks(checked):
        lines += ["", escape(remark)]
    return "\n".join(lines).rstrip() + "\n"


def as_document(checked: Sequence[Checked], owner: str) -> dict[str, Any]:
    """Return the report as plain data."""
    return {
        "organisation": owner,
        "vulnerabilities": [
            {
                "id": one.id,
                "names": sorted(one.names),
                "package": one.package.name,
                "version": one.package.version,
                "severity": one.severity,
                "summary": one.summary,
                "fixed": one.fixed,
                "repositories": repositories,
            }
            for one, repositories in by_vulnerability(checked).items()
        ],
        "repositories": [
            {
                "name": one.name,
                "vulnerabilities": [found.id for found in one.vulnerabilities],
                "ignored": one.ignored,
                "private": one.private,
                "not_checked": one.not_checked,
            }
            for one in checked
        ],
    }
