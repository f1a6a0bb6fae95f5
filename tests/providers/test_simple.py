"""An index that is not AWS's: a real pypiserver, reached with the values of org.yml and the secrets of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from rnd import cli, retry
from rnd.ci import private_packages
from rnd.doctor import accounts
from rnd.errors import UsageError
from rnd.organisation import Organisation
from rnd.providers import image_registry, package_index
from rnd.providers.errors import IndexRefused, IndexUnavailable
from rnd.providers.provider import Caller
from rnd_rehearsal.package_index import USER, serve
from tests.helpers.organisations import without_aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rnd_rehearsal.package_index import PackageIndex

VARIABLES = ("RND_INDEX_USERNAME", "RND_INDEX_PASSWORD", "UV_PUBLISH_TOKEN", "UV_INDEX_ACME_USERNAME", "UV_PUBLISH_URL")


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """The index of releases, of a job that has its password as a secret."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(retry, "DELAYS", (0.0, 0.0, 0.0))
    with serve(tmp_path / "releases", "--hash-algo", "sha256") as index:
        monkeypatch.setenv("RND_INDEX_USERNAME", USER)
        monkeypatch.setenv("RND_INDEX_PASSWORD", index.token)
        yield index


def organisation_of(releases: str, development: str = "http://127.0.0.1:1/") -> Organisation:
    """Return an organisation with these two indexes, and no AWS account."""
    document = yaml.safe_load(without_aws())
    for name, url in (("releases", releases), ("development", development)):
        document["package_index"][name] = {"url": f"{url}simple/", "publish_url": url}
    return Organisation.model_validate(document)


@pytest.mark.usefixtures("package")
def test_a_job_publishes_and_re_runs(
    releases: PackageIndex, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The identity decides where to; a second run has nothing to do, and no secret is shown."""
    monkeypatch.setattr("rnd.organisation.load_organisation", lambda: organisation_of(releases.url))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")  # without AWS, no identity is requested
    for _ in range(2):
        assert cli.main(["release", "package", "--wheel", "--identity", "release"]) == 0
    assert (len(releases.content()), releases.count("POST")) == (1, 1)
    told = capsys.readouterr()
    assert releases.token not in told.out + told.err
    assert not any(releases.token.encode() in line for line in releases.arguments)


def test_development_versions_go_to_their_own_index(releases: PackageIndex) -> None:
    organisation = organisation_of("https://packages.acme.example/", releases.url)
    environ = {"RND_INDEX_USERNAME": USER, "RND_INDEX_PASSWORD": releases.token}
    for identity, place in (("development", releases.url), ("release", "https://packages.acme.example/")):
        access = package_index(organisation, Caller(identity, environ)).sign_in()
        assert (access.publish_url, access.simple_url) == (place, f"{place}simple/")
        assert releases.token not in repr(access)


def test_nothing_is_published_without_credentials() -> None:
    index = package_index(organisation_of("https://packages.acme.example/"), Caller("release", {}))
    with pytest.raises(UsageError, match=r"no credentials for https://packages\.acme\.example/") as caught:
        index.sign_in()
    assert "UV_PUBLISH_TOKEN" in caught.value.hint
    assert not index.can_read()
    assert index.sign_in(reading=True).username == ""


@pytest.mark.parametrize(
    ("environ", "reading", "who"),
    [
        ({"UV_PUBLISH_TOKEN": "t", "RND_INDEX_USERNAME": "u", "RND_INDEX_PASSWORD": "p"}, False, ("__token__", "t")),
        ({"UV_PUBLISH_TOKEN": "t", "RND_INDEX_USERNAME": "u", "RND_INDEX_PASSWORD": "p"}, True, ("u", "p")),
        ({"UV_INDEX_ACME_USERNAME": "a", "UV_INDEX_ACME_PASSWORD": "b", "UV_PUBLISH_TOKEN": "t"}, True, ("a", "b")),
        ({"RND_INDEX_USERNAME": "", "RND_INDEX_PASSWORD": ""}, True, ("", "")),
    ],
)
def test_which_variables_count(environ: dict[str, str], reading: bool, who: tuple[str, str]) -> None:
    """A workflow without the secrets passes empty variables."""
    access = package_index(organisation_of("https://packages.acme.example/"), Caller(None, environ))
    found = access.sign_in(reading=reading)
    assert (found.username, found.password) == who


def test_a_job_reads_private_packages(
    releases: PackageIndex, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = private_packages.read_access(organisation_of(releases.url))
    assert given == {"UV_INDEX_ACME_USERNAME": USER, "UV_INDEX_ACME_PASSWORD": releases.token}
    assert capsys.readouterr().out == f"::add-mask::{releases.token}\n"
    monkeypatch.delenv("RND_INDEX_PASSWORD")
    assert not package_index(organisation_of(releases.url), Caller("reading", {})).can_read()


def test_doctor_reads_the_index(releases: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    organisation = organisation_of(releases.url)
    found = accounts._index(organisation)  # noqa: SLF001 - without the check of GitHub
    assert (found.name, found.state, found.found) == ("package index", "ok", f"reads {releases.url}simple/")
    monkeypatch.setenv("RND_INDEX_PASSWORD", "wrong")
    found = accounts._index(organisation)  # noqa: SLF001
    assert (found.state, "403" in found.found) == ("optional", True)
    assert found.hint == "Set UV_INDEX_ACME_USERNAME and UV_INDEX_ACME_PASSWORD."


def test_an_index_that_refuses_or_is_away(releases: PackageIndex) -> None:
    wrong = {"RND_INDEX_USERNAME": USER, "RND_INDEX_PASSWORD": "wrong"}
    with pytest.raises(IndexRefused, match="403"):
        package_index(organisation_of(releases.url), Caller(None, wrong)).examine()
    with pytest.raises(IndexUnavailable, match="refused"):
        package_index(organisation_of("http://127.0.0.1:1/a/"), Caller(None, wrong)).examine()


def test_a_registry_by_its_address() -> None:
    environ = {"RND_REGISTRY_USERNAME": "ada", "RND_REGISTRY_PASSWORD": "word"}
    registry = image_registry(organisation_of("https://packages.acme.example/"), Caller("release", environ))
    access = registry.sign_in()
    assert (access.host, access.folder, access.username) == ("registry.acme.example", "lab/", "ada")
    assert "word" not in repr(access)
    assert (registry.creates_on_push, registry.most_floating) == (True, None)
