"""What an index answers, in both forms of the simple repository API."""

from __future__ import annotations

import json

import pytest

from rnd.publish.listing import JSON, Link, parse

URL = "https://acme-123456789012.d.codeartifact.eu-west-1.amazonaws.com/pypi/rnd/simple/acme-demo/"
DIGEST = "0f" * 32


def test_html() -> None:
    page = f"""\
<!DOCTYPE html>
<html>
  <body>
    <a href="0.5.0.dev0%2B0a1b2c3/acme_demo-0.5.0.dev0%2B0a1b2c3-py3-none-any.whl#sha256={DIGEST}">acme_demo…</a><br>
    <a href="/files/acme_demo-0.4.1.tar.gz?token=x&amp;y=z#md5=0f" data-requires-python="&gt;=3.8">acme_demo</a>
    <a>nothing</a>
  </body>
</html>
"""
    assert parse("text/html", page, URL) == {
        "acme_demo-0.5.0.dev0+0a1b2c3-py3-none-any.whl": Link(
            f"{URL}0.5.0.dev0%2B0a1b2c3/acme_demo-0.5.0.dev0%2B0a1b2c3-py3-none-any.whl", DIGEST
        ),
        "acme_demo-0.4.1.tar.gz": Link(f"{URL.partition('/pypi')[0]}/files/acme_demo-0.4.1.tar.gz?token=x&y=z", None),
    }


def test_html_with_a_base() -> None:
    page = '<base href="https://example.org/"><a href="demo-1.0.tar.gz">demo</a>'
    assert parse("text/html", page, URL) == {"demo-1.0.tar.gz": Link("https://example.org/demo-1.0.tar.gz", None)}


def test_json() -> None:
    files = [
        {"filename": "demo-1.0.tar.gz", "url": "demo-1.0.tar.gz", "hashes": {"sha256": DIGEST}},
        {"filename": "demo-1.1.tar.gz", "url": "https://example.org/demo-1.1.tar.gz", "hashes": {}},
    ]
    assert parse(JSON, json.dumps({"files": files}), URL) == {
        "demo-1.0.tar.gz": Link(f"{URL}demo-1.0.tar.gz", DIGEST),
        "demo-1.1.tar.gz": Link("https://example.org/demo-1.1.tar.gz", None),
    }


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 1}', '{"files": [{"filename": "demo-1.0.tar.gz"}]}'])
def test_json_that_is_something_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(JSON, text, URL)
