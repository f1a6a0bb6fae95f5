"""The page of the fleet: one HTML file that needs no network, with a complete table and a summary. Pure.

Names, versions and reasons come from others, so every text is escaped, and the content security policy allows only the
page's own style and scripts: no network, no other script, no form.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from rnd.fleet import checks, facts
from rnd.fleet.facts import template_version
from rnd.fleet.joining import MANIFESTS, READY
from rnd.fleet.report import LACKING, failures, groups, header, reason, remarks, shorten
from rnd.fleet.update.seen import pull_kind
from rnd.github.settings.diff import format_value
from rnd.version.tags import parse_release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rnd.fleet.facts import Facts
    from rnd.fleet.view import View

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
TEMPLATE = "page.html.jinja"
PARTS = 7  # of a chart
TONES = {"green": "good", "red": "bad", "running": "info", "none": "calm", checks.UNKNOWN: "calm"}
MEANINGS = {"green": "c1", "red": "c3", "running": "c4"}
NEUTRAL = dict.fromkeys(("none", "other", checks.UNKNOWN), "c8")
TITLES = {
    "template": "Template version",
    "workflows": "Workflows at",
    "settings": "Settings that differ",
    "main": "Checks on main",
    "rings": "Rings",
    "levels": "Levels",
}


def render(view: View, shown: Sequence[Facts]) -> str:
    """Return the page.

    Args:
        view: The fleet.
        shown: The repositories in the table.
    """
    style, script, library = (_asset(name) for name in ("page.css", "page.js", "dataTables.min.js"))
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(TEMPLATE).render(
        style=Markup(style),  # noqa: S704 - files of this package
        script=Markup(script),  # noqa: S704
        library=Markup(library),  # noqa: S704
        style_hash=_hash(style),
        script_hashes=[_hash(library), _hash(script)],
        owner=view.owner,
        ours=f"{len(view.changeable):,}",
        header=header(view),
        taken=view.taken.strftime("%Y-%m-%dT%H:%M:%SZ"),
        taken_text=view.taken.strftime("%A %d %B %Y, %H:%M UTC"),
        newest=(view.newest or "").removeprefix("v"),
        hero=_hero(view),
        tiles=_tiles(view),
        charts=_charts(view),
        unreadable=failures(view),
        rings=sorted({one.member.ring for one in shown}),
        remarks=[*remarks(view), *_audit_remarks(view)],
        audited=view.audit is not None,
        rows=[_row(one, view) for one in sorted(shown, key=lambda one: not _needs_attention(one, view))],
    )


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the hash of an inline style or script, as a content security policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _hero(view: View) -> dict[str, Any]:
    ours = view.changeable
    failed = {one.member.id for one in (*view.differing, *view.unreadable)}
    good = sum(one.member.id not in failed for one in ours)
    percent = 100 * good / len(ours) if ours else 100.0
    state = "good" if percent >= 95 else "warn" if percent >= 80 else "bad"
    # Rounded down: 999 of 1,000 are not 100 %.
    return {"percent": int(percent), "arc": f"{percent:.2f}", "count": f"{good:,}", "state": state}


def _tiles(view: View) -> list[dict[str, str]]:
    counted = Counter(condition for one in view.changeable for condition in one.having(view.workflow_ref))
    labels = {
        "drift": ("differ from org.yml", "warn"),
        "behind": ("behind the template", "warn"),
        "conflict": ("with conflicts", "warn"),
        "failing": ("with red checks", "bad"),
        "unreadable": ("not readable", "bad"),
        "held": ("held", "info"),
    }
    tiles = [
        {
            "having": having,
            "label": label,
            "count": f"{counted[having]:,}",
            "tone": tone if counted[having] else "calm",
        }
        for having, (label, tone) in labels.items()
    ]
    if view.audit is not None:
        vulnerable = sum(bool(_vulnerabilities(one, view)) for one in view.changeable)
        tone = "bad" if vulnerable else "calm"
        label = "with known vulnerabilities"
        tiles.append({"having": "vulnerable", "label": label, "count": f"{vulnerable:,}", "tone": tone})
    watched = len(view.repositories) - len(view.changeable)
    return (
        [*tiles, {"having": "watched", "label": "watched", "count": f"{watched:,}", "tone": "calm"}]
        if watched
        else tiles
    )


def _charts(view: View) -> list[dict[str, Any]]:
    found = groups(view)
    return [_chart(title, found[topic], _colours(topic, view)) for topic, title in TITLES.items() if topic in found]


def _colours(topic: str, view: View) -> dict[str, str]:
    """Return the colours of the kinds that mean something: what is wanted is green, in each chart."""
    if topic == "template" and view.newest:
        return {view.newest.removeprefix("v"): "c1"}
    if topic == "levels":
        return {facts.IN_ORDER: "c1"}
    return {view.workflow_ref: "c1"} if topic == "workflows" else MEANINGS if topic == "main" else {}


def _chart(title: str, kinds: list[tuple[str, int]], colours: dict[str, str]) -> dict[str, Any]:
    # One repository may have several differences, so differences are not parts of all repositories.
    kinds = [kind for kind in kinds if kind[0] != "as configured"] or [("none", 0)]
    shown = sorted(shorten(kinds, PARTS) or kinds, key=lambda kind: colours.get(kind[0]) != "c1")
    others = iter(("c2", "c4", "c5", "c6", "c7", "c3", "c2") if colours else ("c4", "c5", "c6", "c7", "c2", "c3", "c4"))
    whole = sum(number for _, number in shown) or 1
    parts, start = [], 0.0
    for kind, number in shown:
        width = 100 * number / whole
        tone = colours.get(kind) or NEUTRAL.get(kind) or next(others)
        parts.append(
            {"kind": kind, "count": f"{number:,}", "start": f"{start:.2f}", "width": f"{width:.2f}", "tone": tone}
        )
        start += width
    return {"title": title, "parts": parts, "label": ", ".join(f"{kind} {number}" for kind, number in shown)}


def _needs_attention(one: Facts, view: View) -> bool:
    """Return whether a repository is at the top of the table."""
    return not one.member.watched and bool(
        {"drift", "behind", "failing", "unreadable"} & {*one.having(view.workflow_ref)}
    )


def _audit_remarks(view: View) -> list[str]:
    """Return why known vulnerabilities are not shown."""
    if view.audit is None:
        return []
    if view.audit.error is not None:
        return [f"Known vulnerabilities could not be looked up: {view.audit.error}."]
    missing = sum(one.member.name not in view.audit.found for one in view.changeable)
    return [f"Not checked for known vulnerabilities: {missing:,}."] if missing else []


def _vulnerabilities(one: Facts, view: View) -> list[str]:
    """Return the known vulnerabilities of what a repository locks, a line each."""
    known = view.audit.found.get(one.member.name, ()) if view.audit is not None else ()
    return [
        f"{each.id}, {each.severity}: {each.package} {each.version}, "
        f"{f'fixed in {each.fixed}' if each.fixed else 'not fixed yet'}"
        for each in known
    ]


def _row(one: Facts, view: View) -> dict[str, Any]:
    having = [*one.having(view.workflow_ref)]
    vulnerabilities = _vulnerabilities(one, view)
    having += [
        condition
        for condition, is_so in (("watched", one.member.watched), ("vulnerable", bool(vulnerabilities)))
        if is_so
    ]
    release = parse_release(template_version(one.member.version).partition("+")[0]) or (0, 0, 0)
    return {
        "name": one.member.name,
        "url": one.member.url if one.member.url.startswith(("https://", "http://")) else "",
        "having": " ".join(having),
        "vulnerabilities": vulnerabilities,
        "is_checked": view.audit is not None and one.member.name in view.audit.found,
        "ring": "watched" if one.member.watched else one.member.ring,
        "level": _level(one, view),
        "template": _template(one),
        "template_url": _joining_url(one),
        "template_tone": _template_tone(one),
        "version_order": release[0] * 10**8 + release[1] * 10**4 + release[2],
        "differences": len(one.changes) or len(one.lacking) or (1000 if one.error else 0),
        "changes": [
            {"key": change.key, "found": format_value(change.found), "wanted": format_value(change.wanted)}
            for change in one.changes
        ],
        **_settings(one),
        "reason": reason(one) if "unreadable" in having else "",
        "workflows": one.workflows,
        "workflows_tone": _workflows_tone(one, view),
        "main": one.main,
        "main_tone": TONES.get(one.main, "calm"),
        **_update(one),
        "hold": f"held until {one.hold.until}: {one.hold.because}" if one.hold else "",
    }


def _update(one: Facts) -> dict[str, str]:
    """Return the update pull request of a repository."""
    kind = pull_kind(one.update) if one.update is not None else ""
    pull = one.update.pull if one.update is not None else None
    return {
        "pull": f"{kind} {pull.release or ''}".strip() if pull is not None else kind.replace("held", ""),
        "pull_tone": {"open": "info", "conflict": "warn", "red": "bad", "blocked": "bad"}.get(kind, "calm"),
        "pull_url": pull.url if pull is not None and pull.url.startswith(("https://", "http://")) else "",
    }


def _settings(one: Facts) -> dict[str, str]:
    count = len(one.changes)
    if count:
        return {"settings": f"{count} difference{'s' if count > 1 else ''}", "settings_tone": "warn"}
    if one.lacking:
        return {"settings": f"{len(one.lacking)} {LACKING}", "settings_tone": "warn"}
    if one.error is not None or one.unknown:
        return {"settings": checks.UNKNOWN, "settings_tone": "bad"}
    return {"settings": "as configured", "settings_tone": "good"}


def _workflows_tone(one: Facts, view: View) -> str:
    if one.workflows == (one.member.central or view.workflow_ref):
        return "good"
    return "calm" if one.member.watched else "warn"


def _level(one: Facts, view: View) -> str:
    """Return the level of a repository that joined and is not in order because of its lint baseline."""
    if one.baseline == 0 or one.level(view.workflow_ref) != facts.JOINED:
        return ""
    return f"joined, {f'{one.baseline:,} to clean' if one.baseline else 'lint baseline unknown'}"


def _joining_url(one: Facts) -> str:
    """Return the address of what stands in the way of a watched repository, or of its manifest."""
    if one.joining is None or not one.member.url.startswith(("https://", "http://")):
        return ""
    kind = "blob" if one.joining_at in MANIFESTS else "tree"
    return f"{one.member.url}/{kind}/HEAD/{quote(one.joining_at)}" if one.joining_at else one.member.url


def _template(one: Facts) -> str:
    if one.member.watched:
        return one.joining or ""
    return f"{template_version(one.member.version)}{f' · {one.behind} behind' if one.behind else ''}"


def _template_tone(one: Facts) -> str:
    if one.member.watched:
        return "info" if one.joining == READY else "calm"
    if one.behind is None:
        return "calm"
    return "good" if not one.behind else "info" if one.hold else "warn"
