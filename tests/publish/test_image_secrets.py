"""No token is seen anywhere on an image's way: shown by a search that finds those that are let out on purpose."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.publish.assembly import CONFIG, LAYER
from rnd.publish.registry import Registry
from rnd_rehearsal.package_index import command_lines
from tests.helpers.image_sandbox import IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fake_github.loopback import Answer
    from tests.helpers.image_sandbox import Sandbox

# What lets a token out, as edits of the repository's own files, and where it is found then. A label is an argument too.
LEAKS = {
    LAYER: ("docker/Dockerfile", "--requirements package.txt", "{} && cp /run/secrets/indexes /package/lib/"),
    CONFIG: ("docker/build.py", "[*labels, *options.label]", '[*labels, *options.label, "index=" + read_indexes()]'),
    "left": (
        "docker/build.py",
        "    names = name_images(options)\n",
        '{}    Path("left").write_text(read_indexes())\n',
    ),
}


class Search:
    """Looks for tokens in all that a run of `rnd release image` leaves or shows."""

    def __init__(self, sandbox: Sandbox, builder: str, place: Path, home: Path) -> None:
        self.sandbox, self.builder, self.place, self.home = sandbox, builder, place, home
        self.arguments: set[bytes] = set()
        (place / "begun").touch()
        self.begun = (place / "begun").stat().st_ctime_ns

    def run(self, *options: str) -> bytes:
        """Run it, with eyes on the processes of the machine, and return what it says."""

        def watch(_: str, act: Callable[[], Answer]) -> Answer:
            self.arguments |= command_lines()
            return act()

        self.sandbox.registry.around = watch
        command = [sys.executable, "-m", "rnd", *IMAGE, "--builder", self.builder, *options]
        ended = subprocess.run(command, capture_output=True, check=False)
        self.arguments |= self.sandbox.index.arguments
        return ended.stdout + ended.stderr

    def engine(self) -> Path:
        """Return the folder where the builder keeps everything."""
        variables = process.environment()
        if self.builder == "docker":
            return Path(variables["DOCKER_HOST"].removeprefix("unix://")).parent
        return Path(variables["CONTAINERS_STORAGE_CONF"]).parent

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Yield all that could hold a token, each with where it was found."""
        yield from (("an argument", line) for line in self.arguments)
        for root in (self.sandbox.folder, self.home, self.place, self.engine()):
            yield from self.changed(root)
        yield from self.pushed()

    def changed(self, root: Path) -> Iterator[tuple[str, bytes]]:
        """Yield the files below a folder that were written, or moved there, since the tests of this class have begun.

        A builder's folder holds the base image, too, and what earlier tests have built.
        """
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                state = path.lstat()
                # A namespace that Docker has mounted is a file without a size, which nobody can read.
                if stat.S_ISREG(state.st_mode) and state.st_size and state.st_ctime_ns >= self.begun:
                    yield str(path), path.read_bytes()

    def pushed(self) -> Iterator[tuple[str, bytes]]:
        """Yield what the registry has: manifest, configuration with history and labels, and every layer."""
        registry = Registry(self.sandbox.registry.host, "AWS", self.sandbox.registry.token)
        image = registry.look(self.sandbox.name, "0.1.0")
        if image is None:
            return
        manifest = json.loads(image.manifest)
        yield "the manifest", image.manifest
        for part in (manifest["config"], *manifest["layers"]):
            connection = http.client.HTTPConnection("127.0.0.1", self.sandbox.registry.behind)
            connection.request("GET", f"/v2/{self.sandbox.name}/blobs/{part['digest']}")
            content = connection.getresponse().read()
            connection.close()
            yield part["mediaType"], gzip.decompress(content) if "gzip" in part["mediaType"] else content

    def found(self) -> set[str]:
        """Return where tokens are."""
        secrets = (
            *self.sandbox.index.secrets,
            self.sandbox.registry.token.encode(),
            self.sandbox.registry.basic.encode(),
        )
        return {place for place, content in self.places() if any(secret in content for secret in secrets)}


@pytest.fixture
def search(sandbox: Sandbox, builder: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Search:
    """A search over a published package, with the user's own configuration in place."""
    place = tmp_path / "temporary"
    for name in ("TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        (place / name).mkdir(parents=True)
        monkeypatch.setenv(name, str(place / name))
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text('{"credsStore": "absent", "auths": {"registry.example": {}}}')
    sandbox.publish()
    return Search(sandbox, builder, place, home)


@pytest.mark.parametrize("builder", ["docker", "buildah"], indirect=True)
def test_no_token_is_seen(search: Search) -> None:
    before = search.home.joinpath(".docker", "config.json").read_bytes()
    said = search.run("--plan", "--json") + search.run("--verbose") + search.run("--json")
    assert b"+ " in said
    assert b"docker/build.py" in said
    assert set(search.sandbox.images()) == {"0.1.0", "stable", "latest"}
    assert any(b"uv\0pip\0install" in line for line in search.arguments), "the build's own processes were seen"
    assert any(b"--secret" in line for line in search.arguments)
    assert search.found() == set()
    assert not [
        token for token in (search.sandbox.index.token, search.sandbox.registry.token) if token.encode() in said
    ]
    assert search.home.joinpath(".docker", "config.json").read_bytes() == before


def test_the_search_finds_what_is_let_out(search: Search) -> None:
    """In each place on its own, with one build for all of them."""
    for path, old, new in LEAKS.values():
        file = search.sandbox.folder / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new.format(old)))
    search.sandbox.commit("build: let it out")
    search.run()
    found = search.found()
    assert {"an argument", LAYER, CONFIG, str(search.sandbox.folder / "left")} <= found
    assert any(Path(place).is_relative_to(search.engine()) for place in found), "the builder keeps the layer"


def test_what_the_build_says_of_it_is_hidden(search: Search) -> None:
    dockerfile = search.sandbox.folder / "docker" / "Dockerfile"
    text = dockerfile.read_text().replace(
        "--requirements package.txt", "--requirements none; cat /run/secrets/indexes; exit 1"
    )
    dockerfile.write_text(text)
    search.sandbox.commit("build: say it")
    said = search.run()
    assert b"error[image-build-failed]" in said
    assert b"[hidden]" in said
    assert search.sandbox.index.token.encode() not in said
