"""The workflow that shows a new organisation its machines."""

from __future__ import annotations

import json
import re

from rnd.organisation import load_organisation
from rnd.runners.base_image import list_outputs
from rnd_rehearsal import workflow_files
from tests.helpers.machine import ACME, ROOT


def test_each_class_has_a_job_in_the_image_of_jobs() -> None:
    """The machines come from org.yml, so that an organisation edits no workflow."""
    organisation = load_organisation(ACME)
    machines = json.loads(list_outputs(organisation, [])["machines"])
    classes = organisation.runners.classes
    assert {one["class"]: (one["labels"], one["gpus"]) for one in machines} == {
        name: (one.labels, one.gpus) for name, one in classes.items()
    }
    assert {one["image"] for one in machines} == {organisation.image_registry.job_image(organisation.python.default)}
    jobs = workflow_files.load((ROOT / ".github/workflows/smoke_test.yml").read_text())["jobs"]
    used = set(re.findall(r"matrix\.(\w+)", str(jobs["machine"])))
    assert used == set(machines[0])


def test_the_image_of_jobs_asks_for_the_gpu() -> None:
    """The toolkit passes a GPU to images that set these, and to no others."""
    last = (ROOT / "images/Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "NVIDIA_VISIBLE_DEVICES=all" in last
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in last
