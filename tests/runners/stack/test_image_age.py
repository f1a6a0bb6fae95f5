"""The function that measures how old images are, run as Lambda would, against an ECR and a CloudWatch of moto's."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.ecr.models import ecr_backends

from rnd.runners.stack.image_age import AGE, NAMESPACE, OLDEST, handler

IMAGES = [["base", "py3.11-latest"], ["base", "py3.12-latest"], ["runner", "latest"]]


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a generator of nothing
    """An account with nothing in it."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "IMAGES": json.dumps(IMAGES),
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


def push(repository: str, tag: str, days: float) -> None:
    """Push an image, and let it be some days old."""
    registry = boto3.client("ecr")
    if repository not in {one["repositoryName"] for one in registry.describe_repositories()["repositories"]}:
        registry.create_repository(repositoryName=repository)
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/json", "size": 1, "digest": f"sha256:{hash((repository, tag)):064x}"},
        "layers": [],
    }
    registry.put_image(repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest))
    backend = ecr_backends["123456789012"]["eu-west-1"]
    pushed = datetime.now(UTC) - timedelta(days=days)
    image: Any = next(one for one in backend.repositories[repository].images if tag in one.image_tags)
    image.image_pushed_at = pushed


def published() -> dict[str, float]:
    """Return the highest value of each metric, by its name or the image that it is of."""
    metrics = boto3.client("cloudwatch")
    now = datetime.now(UTC)
    found = {}
    for metric in metrics.list_metrics(Namespace=NAMESPACE)["Metrics"]:
        points = metrics.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=metric["MetricName"],
            Dimensions=metric["Dimensions"],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        found[metric["Dimensions"][0]["Value"] if metric["Dimensions"] else metric["MetricName"]] = points[0]["Maximum"]
    return found


def test_the_age_of_each_image_and_of_the_oldest() -> None:
    for (repository, tag), days in zip(IMAGES, (1, 15, 3), strict=True):
        push(repository, tag, days)
    ages = handler({}, None)
    assert ages == pytest.approx({"base:py3.11-latest": 1, "base:py3.12-latest": 15, "runner:latest": 3}, abs=0.01)
    assert published() == pytest.approx(ages | {OLDEST: 15}, abs=0.01)
    assert boto3.client("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"][0]["MetricName"] == AGE


def test_an_image_that_is_missing_leaves_out_the_oldest_so_that_the_alarm_goes_off() -> None:
    push("base", "py3.11-latest", 1)
    with pytest.raises(RuntimeError, match=r"Missing images: base:py3.12-latest, runner:latest"):
        handler({}, None)
    assert list(published()) == ["base:py3.11-latest"]


def test_where_there_is_no_image_at_all_there_is_nothing_to_publish() -> None:
    with pytest.raises(RuntimeError, match=r"base:py3.11-latest, base:py3.12-latest, runner:latest"):
        handler({}, None)
    assert published() == {}
