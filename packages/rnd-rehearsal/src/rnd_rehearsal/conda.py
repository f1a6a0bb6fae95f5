"""The part of a sandbox that conda needs: a private channel, and its password.

Touches the caches of channels and of packages, and folders that end with the sandbox.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnd_rehearsal import channel_server
from rnd_rehearsal.cache import cache_folder
from rnd_rehearsal.channel import channel

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from rnd.organisation import Organisation
    from rnd_rehearsal.channel_server import ChannelServer

NETRC = ".netrc"


@dataclass(frozen=True)
class Channel:
    """The organisation's conda channel, as the sandbox has it.

    Attributes:
        server: Serves it.
        environment: What programs find beyond the password, which is in the home of the user who runs them.
        netrc: Where it is there.
        caches: Folders of packages.
    """

    server: ChannelServer
    environment: dict[str, str]
    netrc: Path
    caches: tuple[Path, Path]


@contextmanager
def start(folder: Path, home: Path, organisation: Organisation) -> Generator[Channel]:
    """Serve a channel, and give its password to a home.

    Args:
        folder: For what ends with the sandbox.
        home: The home of the people and jobs that get access.
        organisation: Whose default Python the channel has.

    Raises:
        ToolMissing: This machine has no such Python that a package can be made of.
    """
    with channel_server.serve(channel(cache_folder(), organisation.python.default)) as server:
        netrc = home / NETRC
        netrc.touch(mode=0o600)
        netrc.write_text(server.netrc, encoding="utf-8")
        cache, packages = _caches(folder)
        environment = {"RATTLER_CACHE_DIR": str(cache), "NO_PROXY": f"127.0.0.1,{channel_server.HOST}"}
        yield Channel(server, environment, netrc, (cache, packages))


def _caches(folder: Path) -> tuple[Path, Path]:
    """Return py-rattler's cache, and its folder of packages, which alone is kept for the next sandbox."""
    cache, packages = folder / "conda-cache", cache_folder() / "conda-packages"
    cache.mkdir()
    packages.mkdir(parents=True, exist_ok=True)
    (cache / "pkgs").symlink_to(packages)
    return cache, packages
