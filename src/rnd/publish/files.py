"""Which files of an index belong to a version: all that an installer could take for it. Pure.

See https://packaging.python.org/en/latest/specifications/binary-distribution-format/, "File name convention", and
https://packaging.python.org/en/latest/specifications/version-specifiers/#version-matching. A build tag, such as the `1`
in `demo-0.5.0-1-py3-none-any.whl`, or a local version, such as `0.5.0+1`, makes an installer prefer a file.
"""

from __future__ import annotations

import re

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

ENDING = re.compile(r"\.(whl|egg|exe|msi|rpm|deb|zip|tgz|tbz2?|txz|tar|tar\.[a-z0-9]+)\Z", re.IGNORECASE)


def belongs(project: str, version: str, name: str) -> bool:
    """Return whether a file is one of a version, or could be taken for one.

    Args:
        project: The normalised name of the package.
        version: The version; for one without a local part, all files with a local part belong to it too.
        name: The name of the file.
    """
    wanted = Version(version)
    found = version_of(project, name)
    if found is None:
        return version in name or str(wanted) in name
    return found == wanted or (wanted.local is None and found.public == wanted.public)


def is_wheel(name: str) -> bool:
    """Return whether a file is a wheel, by its name."""
    return name.lower().endswith(".whl")


def version_of(project: str, name: str) -> Version | None:
    """Return the version in the name of a file of a package, or None if the name has another form."""
    try:
        return parse_wheel_filename(name)[1]
    except InvalidWheelFilename:
        pass
    spelled = re.sub(r"-", r"[-_.]+", re.escape(project).replace(r"\-", "-"))
    found = re.fullmatch(rf"{spelled}-(?P<rest>.+)", ENDING.sub("", name), re.IGNORECASE)
    if found is None:
        return None
    for text in (found["rest"], found["rest"].partition("-")[0]):
        try:
            return Version(text)
        except InvalidVersion:
            continue
    return None
