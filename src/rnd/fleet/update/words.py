"""The words of update pull requests: branch, title, commit messages, text. Pure; returns text.

Release notes and names of files come from others, so they cannot mention people, or end the part that they are in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BRANCH = "rnd/template"
AUTHOR_NAME, AUTHOR_EMAIL = "rnd", "rnd@localhost"
TITLE = "chore: update the template to {release}"
CONFLICT_SUBJECT = "chore: mark the conflicts with the template"
MARKER = re.compile(r"<!-- rnd: (\d+\.\d+\.\d+) ([0-9a-f]{40})( conflict)? -->")
LONGEST_NOTES = 20_000  # characters; GitHub allows 65,536 for all
MOST_FILES = 100
KINDS = {"conflict": "Conflicts", "merged": "Changed", "new": "New", "deleted": "Deleted"}


class Marker(NamedTuple):
    """What a pull request's text says it is about: the release, the commit of `main`, and whether it has conflicts."""

    release: str
    base: str
    conflict: bool


def title(release: str) -> str:
    """Return the title for a release."""
    return TITLE.format(release=release)


def read_title(text: str) -> str | None:
    """Return the release in a title."""
    found = re.fullmatch(re.escape(TITLE).replace(r"\{release\}", r"(\d+\.\d+\.\d+)"), text.strip())
    return found[1] if found else None


def read_marker(body: str) -> Marker | None:
    """Return what a text says it is about."""
    found = MARKER.match(body)
    return Marker(found[1], found[2], bool(found[3])) if found else None


def update_message(release: str, base: str) -> str:
    """Return the message of the commit with the changes of the template."""
    return f"{title(release)}\n\nRnd-Template: {release}\nRnd-Base: {base}\n"


def conflict_message(release: str, files: Sequence[str]) -> str:
    """Return the message of the commit with the conflict markers."""
    return (
        "\n".join([f"{CONFLICT_SUBJECT} {release}", "", *(f"- {_plain(name)}" for name in files[:MOST_FILES])]) + "\n"
    )


def body(
    marker: Marker, version: str, files: Mapping[str, Sequence[str]], notes: Mapping[str, str], lock_error: str | None
) -> str:
    """Return the text of a pull request.

    Args:
        marker: What it is about.
        version: The version of the template that the repository has.
        files: The changed files by kind: `conflict`, `merged`, `new`, `deleted`.
        notes: The release notes of each release between, the newest first.
        lock_error: Why the lock file could not be updated; None if it was.
    """
    flag = " conflict" if marker.conflict else ""
    parts = [
        f"<!-- rnd: {marker.release} {marker.base}{flag} -->",
        f"This updates the template of this repository from {_plain(version)} to **{marker.release}**.",
    ]
    if marker.conflict:
        parts.append(
            "**The template and this repository changed the same lines.** The last commit marks them. Check out "
            f"`{BRANCH}`, resolve each `<<<<<<< before updating`, commit, push, and mark the pull request as ready. "
            "After your first commit, `rnd` no longer changes this branch."
        )
    if lock_error:
        parts.append(f"**The lock file could not be updated.** Update it on this branch:\n\n{_quoted(lock_error)}")
    parts += [_listed(KINDS[kind], files[kind]) for kind in KINDS if files.get(kind)]
    parts += _notes(notes)
    parts.append(
        "To refuse this release, close this pull request; the next release is offered again. To hold updates for a "
        "time, commit `.github/rnd.yml` with `hold: {until: 2027-02-01, because: camera-ready}`."
    )
    return "\n\n".join(parts) + "\n"


def _listed(heading: str, names: Sequence[str]) -> str:
    lines = [f"- `{_plain(name)}`" for name in names[:MOST_FILES]]
    lines += [f"- … and {len(names) - MOST_FILES} more"] if len(names) > MOST_FILES else []
    return "\n".join([f"### {heading}", "", *lines])


def _notes(notes: Mapping[str, str]) -> list[str]:
    parts: list[str] = []
    left = LONGEST_NOTES
    for release, text in notes.items():
        shown = text.strip()[:left]
        left -= len(shown)
        parts.append(f"### {release}\n\n{_quoted(shown) if shown else 'No notes.'}")
        if left <= 0:
            break
    return parts


def _quoted(text: str) -> str:
    """Return a text of somebody else as a quotation that mentions nobody."""
    inert = text.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")
    return "\n".join(f"> {line}".rstrip() for line in inert.splitlines())


def _plain(text: str) -> str:
    """Return a name of somebody else on one line, without what ends a code span."""
    return " ".join(text.split()).replace("`", "'").replace("<", "(").replace("@", "\uff20")[:300]
