"""What somebody else has put into the image registry is not believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

from rnd.errors import AwsRefused
from rnd.organisation import load_organisation
from rnd.providers import ecr
from rnd.providers.oci import Oci
from rnd.publish.floating import VERSION, move_step
from rnd.publish.image import INPUTS, look
from rnd.publish.registry import Image, Registry
from rnd.publish.target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnd.publish.inputs import Inputs

EXCLUSION = "imageTagMutabilityExclusionFilters"


def image(number: int, version: str, made_from: str = "") -> Image:
    """Return an image that says of itself which version it is."""
    return Image(f"sha256:{number:064}", "application/json", b"", {VERSION: version, INPUTS: made_from})


@dataclass
class Tags:
    """A registry, as tags that name images."""

    images: dict[str, Image] = field(default_factory=dict)

    def look(self, _: str, tag: str) -> Image | None:
        """Return what a tag names."""
        return self.images.get(tag)


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
    inputs = cast("Inputs", type("Made", (), {"digest": "sha256:1", "version": "0.5.0"})())
    registry = Tags({"0.5.0": image(1, "0.5.0", "sha256:1"), **others})
    target = Target(cast("Registry", registry), "demo", "0.5.0", ("latest",), Oci("registry", {}), follows=True)
    assert move_step(target, "0.5.0", partial(look, target, inputs), "latest").observe().done is done


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
