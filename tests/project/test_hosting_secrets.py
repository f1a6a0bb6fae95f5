"""No token anywhere but in a header: not in what is said, in processes, in files, in git's configuration, in logs.

The same search is shown to find a token that somebody has left in each of those places.
"""

from __future__ import annotations

import base64
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd_rehearsal.package_index import command_lines
from tests.helpers.creation import Creation, begin
from tests.helpers.git import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.helpers.github import Hosting


class Search:
    """Looks for a token wherever a creation could have left it.

    Attributes:
        creation: The project.
        home: Where files are looked for: the project's folder and everything around it.
        arguments: The command lines of all processes, at each request.
    """

    def __init__(self, creation: Creation, folders: tuple[Path, ...]) -> None:
        self.creation = creation
        self.folders = folders
        self.arguments: set[bytes] = set()
        token = creation.hosting.token
        basic = base64.b64encode(f"x-access-token:{token}".encode())
        self.forms = (token.encode(), basic, base64.b64encode(token.encode()).rstrip(b"="))
        creation.hosting.hub.faults.append(self.note)

    def note(self, *_: object) -> None:
        """Take note of every command line there is."""
        self.arguments |= command_lines()

    def found(self, said: str, log: str) -> set[str]:
        """Return the places that hold the token.

        Args:
            said: The output.
            log: Everything that was logged.
        """
        places = {"output": said.encode(), "log": log.encode(), "processes": b"\0".join(self.arguments)}
        folder = self.creation.project.folder
        places["git configuration"] = git(folder, "config", "--list", "--show-origin").encode()
        places["remote"] = git(folder, "remote", "--verbose").encode()
        for top in self.folders:
            for path in top.rglob("*"):
                if path.is_file():
                    places[f"file {path.name}"] = path.read_bytes()
        objects = git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
        places["git objects"] = b"".join(
            subprocess.run(["git", "cat-file", "-p", name], cwd=folder, capture_output=True, check=True).stdout
            for name in objects
        )
        return {place for place, content in places.items() if any(form in content for form in self.forms)}


@pytest.fixture
def creation(hosting: Hosting, tmp_path: Path) -> Creation:
    return begin(hosting, tmp_path / "work" / "demo")


@pytest.fixture
def search(creation: Creation, tmp_path: Path, home: Path) -> Search:
    return Search(creation, (tmp_path, home))


@pytest.mark.slow
def test_the_token_is_nowhere(
    creation: Creation,
    search: Search,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "rnd.process")  # the commands
    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: creation.organisation)
    creation.run()
    named = ["--repository", f"{creation.hosting.owner}/{creation.name}"]
    assert cli.main(["github", "check", "--json", *named]) == 0
    assert cli.main(["github", "sign-in"]) == 0
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    assert cli.main(["github", "check", "--json", *named]) == 1
    said = capfd.readouterr()
    assert search.arguments, "processes were looked at"
    assert "+ git " in caplog.text
    assert search.found(said.out + said.err, caplog.text) == set()


def leak_output(creation: Creation) -> None:
    print("signed in with", creation.hosting.token)


def leak_log(creation: Creation) -> None:
    logging.getLogger("rnd").warning("token %s", creation.hosting.token)


def leak_process(creation: Creation) -> None:
    code = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, creation.hosting.hub.url, creation.hosting.token], check=False)


def leak_remote(creation: Creation) -> None:
    url = f"https://x-access-token:{creation.hosting.token}@example.com/x.git"
    git(creation.project.folder, "remote", "add", "leak", url)


def leak_header(creation: Creation) -> None:
    basic = base64.b64encode(f"x-access-token:{creation.hosting.token}".encode()).decode()
    git(creation.project.folder, "config", "http.extraHeader", f"Authorization: Basic {basic}")


def leak_file(creation: Creation) -> None:
    (creation.project.folder / ".env").write_text(f"GH_TOKEN={creation.hosting.token}\n")


def leak_home(_: Creation) -> None:
    with open(os.path.expanduser("~/.git-credentials"), "w", encoding="utf-8") as stream:  # noqa: PTH111, PTH123
        stream.write(f"https://ada:{os.environ['GH_TOKEN']}@example.com\n")


def leak_commit(creation: Creation) -> None:
    git(creation.project.folder, "commit", "--quiet", "--allow-empty", "--message", creation.hosting.token)


@pytest.mark.parametrize(
    ("leak", "place"),
    [
        (leak_output, "output"),
        (leak_log, "log"),
        (leak_process, "processes"),
        (leak_remote, "remote"),
        (leak_header, "git configuration"),
        (leak_file, "file .env"),
        (leak_home, "file .git-credentials"),
        (leak_commit, "git objects"),
    ],
)
def test_the_search_finds_one(
    creation: Creation,
    search: Search,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    leak: Callable[[Creation], None],
    place: str,
) -> None:
    leak(creation)
    said = capfd.readouterr()
    assert place in search.found(said.out + said.err, caplog.text)
