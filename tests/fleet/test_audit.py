"""`rnd fleet audit`: what repositories lock, against a service that knows some vulnerabilities."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from fake_github.faults import once, refusal
from rnd import cli
from rnd.fleet.audit.findings import vulnerabilities
from rnd.fleet.audit.locked import Exceptions, Package, private_indexes, read_exceptions, read_lock
from rnd.fleet.audit.osv import BATCH, Advisories, Record
from rnd.fleet.errors import AdvisoriesRefused, AdvisoriesUnavailable
from rnd.organisation import Organisation, load_organisation
from rnd.organisation.fleet import Audit
from rnd_rehearsal import osv as osv_service
from rnd_rehearsal.osv import Osv, serve
from tests.fleet.test_partial_answers import partial
from tests.helpers.git import git
from tests.helpers.organisations import without_aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.helpers.fleet import Fleet

PUBLIC = "https://index.example/simple"
LOCK = """\
version = 1
requires-python = ">=3.11"
"""
OLD, NEW = Package("requests", "2.31.0"), Package("requests", "2.32.4")


def record(name: str, package: Package = OLD, fixed: str | None = "2.32.0", **others: object) -> dict[str, Any]:
    """Return a record about a package."""
    return osv_service.record(name, package, fixed, **others)


def locked(*packages: Package, index: str = PUBLIC, build: str = "") -> str:
    """Return a lock file."""
    entries = (
        f'[[package]]\nname = "{one.name}"\nversion = "{one.version}{build}"\nsource = {{ registry = "{index}" }}\n'
        for one in packages
    )
    own = '[[package]]\nname = "acme-rnd-one"\nversion = "0.1.0"\nsource = { editable = "." }\n'
    return "\n".join((LOCK, own, *entries))


@pytest.fixture
def osv() -> Iterator[Osv]:
    """A service that knows nothing yet."""
    made = Osv()
    with serve(made):
        yield made


def add(fleet: Fleet, name: str, lock: str | None, project: str = "") -> None:
    """Add a repository with a lock file."""
    answers = f"_commit: 1.1.0\n_src_path: {fleet.organisation.template.repository}\n"
    files = {".copier-answers.yml": answers, "pyproject.toml": project}
    fleet.push(name, files | ({"uv.lock": lock} if lock is not None else {}))


def test_the_report(fleet: Fleet, osv: Osv, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.configure(audit=Audit(service=osv.address))
    known = record("GHSA-9wx4", aliases=["CVE-2024-35195", "PYSEC-2024-1"])
    osv.known = {OLD: [known, record("PYSEC-2024-1", aliases=["CVE-2024-35195"], database_specific={})]}
    add(fleet, "rnd-one", locked(OLD, Package("torch", "2.9.0"), build="+cu130"))
    add(fleet, "rnd-two", locked(OLD))
    add(fleet, "rnd-fine", locked(NEW))
    add(fleet, "rnd-conda", None)
    add(fleet, "rnd-ignores", locked(OLD), '[tool.uv.audit]\nignore = ["PYSEC-2024-1"]\n')
    assert cli.main(["fleet", "audit"]) == 3
    said = capsys.readouterr().out
    assert said == (
        f"  Known vulnerabilities in 5 repositories of {fleet.hosting.owner}: 2 affected, 2 in order, 1 not checked\n\n"
        "  CVE-2024-35195  high  requests 2.31.0, fixed in 2.32.0\n"
        "    What GHSA-9wx4 is.\n"
        "    in rnd-one, rnd-two\n\n"
        "  Not checked: 1 with no uv.lock.\n\n"
        "  Ignored in pyproject.toml: 1.\n"
    )
    # Each version is looked up once, however many repositories have it.
    asked = [query["package"]["name"] + query["version"] for query in osv.queries[0]]
    assert asked == ["requests2.31.0", "requests2.32.4", "torch2.9.0"]

    assert cli.main(["fleet", "audit", "--repository", "rnd-fine", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["repositories"] == [
        {"name": "rnd-fine", "vulnerabilities": [], "ignored": 0, "private": 0, "not_checked": None}
    ]

    assert cli.main(["fleet", "audit", "--json"]) == 3
    saved, page = tmp_path / "audit.json", tmp_path / "fleet.html"
    saved.write_text(capsys.readouterr().out, encoding="utf-8")
    command = ["fleet", "status", "--html", str(page), "--audit", str(saved)]
    cli.main(command)
    html = page.read_text(encoding="utf-8")
    assert "<b>2</b><span>with known vulnerabilities</span>" in html
    assert html.count("CVE-2024-35195, high: requests 2.31.0, fixed in 2.32.0") == 2
    assert html.count("none known") == 2
    assert "Not checked for known vulnerabilities: 1." in html


@pytest.mark.usefixtures("fleet")
def test_a_file_that_is_not_the_result_of_an_audit(tmp_path: Path) -> None:
    saved, page = tmp_path / "audit.json", tmp_path / "fleet.html"
    command = ["fleet", "status", "--html", str(page), "--audit", str(saved)]
    error = json.dumps({"error": {"code": "advisories-unavailable", "message": "No answer.", "hint": "Wait."}})
    for text, said in ((error, "No answer."), ("", "the audit ended without a result.")):
        saved.write_text(text, encoding="utf-8")
        cli.main(command)
        assert f"could not be looked up: {said}" in page.read_text(encoding="utf-8"), text
    for text in ("{", "[]", '{"organisation": "other"}', '{"repositories": [1]}'):
        saved.write_text(text, encoding="utf-8")
        assert cli.main(command) == 2, text
    assert cli.main([*command[:-1], str(tmp_path / "none.json")]) == 2
    assert cli.main(["fleet", "status", "--audit", str(saved)]) == 2


def test_the_summary_shows_what_others_wrote_as_it_is(
    fleet: Fleet, osv: Osv, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fleet.configure(audit=Audit(service=osv.address))
    osv.known = {OLD: [record("GHSA-1](x) @acme/all", fixed="2.40.0|<b>")]}
    add(fleet, "rnd-one", locked(OLD))
    summary = tmp_path_factory.mktemp("job") / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert cli.main(["fleet", "audit", "--github-summary"]) == 3
    text = summary.read_text(encoding="utf-8")
    assert "1 affected" in text
    assert "@acme" not in text
    assert r"\](x)" in text
    assert "<b>" not in text


def test_a_lock_file_that_is_too_large_for_graphql_is_read_whole(fleet: Fleet, osv: Osv) -> None:
    fleet.configure(audit=Audit(service=osv.address))
    osv.known = {OLD: [record("GHSA-1")]}
    add(fleet, "rnd-one", locked(OLD) + "#" * 600_000)
    fleet.hub.calls.clear()
    assert cli.main(["fleet", "audit"]) == 3
    assert sum("/git/blobs/" in path for _, path, _ in fleet.hub.calls) == 1


@pytest.mark.parametrize(
    "lock",
    [
        "not TOML =",
        "package = 1",
        "[[package]]\nname = 'a'\n",
        "[[package]]\nsource = 1\n",
        locked(Package(r"a\u001b[2J", "1")),
    ],
)
def test_a_damaged_lock_file_affects_its_repository_only(
    fleet: Fleet, osv: Osv, capsys: pytest.CaptureFixture[str], lock: str
) -> None:
    fleet.configure(audit=Audit(service=osv.address))
    osv.known = {OLD: [record("GHSA-1")]}
    add(fleet, "rnd-one", lock)
    add(fleet, "rnd-two", locked(OLD))
    assert cli.main(["fleet", "audit"]) == 3
    said = capsys.readouterr().out
    assert "Not checked: 1 with uv.lock is not a lock file." in said
    assert "in rnd-two" in said


def test_names_of_private_packages_are_sent_to_nobody(fleet: Fleet, osv: Osv) -> None:
    fleet.configure(audit=Audit(service=osv.address, private_indexes=["packages.example.com"]))
    aws = fleet.organisation.package_index
    own = f"https://{getattr(aws, 'domain', '')}-123456789012.d.codeartifact.eu-west-1.amazonaws.com/pypi/x/simple/"
    hidden = [
        locked(Package("secret-plan", "1.0"), index=index)
        for index in (own, "https://PACKAGES.example.com:8443/simple", "../wheels", "https://[broken")
    ]
    for number, lock in enumerate(hidden):
        add(fleet, f"rnd-{number}", lock)
    add(fleet, "rnd-other", locked(NEW))
    assert cli.main(["fleet", "audit"]) == 0
    assert "secret" not in json.dumps(osv.queries)
    assert "requests" in json.dumps(osv.queries)


def test_the_index_of_an_organisation_without_aws_is_private() -> None:
    organisation = Organisation.model_validate(yaml.safe_load(without_aws()))
    is_private, index = private_indexes(organisation), organisation.package_index
    assert is_private(getattr(index, "releases").url)  # noqa: B009 - of one of two models
    assert not is_private(PUBLIC)
    assert not private_indexes(load_organisation())(PUBLIC)


def test_builds_and_repositories_are_no_versions() -> None:
    lock = read_lock(locked(Package("torch", "2.9.0"), build="+cu130"), lambda _: False)
    assert lock.packages == {Package("torch", "2.9.0")}


def test_exceptions() -> None:
    found = read_exceptions('[tool.uv.audit]\nignore = ["A"]\nignore-until-fixed = ["B"]\n')
    assert found == Exceptions(frozenset("A"), frozenset("B"))
    for wrong in (None, "", "[tool", "tool = 1", "[tool.uv.audit]\nignore = 3\n", "[tool.uv.audit]\nignore = [[]]\n"):
        assert read_exceptions(wrong) == read_exceptions("")


def test_one_vulnerability_with_many_names_is_one() -> None:
    records = [
        record("GHSA-1", aliases=["CVE-1"], database_specific={"severity": "LOW"}),
        record("PYSEC-1", aliases=["CVE-1"], fixed="2.31.5", database_specific={}),
        record("GHSA-2", fixed=None, database_specific={"severity": "CRITICAL"}),
        record("GHSA-3", withdrawn="2026-01-01T00:00:00Z"),
        record("GHSA-4", Package("other", "1"), database_specific={"severity": "MEDIUM"}),
        record("GHSA-5", fixed="not-a-version", database_specific={"severity": "odd"}),
    ]
    found = vulnerabilities(OLD, [Record.model_validate(one) for one in records])
    assert [(one.id, one.severity, one.fixed) for one in found] == [
        ("GHSA-2", "critical", None),
        ("GHSA-4", "moderate", None),
        ("CVE-1", "low", "2.31.5"),
        ("GHSA-5", "unknown", None),
    ]


def test_many_packages_and_many_pages(osv: Osv) -> None:
    packages = [Package(f"p{number:04}", "1") for number in range(BATCH + 1)]
    osv.page = 2
    osv.known = {packages[-1]: [record(f"GHSA-{number}", packages[-1]) for number in range(5)]}
    found = Advisories(osv.address).affecting(packages)
    assert found == {packages[-1]: {f"GHSA-{number}" for number in range(5)}}
    assert [len(queries) for queries in osv.queries] == [1000, 1, 1, 1]


def test_faults_of_the_service(fleet: Fleet, osv: Osv, capsys: pytest.CaptureFixture[str]) -> None:
    fleet.configure(audit=Audit(service=osv.address))
    add(fleet, "rnd-one", locked(OLD))
    osv.fails = [503, 429]
    assert cli.main(["fleet", "audit"]) == 0
    osv.fails = [503] * 4
    assert cli.main(["fleet", "audit"]) == 1
    assert "advisories-unavailable" in capsys.readouterr().err
    osv.fails = [404]
    assert cli.main(["fleet", "audit"]) == 1
    assert "advisories-refused" in capsys.readouterr().err
    with pytest.raises(AdvisoriesUnavailable, match="Connection refused"):
        Advisories("http://127.0.0.1:1/").affecting({OLD})


@pytest.mark.parametrize("answer", [[], {"results": [{}, {}]}, {"results": [1]}, {"results": None}])
def test_an_answer_of_another_form_is_refused(osv: Osv, monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    monkeypatch.setattr(osv, "answer", lambda *_: (200, answer))
    with pytest.raises(AdvisoriesRefused):
        Advisories(osv.address).affecting({OLD})
    with pytest.raises(AdvisoriesRefused):
        Advisories(osv.address).records({"GHSA-1"})


def test_a_repository_that_github_hides_fails_the_run(
    fleet: Fleet, osv: Osv, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.configure(audit=Audit(service=osv.address))
    add(fleet, "rnd-b", locked(OLD))
    monkeypatch.setattr("rnd.fleet.reading.ask", partial("Repositories", "answers"))
    assert cli.main(["fleet", "audit"]) == 1
    assert "rnd-b could not be read: Something went wrong." in capsys.readouterr().out


def test_a_repository_that_github_does_not_answer_about_fails_the_run(
    fleet: Fleet, osv: Osv, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.configure(audit=Audit(service=osv.address))
    osv.known = {OLD: [record("GHSA-1")]}
    add(fleet, "rnd-one", locked(OLD) + "#" * 600_000)
    add(fleet, "rnd-two", locked(OLD))
    sha = git(fleet.folder / "rnd-one", "rev-parse", "HEAD:uv.lock").strip()
    path = f"/api/v3/repos/{fleet.hosting.owner}/rnd-one/git/blobs/{sha}"
    fleet.hub.faults.append(once("GET", path, refusal(403, "No access")))
    assert cli.main(["fleet", "audit"]) == 1
    said = capsys.readouterr().out
    assert "rnd-one could not be read: " in said
    assert "in rnd-two" in said
