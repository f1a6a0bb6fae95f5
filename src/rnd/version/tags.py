"""Which tags are releases, and which version each one names. Pure: names in, plain data out; touches nothing.

A release tag is `X.Y.Z` or `vX.Y.Z`. Two-part and zero-padded tags are read as the version that they mean:
`v4.5` is 4.5.0 and `2026.06.18` is 2026.6.18. A tag such as `release-5.0.0` resembles a release and is not read as
one, since its meaning is unknown; it is reported where it is newer than the last release.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Release = tuple[int, int, int]

# Longer numbers are dates gone wrong.
RELEASE_TAG = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)
# Compiled when first needed, which in most repositories is never. Pre-releases and the tags of other packages
# (`docs-1.0.0`) do not match.
RESEMBLES_RELEASE = (
    r"(?ia)(?:(?P<named>v|(?:release|rel|version|ver)[-_./]?v?|v[-_./])(?P<numbers>\d{1,6}(?:[._]\d{1,9}){0,5})"
    r"|(?P<bare>\d{1,6}(?:\.\d{1,9}){1,5}))(?P<after>[.-]?post\.?\d+)?"
)


def parse_release(tag: str) -> Release | None:
    """Return the version that a release tag names, or None if it is not a release tag.

    `X.Y.Z`, `X.Y`, and both with a `v` in front, are releases. A pre-release (`1.0.0-rc.1`), another prefix
    (`docs-1.0.0`) and a floating tag (`v1`) are not.
    """
    found = RELEASE_TAG.fullmatch(tag)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def releases(tags: Iterable[str]) -> list[tuple[Release, str]]:
    """Return each release tag with the version that it names, in any order."""
    match = RELEASE_TAG.fullmatch
    return [((int(found[1]), int(found[2]), int(found[3] or 0)), tag) for tag in tags if (found := match(tag))]


def preference(entry: tuple[Release, str]) -> tuple[Release, bool, str]:
    """Return what release tags are sorted by: the version, then whether the tag is written in full."""
    release, tag = entry
    return release, tag.removeprefix("v") == ".".join(map(str, release)), tag


def newest(tags: Iterable[str]) -> str | None:
    """Return the release tag with the highest version, or None without any release tag.

    Of two tags for one version, the one that is written in full comes first: `v4.5.0` before `v4.5`.
    """
    found = highest(releases(tags))
    return found[1] if found else None


def highest(found: Sequence[tuple[Release, str]]) -> tuple[Release, str] | None:
    """Return what `newest` does, of release tags with their versions."""
    if not found:
        return None
    version, _ = max(found)
    return max((entry for entry in found if entry[0] == version), key=preference)


def one_step_below(tag: str, tags: Iterable[str]) -> list[str]:
    """Return the release tags of which another one is the next major, minor or patch release."""
    release = parse_release(tag)
    return [name for (x, y, z), name in releases(tags) if release in ((x + 1, 0, 0), (x, y + 1, 0), (x, y, z + 1))]


def next_below(tag: str, tags: Iterable[str]) -> str | None:
    """Return the highest release tag below another one, or None without any."""
    release = parse_release(tag)
    return max(((found, name) for found, name in releases(tags) if release and found < release), default=(0, None))[1]


def taken(version: str, tags: Iterable[str]) -> str | None:
    """Return a tag that already names a version, however it is written, or None where the version is free."""
    numbers = [f"0*{number}" for number in version.split(".")]
    optional = r"(?:\.0+)?" if version.endswith(".0") else rf"\.{numbers[2]}"
    found: list[str] = re.findall(rf"(?m)^v?{numbers[0]}\.{numbers[1]}{optional}$", "\n".join(tags))
    return min(found, key=lambda tag: (tag.removeprefix("v") != version, tag), default=None)


def resembled(tag: str) -> tuple[int, ...] | None:
    """Return the numbers of a tag that resembles a release and is not one, at least three; None for any other tag."""
    if RELEASE_TAG.fullmatch(tag) or not (found := re.fullmatch(RESEMBLES_RELEASE, tag)):
        return None
    numbers = [int(number) for number in re.split(r"[._]", found["numbers"] or found["bare"])]
    numbers += [0] * (3 - len(numbers))
    return (*numbers, 1) if found["after"] else tuple(numbers)


def unrecognised_above(release: Release | None, tags: Iterable[str]) -> list[str]:
    """Return the tags that resemble a release above another one, highest first.

    Args:
        release: The release to compare with; None for all of them.
        tags: The names of tags.
    """
    found = [(numbers, tag) for tag in tags if (numbers := resembled(tag)) and numbers > (release or ())]
    return [tag for _, tag in sorted(found, reverse=True)]
