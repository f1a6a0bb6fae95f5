"""The private channel: who brings its password gets its files, nobody else anything."""

from __future__ import annotations

import base64
import netrc
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from rnd_rehearsal import channel_server

if TYPE_CHECKING:
    from pathlib import Path


def ask(url: str, user: str, password: str) -> bytes:
    """Ask for a file of the channel."""
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    with urlopen(Request(f"{url}/noarch/repodata.json", headers={"Authorization": f"Basic {basic}"})) as answer:
        return bytes(answer.read())


def test_its_netrc_opens_it_and_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / "noarch").mkdir()
    (tmp_path / "noarch" / "repodata.json").write_text("{}")
    with channel_server.serve(tmp_path) as server, channel_server.serve(tmp_path) as other:
        (tmp_path / ".netrc").write_text(server.netrc)
        found = netrc.netrc(tmp_path / ".netrc").authenticators("localhost")
        assert found is not None
        user, _, password = found
        counted: list[tuple[int, int]] = []
        server.transferred = lambda received, sent: counted.append((received, sent))
        assert ask(server.url, user, password) == b"{}"
        assert counted == [(0, 2)]
        with pytest.raises(HTTPError, match="401"):
            ask(other.url, user, password)
        server.altered["repodata"] = b"other"
        assert ask(server.url, user, password) == b"other"
        assert counted == [(0, 2), (0, 5)]
        assert password not in repr(server)
