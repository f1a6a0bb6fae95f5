"""The workflow that shows a new organisation its machines."""

from __future__ import annotations

from rnd.organisation import load_organisation
from rnd_rehearsal import workflow_files
from tests.helpers.machine import ROOT


def test_each_class_has_a_job_in_the_image_of_jobs() -> None:
    organisation = load_organisation()
    jobs = workflow_files.load((ROOT / ".github/workflows/smoke_test.yml").read_text())["jobs"]
    classes = organisation.runners.classes
    assert {name: job["runs-on"] for name, job in jobs.items()} == {name: one.labels for name, one in classes.items()}
    image = organisation.image_registry.job_image(organisation.python.default)
    assert {job["container"] for job in jobs.values()} == {image}
    shows_gpu = {name for name, job in jobs.items() if any("nvidia-smi" in step["run"] for step in job["steps"])}
    assert shows_gpu == {name for name, one in classes.items() if one.gpus}


def test_the_image_of_jobs_asks_for_the_gpu() -> None:
    """The toolkit passes a GPU to images that set these, and to no others."""
    last = (ROOT / "images/Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "NVIDIA_VISIBLE_DEVICES=all" in last
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in last
