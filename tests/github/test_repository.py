"""Which repository on GitHub is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd.errors import UsageError
from rnd.github.client import Addresses
from rnd.github.repository import Repository, find_repository, parse_repository, repository_at
from tests.helpers.git import git

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = Addresses("https://api.github.com", "https://github.com")


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:acme/lab-demo.git",
        "git@github.com:acme/lab-demo",
        "ssh://git@github.com/acme/lab-demo.git",
        "https://github.com/acme/lab-demo",
        "https://github.com/acme/lab-demo.git",
        "https://github.com/acme/lab-demo/",
        "https://me:secret@github.com/acme/lab-demo.git",
    ],
)
def test_every_form_of_address(url: str) -> None:
    assert repository_at(url, GITHUB) == Repository("acme", "lab-demo")


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com.example.com/acme/lab-demo",
        "git@gitlab.com:acme/lab-demo.git",
        "/srv/git/acme/lab-demo",
        "https://example.com?@github.com/acme/lab-demo",
        "https://example.com#@github.com/acme/lab-demo",
        "https://example.com\\@github.com/acme/lab-demo",
        "https://github.com/acme",
        "https://github.com/acme/lab-demo/tree/main",
        "",
    ],
)
def test_what_is_none(url: str) -> None:
    assert repository_at(url, GITHUB) is None


def test_a_server_with_a_port() -> None:
    local = Addresses("http://127.0.0.1:8080/api/v3", "http://127.0.0.1:8080")
    assert repository_at("http://127.0.0.1:8080/acme/demo.git", local) == Repository("acme", "demo")


def test_a_workflow_names_it(tmp_path: Path) -> None:
    assert str(find_repository(tmp_path, {"GITHUB_REPOSITORY": "acme/demo"}, GITHUB)) == "acme/demo"


def test_a_clone_names_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(UsageError, match="no remote `origin`"):
        find_repository(tmp_path, {}, GITHUB)
    git(tmp_path, "remote", "add", "origin", "git@github.com:acme/demo.git")
    assert find_repository(tmp_path, {}, GITHUB) == Repository("acme", "demo")
    git(tmp_path, "remote", "set-url", "origin", "https://me:secret@example.com/acme/demo.git")
    with pytest.raises(UsageError, match=r"is https://example.com/acme/demo.git\."):
        find_repository(tmp_path, {}, GITHUB)


@pytest.mark.parametrize("text", ["demo", "acme/", "acme/demo/more", "acme/de mo", "-acme/demo", "../x/y"])
def test_no_full_name(text: str) -> None:
    with pytest.raises(UsageError):
        parse_repository(text)
