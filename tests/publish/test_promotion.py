"""`rnd release promote`: from a candidate to a release, by digest, whatever else lies in the registry."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from rnd import cli, retry
from rnd.publish.image import INPUTS
from rnd.publish.registry import INDEXES, MANIFESTS
from tests.helpers import oci_registry
from tests.helpers.oci_registry import Cut, Registry, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

CANDIDATE, RELEASE = "team/candidate/demo", "team/demo"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry that mounts blobs."""
    monkeypatch.setattr(retry, "DELAYS", (0.0, 0.0, 0.0))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with oci_registry.serve(Registry()) as started:
        yield started


def promote(registry: Registry, digest: str, version: str = "0.5.0", *options: str) -> int:
    """Promote an image of the candidates."""
    given = ["--version", version, "--from", f"candidate/demo@{digest}", "--registry", f"{registry.host}/team"]
    return cli.main(["release", "promote", *given, *options])


def test_an_image_keeps_its_digest_and_no_layer_is_uploaded(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = registry.push(CANDIDATE, "0.5.0", "0.5.0")
    assert promote(registry, digest, "0.5.0", "--plan") == 0
    assert registry.of(RELEASE).tags == {}
    assert f"copy {CANDIDATE}@{digest} to {registry.host}/{RELEASE}:0.5.0" in capsys.readouterr().out
    assert promote(registry, digest) == 0
    assert registry.of(RELEASE).tags == {"0.5.0": digest, "stable": digest, "latest": digest}
    assert registry.of(RELEASE).manifests == registry.of(CANDIDATE).manifests
    assert not [one for one in registry.requests if one.startswith("PUT") and "/uploads/" in one]
    done = len(registry.requests)
    assert promote(registry, digest) == 0
    assert {one.split()[0] for one in registry.requests[done:]} == {"GET"}


def test_a_registry_without_mounts_gets_the_bytes(registry: Registry) -> None:
    registry.mounts = False
    digest = registry.push(CANDIDATE, "0.5.0", layers=3)
    assert promote(registry, digest) == 0
    assert registry.of(RELEASE).blobs == registry.of(CANDIDATE).blobs
    assert len([one for one in registry.requests if one.startswith("PUT") and "/uploads/" in one]) == 4


def test_an_index_of_several_platforms(registry: Registry) -> None:
    parts = [registry.push(CANDIDATE, "0.5.0", labels={"platform": name}) for name in ("amd64", "arm64")]
    digest = registry.push_index(CANDIDATE, *parts)
    assert promote(registry, digest) == 0
    assert registry.of(RELEASE).tags["0.5.0"] == digest
    assert registry.of(RELEASE).manifests.keys() == {digest, *parts}
    assert registry.of(RELEASE).blobs.keys() == registry.of(CANDIDATE).blobs.keys()


def test_a_forged_image_under_the_version_is_not_adopted(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A contributor who knows the inputs can predict the label; it makes no difference."""
    digest = registry.push(CANDIDATE, "0.5.0", labels={INPUTS: "sha256:predictable"})
    forged = registry.push(RELEASE, "0.5.0", "0.5.0", layers=1, labels={INPUTS: "sha256:predictable"})
    for options in ([], ["--plan"]):
        assert promote(registry, digest, "0.5.0", *options) == 1
        said = capsys.readouterr().err
        assert "error[digest-mismatch]" in said
        assert forged in said
        assert digest in said
    assert registry.of(RELEASE).tags == {"0.5.0": forged}


def test_a_forged_image_that_comes_in_between_is_not_adopted(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = registry.push(CANDIDATE, "0.5.0")

    def race(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("/manifests/0.5.0") and "0.5.0" not in registry.of(RELEASE).tags:
            registry.push(RELEASE, "0.5.0", "0.5.0", layers=1)

    registry.before = race
    assert promote(registry, digest) == 1
    assert "error[digest-mismatch]" in capsys.readouterr().err
    assert registry.of(RELEASE).tags.keys() == {"0.5.0"}


def test_two_runs_at_once(registry: Registry) -> None:
    """Another run of the same promotion has finished between the look and the push."""
    digest = registry.push(CANDIDATE, "0.5.0")
    again = iter([True])

    def race(method: str, path: str) -> None:
        if method == "PUT" and path.endswith("/manifests/0.5.0") and next(again, False):
            assert promote(registry, digest, "0.5.0", "--quiet") == 0
            raise Cut

    registry.before = race
    assert promote(registry, digest) == 0
    assert set(registry.of(RELEASE).tags.values()) == {digest}


@pytest.mark.parametrize("mounts", [True, False])
def test_a_run_that_is_cut_off_anywhere_is_completed_by_the_next(registry: Registry, mounts: bool) -> None:
    """What is in the registry decides what the next run does, so it runs once for each different state."""
    registry.mounts = mounts
    parts = [registry.push(CANDIDATE, "0.5.0", labels={"platform": name}) for name in ("amd64", "arm64")]
    digest = registry.push_index(CANDIDATE, *parts)
    assert promote(registry, digest) == 0
    wanted, total, completed = registry.of(RELEASE), len(registry.requests), list[Repository]()
    assert total > 20
    for end in range(total):
        del registry.repositories[RELEASE], registry.requests[:]

        def cut(method: str, path: str, end: int = end) -> None:  # noqa: ARG001 - the registry calls it so
            if len(registry.requests) > end:
                raise Cut

        registry.before = cut
        assert promote(registry, digest, "0.5.0", "--quiet") == 1
        registry.before = lambda *_: None
        if (left := deepcopy(registry.of(RELEASE))) not in completed:
            assert promote(registry, digest, "0.5.0", "--quiet") == 0
            assert registry.of(RELEASE) == wanted
            completed.append(left)
    assert len(completed) > 10


def test_bytes_that_are_not_those_of_the_digest_are_not_passed_on(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.mounts = False
    digest = registry.push(CANDIDATE, "0.5.0")
    layer = json.loads(registry.of(CANDIDATE).manifests[digest][1])["layers"][1]["digest"]
    registry.corrupt.add(layer)
    assert promote(registry, digest) == 1
    assert "error[digest-mismatch]" in capsys.readouterr().err
    assert registry.of(RELEASE).tags == {}
    assert layer not in registry.of(RELEASE).blobs


def test_a_registry_that_serves_another_manifest_under_the_digest(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    digest, other = registry.push(CANDIDATE, "0.5.0"), registry.push(CANDIDATE, "0.5.0", layers=1)
    registry.of(CANDIDATE).manifests[digest] = registry.of(CANDIDATE).manifests[other]
    assert promote(registry, digest) == 1
    assert "error[digest-mismatch]" in capsys.readouterr().err
    assert registry.of(RELEASE).tags == {}


def test_floating_tags_do_not_go_back(registry: Registry) -> None:
    first, second = registry.push(CANDIDATE, "0.5.0"), registry.push(CANDIDATE, "0.10.0")
    assert promote(registry, second, "0.10.0") == 0
    assert promote(registry, first, "0.5.0") == 0
    assert registry.of(RELEASE).tags == {"0.5.0": first, "0.10.0": second, "stable": second, "latest": second}


def test_a_pre_release_moves_no_floating_tag(registry: Registry) -> None:
    digest = registry.push(CANDIDATE, "0.5.0rc1")
    assert promote(registry, digest, "0.5.0rc1") == 0
    assert registry.of(RELEASE).tags == {"0.5.0rc1": digest}


@pytest.mark.parametrize(
    ("version", "source", "options", "code", "said"),
    [
        ("0.5.0", "candidate/demo@sha256:" + "0" * 64, (), 1, "error[image-missing]"),
        ("0.6.0", "candidate/demo@{digest}", (), 1, "error[image-invalid]"),
        ("0.5.0", "dev/demo@{digest}", (), 2, "is not an image of a candidate"),
        ("0.5.0", "candidate/demo:0.5.0", (), 2, "is not an image of a candidate"),
        ("0.5.0", "candidate/../demo@{digest}", (), 2, "is not an image of a candidate"),
        ("0.5.0", "candidate/demo@{digest}\n", (), 2, "is not an image of a candidate"),
        ("0.5.0.dev1+abc", "candidate/demo@{digest}", (), 2, "is a development version"),
        ("0.5.0+abc", "candidate/demo@{digest}", (), 2, "is a development version"),
        ("latest", "candidate/demo@{digest}", (), 2, "is not a valid version"),
        ("0.5.0", "candidate/demo@{digest}", ("--tag", "0.4.0"), 2, "0.4.0 is a version"),
        ("0.5.0", "candidate/demo@{digest}", ("--tag=-x",), 2, "cannot be a tag"),
    ],
)
def test_what_is_never_promoted(
    registry: Registry,
    capsys: pytest.CaptureFixture[str],
    version: str,
    source: str,
    options: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    digest = registry.push(CANDIDATE, "0.5.0")
    given = ["--version", version, "--from", source.format(digest=digest), "--registry", f"{registry.host}/team"]
    assert cli.main(["release", "promote", *given, *options]) == code
    assert said in capsys.readouterr().err
    assert registry.of(RELEASE).tags == {}


BLOB = {"digest": "sha256:" + "1" * 64, "size": 1}


@pytest.mark.parametrize(
    "document",
    [
        {"mediaType": MANIFESTS[0], "layers": [BLOB]},
        {"mediaType": MANIFESTS[0], "layers": 1},
        {"mediaType": MANIFESTS[0], "layers": [{**BLOB, "size": -1}]},
        {"mediaType": MANIFESTS[0], "layers": [{**BLOB, "size": True}]},
        {"mediaType": MANIFESTS[0], "layers": [{**BLOB, "digest": "sha512:1"}]},
        {"mediaType": MANIFESTS[0], "layers": [{**BLOB, "urls": ["https://example.com"]}]},
        {"mediaType": MANIFESTS[0], "layers": [BLOB] * 1001},
        {"mediaType": "application/vnd.oci.image.unknown"},
        {"mediaType": INDEXES[0], "manifests": []},
    ],
)
def test_a_manifest_that_is_malformed(
    registry: Registry, capsys: pytest.CaptureFixture[str], document: dict[str, object]
) -> None:
    config = json.dumps({"config": {"Labels": {oci_registry.VERSION: "0.5.0"}}}).encode()
    made = oci_registry.digest(config)
    registry.of(CANDIDATE).blobs[made] = config
    if document != {"mediaType": MANIFESTS[0], "layers": [BLOB]}:
        document = {**document, "config": {"digest": made, "size": len(config)}}
    digest = registry.add(CANDIDATE, document)
    assert promote(registry, digest) == 1
    said = capsys.readouterr().err
    assert "error[image-invalid]" in said or "error[registry-refused]" in said
    assert registry.of(RELEASE).tags == {}
