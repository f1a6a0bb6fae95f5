"""What somebody else has put into the image registry is not believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from rnd.errors import AwsRefused, UsageError
from rnd.organisation import load_organisation
from rnd.providers import ecr
from rnd.providers.oci import Oci
from rnd.providers.provider import Caller
from rnd.publish.build import Build
from rnd.publish.errors import DigestMismatch, ImageExists
from rnd.publish.floating import VERSION, move_step
from rnd.publish.image import INPUTS, RUN, look
from rnd.publish.inputs import Inputs
from rnd.publish.registry import Image, Registry
from rnd.publish.target import Target, find_run, find_wheel, is_version, version_tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.publish.index import Index

EXCLUSION = "imageTagMutabilityExclusionFilters"


def image(number: int, version: str, made_from: str = "", run: str = "") -> Image:
    """Return an image that says of itself which version it is."""
    labels = {VERSION: version, INPUTS: made_from, RUN: run}
    return Image(f"sha256:{number:064}", "application/json", b"", labels)


@dataclass
class Tags:
    """A registry, as tags that name images."""

    images: dict[str, Image] = field(default_factory=dict)
    host: str = "registry"

    def look(self, _: str, tag: str) -> Image | None:
        """Return what a tag names."""
        return self.images.get(tag)


def built(digest: str | None = None, *, development: bool = False) -> Build:
    """Return the build of the run `this`."""
    inputs = Inputs("demo", "0.5.0", "0" * 40, {}, "sha256:1")
    return Build(Path(), inputs, (), {}, "this", digest, "development" if development else None)


def target_of(there: Image) -> Target:
    """Return a release repository that has an image under the version."""
    registry = Tags({"0.5.0": there})
    return Target(cast("Registry", registry), "demo", "0.5.0", (), Oci("registry", {}), follows=True)


@pytest.mark.parametrize("run", ["", "that"])
def test_an_image_with_the_label_of_the_inputs_is_not_ours(run: str) -> None:
    """Everybody can compute that label: somebody pushed the image before the release."""
    forged = image(9, "0.5.0", "sha256:1", run)
    with pytest.raises(ImageExists, match=r"already there as sha256:0*9, and not from this run"):
        look(target_of(forged), built())
    with pytest.raises(ImageExists):
        look(target_of(forged), built(image(8, "0.5.0").digest))


def test_the_image_of_this_run_and_the_one_of_the_given_digest_are_ours() -> None:
    own, named = image(1, "0.5.0", "sha256:1", "this"), image(2, "0.5.0", "sha256:1")
    assert look(target_of(own), built()) == own
    assert look(target_of(named), built(named.digest)) == named
    assert look(target_of(named), built(development=True)) == named  # it is never released


@pytest.mark.parametrize("given", [{}, {"digest": image(9, "").digest}, {"development": True}])
def test_an_image_of_other_inputs_is_never_ours(given: dict[str, Any]) -> None:
    with pytest.raises(DigestMismatch, match="was made from sha256:2"):
        look(target_of(image(9, "0.5.0", "sha256:2", "this")), built(**given))


def test_a_candidate_is_of_one_workflow_run() -> None:
    """A re-run has the same number; by hand, no two runs have the same."""
    job = {"GITHUB_RUN_ID": "4242"}
    assert find_run(Caller("candidate", job)) == "4242"
    for caller in (Caller(None, job), Caller("candidate", {}), Caller("candidate", {"GITHUB_RUN_ID": "1\n"})):
        assert len({find_run(caller), find_run(caller), "4242", "1\n"}) == 4
    assert not is_version(version_tag("0.5.0", "4242"))  # an installer or a floating tag takes it for none
    with pytest.raises(UsageError, match="--digest takes"):
        find_run(Caller(), "0.5.0")


@pytest.mark.parametrize(
    ("others", "done"),
    [
        ({"latest": image(9, "99999.0.0")}, False),
        ({"latest": image(9, "99999.0.0"), "99999.0.0": image(8, "99999.0.0")}, False),
        ({"latest": image(9, "0.6.0"), "0.6.0": image(9, "0.6.0")}, True),
        ({"latest": image(9, "no version")}, False),
    ],
)
def test_a_label_alone_does_not_keep_latest_where_it_is(others: Mapping[str, Image], done: bool) -> None:
    registry = Tags({"0.5.0": image(1, "0.5.0", "sha256:1", "this"), **others})
    target = Target(cast("Registry", registry), "demo", "0.5.0", ("latest",), Oci("registry", {}), follows=True)
    assert move_step(target, "0.5.0", partial(look, target, built()), "latest").observe().done is done


@dataclass
class Listed:
    """An index, as the files of a version."""

    files: Mapping[str, str]
    simple_url: str = "https://packages.example.com/simple/"

    def look(self, *_: str) -> Mapping[str, str]:
        """Return the files of a version."""
        return self.files


@pytest.mark.parametrize(
    ("other", "sha256"),
    [
        ("demo-0.5.0-1-py3-none-any.whl", None),
        ("demo-0.5.0-1-py3-none-any.whl", "a"),
        ("demo-0.5.0.tar.gz", "a"),
    ],
)
def test_a_second_wheel_of_the_version_is_not_installed(other: str, sha256: str | None) -> None:
    """An installer prefers the one with a build tag."""
    wheel = {"demo-0.5.0-py3-none-any.whl": "a"}
    assert find_wheel(cast("Index", Listed(wheel)), "demo", "0.5.0", sha256) == wheel
    with pytest.raises(DigestMismatch, match=other):
        find_wheel(cast("Index", Listed(wheel | {other: "b"})), "demo", "0.5.0", sha256)


@pytest.mark.parametrize(
    ("repository", "accepted"),
    [
        ({"imageTagMutability": "IMMUTABLE"}, True),
        ({"imageTagMutability": "MUTABLE"}, False),
        ({}, False),
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", EXCLUSION: [{"filter": "latest"}]}, True),
        (
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", EXCLUSION: [{"filter": "latest"}, {"filter": "0*"}]},
            False,
        ),
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", EXCLUSION: [{"filter": "*"}]}, False),
        ({"imageTagMutability": "MUTABLE_WITH_EXCLUSION", EXCLUSION: [{"filter": "latest"}]}, False),
        ({"imageTagMutability": "MUTABLE_WITH_EXCLUSION", EXCLUSION: [{"filter": "0.5.0"}]}, True),
    ],
)
def test_a_repository_whose_versions_can_move_is_refused(
    monkeypatch: pytest.MonkeyPatch, repository: dict[str, Any], accepted: bool
) -> None:
    class Client:
        def describe_repositories(self, **_: object) -> dict[str, Any]:
            return {"repositories": [repository]}

        def close(self) -> None:
            pass

    monkeypatch.setattr(ecr, "_ecr", lambda *_: Client())
    account = load_organisation().require_aws()
    if accepted:
        assert ecr.has_ecr_repository(account, "demo", "0.5.0", ())
    else:
        with pytest.raises(AwsRefused, match=r"demo lets the tag 0\.5\.0 move"):
            ecr.has_ecr_repository(account, "demo", "0.5.0", ())


@pytest.mark.parametrize(
    ("repository", "filters"),
    [
        ({"imageTagMutability": "IMMUTABLE"}, ["nightly"]),
        (
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", EXCLUSION: [{"filter": "stable"}, {"filter": "latest"}]},
            ["stable", "latest", "nightly"],
        ),
    ],
)
def test_a_repository_whose_floating_tags_cannot_move_is_refused_before_the_second_release(
    monkeypatch: pytest.MonkeyPatch, repository: dict[str, Any], filters: list[str]
) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html."""

    class Client:
        def describe_repositories(self, **_: object) -> dict[str, Any]:
            return {"repositories": [repository]}

        def close(self) -> None:
            pass

    monkeypatch.setattr(ecr, "_ecr", lambda *_: Client())
    with pytest.raises(AwsRefused, match="demo does not let nightly move") as refused:
        ecr.has_ecr_repository(load_organisation().require_aws(), "demo", "0.5.0", ("nightly",))
    wanted = " ".join(f"filterType=WILDCARD,filter={one}" for one in filters)
    assert f"IMMUTABLE_WITH_EXCLUSION --image-tag-mutability-exclusion-filters {wanted}`" in refused.value.hint
