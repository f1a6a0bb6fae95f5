"""The part of a world that conda needs: a private channel, its password, and a template whose org.yml names it.

Touches the caches of channels and of packages, and folders that end with the world.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from rnd import process
from rnd.rehearsal import channel_server
from rnd.rehearsal.cache import cache_folder
from rnd.rehearsal.channel import channel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd.organisation import Organisation
    from rnd.rehearsal.channel_server import ChannelServer

NETRC = ".netrc"


@dataclass(frozen=True)
class Channel:
    """The organisation's conda channel, as the world has it.

    Attributes:
        server: Serves it.
        environment: What programs find beyond the password, which is in the home of whoever runs them.
        netrc: Where it is there.
        caches: Folders of packages.
    """

    server: ChannelServer
    environment: dict[str, str]
    netrc: Path
    caches: tuple[Path, Path]


@contextmanager
def start(folder: Path, home: Path, organisation: Organisation) -> Iterator[Channel]:
    """Serve a channel, and give its password to a home.

    Args:
        folder: For what ends with the world.
        home: Of whoever shall be let in, people and jobs alike.
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
    """Return py-rattler's cache, and its folder of packages, which alone is kept for the next world."""
    cache, packages = folder / "conda-cache", cache_folder() / "conda-packages"
    cache.mkdir()
    packages.mkdir(parents=True, exist_ok=True)
    (cache / "pkgs").symlink_to(packages)
    return cache, packages


def template(checkout: Path, commit: str, folder: Path, address: str) -> Path:
    """Return a clone of the template whose organisation has one conda channel.

    Args:
        checkout: The template's.
        commit: The one of it that is taken.
        folder: Where it is put.
        address: The channel's.
    """
    process.run("git", "clone", "--quiet", "--shared", "--no-checkout", str(checkout), str(folder))
    process.run("git", "checkout", "--quiet", "-B", "main", commit, cwd=folder)
    name_channel(folder / "org.yml", address)
    person = {"NAME": "rehearsal", "EMAIL": "rehearsal@example.com"}
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in person.items()}
    process.run("git", "commit", "--quiet", "--all", "--message", "chore: name the channel", cwd=folder, extra=who)
    return folder


def name_channel(organisation: Path, address: str) -> None:
    """Make a channel the only one of an organisation file."""
    values = yaml.safe_load(organisation.read_text(encoding="utf-8"))
    values["conda"]["channels"] = [address]
    organisation.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
