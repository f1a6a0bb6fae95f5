"""A machine keeps base images: a job pulls them by name and downloads nothing, and gets no image but the registry's."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from rnd import process
from rnd.errors import RndError
from rnd.runners.stack.kept_images import JOB
from rnd_rehearsal.cold import base_images, registry_client
from rnd_rehearsal.engine import docker_engine
from rnd_rehearsal.images import Images
from rnd_rehearsal.machine_images import keeps_images, prepare
from rnd_rehearsal.traffic import BASE, Meter
from tests.helpers.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rnd_rehearsal.registry import ImageRegistry

SIZE = 1_000_000  # bytes that do not compress


def build(folder: Path, name: str, engine: Mapping[str, str]) -> None:
    """Build an image of one file."""
    folder.mkdir()
    (folder / "file").write_bytes(random.Random(name).randbytes(SIZE))
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY file /\n")
    process.run("docker", "build", "--quiet", "--tag", name, str(folder), extra=engine)


def test_jobs_download_no_base_image_and_believe_the_registry(all_images: ImageRegistry, tmp_path: Path) -> None:
    meter, behind = Meter(), f"127.0.0.1:{all_images.behind}"
    for repository in ("kept-jobs", "kept-python", "runner"):
        registry_client(Images(all_images, {}, "eu-west-1")).create_repository(repositoryName=repository)
    try:
        with docker_engine() as engine, base_images(all_images, meter) as host:
            for name in ("kept-jobs", "kept-python"):
                build(tmp_path / name, f"{behind}/{name}:1", engine)
                process.run("docker", "push", "--quiet", f"{behind}/{name}:1", extra=engine)
            jobs = f"{host}/kept-jobs:1"
            kept = prepare(tmp_path / "machine", jobs, f"{host}/kept-python:1", behind, host, meter)
            assert 2 * SIZE < kept.started.fetched[BASE] < 2.2 * SIZE
            assert fetched(kept.load, jobs, meter) < SIZE / 10

            # Somebody changed the archive: the image in it is not the one that the registry has under the name.
            build(tmp_path / "other", "other", engine)
            process.run("docker", "save", "--output", str(kept.folder / JOB), "other", extra=engine)
            assert fetched(kept.load, jobs, meter) > SIZE
    except RndError as error:
        pytest.skip(f"no Docker on this machine: {error}")


def fetched(load: object, image: str, meter: Meter) -> int:
    """Return the bytes that a job with a new daemon downloads to get the image of the registry."""
    with docker_engine() as engine:
        assert callable(load)
        load(engine["DOCKER_HOST"], "build")
        before = meter.total()
        process.run("docker", "pull", "--quiet", image, extra=engine)
        count = meter.since(before).fetched[BASE]
        found = process.run("docker", "image", "inspect", "--format", "{{.RepoDigests}}", image, extra=engine)
        assert image.partition(":1")[0].rpartition("/")[2] in found
    return count


def test_earlier_versions_of_the_template_keep_none(tmp_path: Path) -> None:
    assert keeps_images(ROOT)
    assert not keeps_images(tmp_path)
