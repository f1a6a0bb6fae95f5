"""AWS Lambda function of the runner stack that measures the age of the images that jobs run in.

It is deployed as inline code, so it imports nothing from `rnd`. IMAGES is a JSON list of [repository, tag].
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "rnd/runners"
AGE, OLDEST = "ImageAge", "OldestImageAge"


def handler(event: Mapping[str, Any], context: object) -> dict[str, float]:  # noqa: ARG001 - Lambda's signature
    """Publish the age of each image in days, and that of the oldest unless an image is missing.

    Raises:
        RuntimeError: An image is missing. The alarm on the oldest image treats the missing metric as breaching.
    """
    registry, metrics = boto3.client("ecr"), boto3.client("cloudwatch")
    ages, missing = {}, []
    for repository, tag in json.loads(os.environ["IMAGES"]):
        try:
            found = registry.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
        except (registry.exceptions.ImageNotFoundException, registry.exceptions.RepositoryNotFoundException):
            missing.append(f"{repository}:{tag}")
            continue
        pushed = max(image["imagePushedAt"] for image in found["imageDetails"])
        ages[f"{repository}:{tag}"] = (datetime.now(UTC) - pushed).total_seconds() / 86_400
    data = [
        {"MetricName": AGE, "Value": age, "Dimensions": [{"Name": "Image", "Value": name}]}
        for name, age in ages.items()
    ]
    if not missing:
        data.append({"MetricName": OLDEST, "Value": max(ages.values())})
    if data:
        metrics.put_metric_data(Namespace=NAMESPACE, MetricData=data)
    if missing:
        raise RuntimeError(f"Missing images: {', '.join(missing)}.")
    return ages
