"""Parse a project's page in a package index. Pure.

The simple repository API (https://packaging.python.org/en/latest/specifications/simple-repository-api/), as HTML or
JSON, depending on the index.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPTED = f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


@dataclass(frozen=True)
class Link:
    """A file in an index.

    Attributes:
        url: The address of the file.
        sha256: Its digest in hexadecimal digits, or None if the index does not list it.
    """

    url: str
    sha256: str | None


def parse(content_type: str, text: str, url: str) -> dict[str, Link]:
    """Return the files of a response, by name.

    Args:
        content_type: The media type of the response, without parameters.
        text: The response.
        url: The address of the response, for relative links.

    Raises:
        ValueError: The response is not from the simple repository API.
    """
    return _parse_json(text, url) if content_type in {JSON, "application/json"} else _parse_html(text, url)


def _parse_json(text: str, url: str) -> dict[str, Link]:
    try:
        return {
            file["filename"]: Link(urljoin(url, file["url"]), file["hashes"].get("sha256"))
            for file in json.loads(text)["files"]
        }
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no list of files: {error}") from error


def _parse_html(text: str, url: str) -> dict[str, Link]:
    page = _Page(url)
    page.feed(text)
    page.close()
    return page.files


class _Page(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.base = url
        self.files: dict[str, Link] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        reference = dict(attrs).get("href")
        if reference is None:
            return
        if tag == "base":
            self.base = urljoin(self.base, reference)
        elif tag == "a":
            url, fragment = urldefrag(urljoin(self.base, reference))
            name = unquote(urlsplit(url).path.rpartition("/")[2])
            self.files[name] = Link(url, parse_qs(fragment).get("sha256", [None])[0])
