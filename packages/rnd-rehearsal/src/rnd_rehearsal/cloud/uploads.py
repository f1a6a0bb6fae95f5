"""Which package an upload to a package index is for. Pure."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from werkzeug.formparser import parse_form_data

if TYPE_CHECKING:
    from email.message import Message


def uploaded(headers: Message, body: bytes) -> str:
    """Return the normalised name of the package of an upload.

    https://docs.pypi.org/api/upload

    Raises:
        ValueError: The request does not upload exactly one file, or the file is named after another package.
    """
    environ = {
        "wsgi.input": BytesIO(body),
        "CONTENT_TYPE": headers["Content-Type"] or "",
        "CONTENT_LENGTH": str(len(body)),
        "REQUEST_METHOD": "POST",
    }
    _, form, files = parse_form_data(environ)
    content = files.getlist("content")
    for one in files.values():
        one.close()
    if form.getlist(":action") != ["file_upload"] or len(form.getlist("name")) != 1 or len(content) != 1:
        raise ValueError("Only uploads of one file are accepted.")
    name, file = canonicalize_name(form["name"]), str(content[0].filename)
    try:
        found = parse_wheel_filename(file)[0] if file.endswith(".whl") else parse_sdist_filename(file)[0]
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise ValueError(f"{file} is not the name of a wheel or a source distribution.") from error
    if found != name:
        raise ValueError(f"{file} is not a file of {name}.")
    return name
