"""Which credentials and which repository each identity of a job publishes with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rnd import cli
from rnd.ci import identity
from rnd.errors import AwsRefused
from rnd.manifest import write_version
from rnd.organisation import load_organisation
from rnd.providers import codeartifact, ecr
from rnd.providers.aws import AwsCredentials
from rnd.publish.index import Index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.organisation import Aws, Organisation
    from tests.helpers.repository import Repository

calls: list[tuple[str, ...]] = []


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that name their identity; AWS refuses all calls and notes with what it was called."""

    def assume(name: str, environ: Mapping[str, str], organisation: Organisation) -> AwsCredentials:
        assert environ["GITHUB_ACTIONS"] == "true"
        assert organisation == load_organisation()
        return AwsCredentials(name, "secret", "token")

    def packages(aws: Aws, _: str, repository: str, credentials: AwsCredentials, seconds: int) -> tuple[str, str]:
        assert seconds == (3600 if credentials.key_id == "reading" else 900)
        calls.append(("index", repository, credentials.key_id))
        assert aws == load_organisation().require_aws()
        return "http://127.0.0.1:1/", "token"

    def images(region: str, credentials: AwsCredentials) -> object:
        calls.append(("registry", credentials.key_id))
        raise AwsRefused(f"{region} is not reached.")

    calls.clear()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr(identity, "assume", assume)
    monkeypatch.setattr(codeartifact, "read_access", packages)
    monkeypatch.setattr(ecr, "_ecr", images)
    monkeypatch.setattr(Index, "look", lambda *_: {"acme_demo-0.4.1-py3-none-any.whl": "0" * 64})


def set_version(package: Repository, name: str) -> None:
    """Set a version that the identity can publish."""
    if name == "development":
        write_version(package.path, "0.5.0.dev0+0a1b2c3")


@pytest.mark.parametrize(("name", "place"), [("development", "rnd-dev"), ("release", "rnd")])
def test_a_package(package: Repository, name: str, place: str) -> None:
    set_version(package, name)
    assert cli.main(["release", "package", "--wheel", "--plan", "--identity", name]) == 0
    assert calls == [("index", place, name)]


@pytest.mark.parametrize(("name", "place"), [("development", "rnd-dev"), ("candidate", "rnd")])
def test_the_build_of_an_image_can_only_read_packages(package: Repository, name: str, place: str) -> None:
    set_version(package, name)
    assert cli.main(["release", "image", "--plan", "--identity", name]) == 1
    assert calls == [("index", place, "reading"), ("registry", name)]


def test_a_promotion() -> None:
    source = f"candidate/demo@sha256:{'0' * 64}"
    assert cli.main(["release", "promote", "--version", "1.0", "--from", source, "--identity", "release"]) == 1
    assert calls == [("registry", "release")]


@pytest.mark.parametrize(
    ("command", "name"), [("package", "candidate"), ("image", "release"), ("promote", "development")]
)
def test_an_identity_of_another_purpose(command: str, name: str) -> None:
    with pytest.raises(SystemExit):
        cli.main(["release", command, "--identity", name])
