"""The order of the tests: the longest modules start first, so that several processes finish together.

The seconds are those of one run on two cores, with all tests of a module added up; `make test` prints current ones.
There is one process more than cores, because tests wait at times: for a service, a lock, a program. A module that takes
8 seconds or more belongs here: `make test-fast` leaves it out. A missing or outdated line only costs time.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REHEARSAL = "packages/rnd-rehearsal/tests/rehearsal_tests"
SECONDS = {
    f"{REHEARSAL}/test_scenarios.py": 850,
    "tests/project/test_hosting_faults.py": 250,
    f"{REHEARSAL}/test_changed_pipelines.py": 166,
    "tests/test_benchmarks.py": 59,
    "tests/test_interruption.py": 160,
    "tests/publish/test_image_faults.py": 120,
    "tests/template/test_generated.py": 252,
    "tests/runners/test_base_image.py": 100,
    "tests/template/test_rendering.py": 110,
    "tests/project/test_update.py": 130,
    "tests/publish/test_image.py": 74,
    "tests/publish/test_package_faults.py": 60,
    "tests/project/test_hosting_commands.py": 65,
    f"{REHEARSAL}/test_command.py": 56,
    "tests/publish/test_image_secrets.py": 54,
    "tests/project/test_new.py": 52,
    "tests/template/test_questions.py": 63,
    "tests/project/test_setup.py": 65,
    "tests/runners/simulation/test_erlang.py": 40,
    "tests/github/settings/test_plan.py": 60,
    "tests/template/test_stock_copier.py": 32,
    "tests/runners/stack/test_deployed.py": 29,
    "tests/fleet/test_faults.py": 24,
    "tests/fleet/test_apply.py": 20,
    "tests/fleet/test_page.py": 16,
    "tests/fleet/test_many.py": 12,
    "tests/fleet/test_limits.py": 10,
    "tests/fleet/test_status.py": 10,
    "tests/publish/test_release.py": 29,
    "tests/runners/stack/test_synthesis.py": 28,
    "tests/test_makefile.py": 27,
    "tests/environments/conda/test_environment.py": 26,
    "tests/test_faults.py": 24,
    "tests/test_report.py": 22,
    "tests/publish/test_package.py": 19,
    "tests/actions/test_lint_and_test.py": 19,
    "tests/template/test_changed_workflows.py": 17,
    f"{REHEARSAL}/test_runner.py": 17,
    f"{REHEARSAL}/test_engine.py": 16,
    "tests/template/test_workflow_linters.py": 16,
    "tests/publish/test_image_refusals.py": 16,
    "tests/template/test_conda_image.py": 12,
    "tests/version/test_history.py": 11,
    "packages/fake-github/tests/fake_github_tests/test_pulls.py": 11,
    "tests/project/test_github.py": 10,
    "tests/test_damaged_files.py": 51,
    "tests/template/test_any_organisation.py": 20,
    "tests/actions/test_actions.py": 17,
    "tests/test_git.py": 17,
    "tests/publish/test_promotion.py": 15,
    "tests/version/test_reachability.py": 11,
    "tests/publish/test_other_files.py": 10,
    "tests/publish/test_candidate.py": 10,
    f"{REHEARSAL}/test_calls.py": 15,
    f"{REHEARSAL}/test_channel.py": 15,
    "tests/github/settings/test_special_cases.py": 8,
    "tests/version/test_comment.py": 9,
    "tests/runners/simulation/test_plot.py": 9,
    "tests/template/test_workflows.py": 8,
    "tests/ci/test_install.py": 8,
}


@pytest.hookimpl
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` starts."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the long modules as slow, and put the longest first."""
    seconds = {item: SECONDS.get(item.path.relative_to(ROOT).as_posix(), 0) for item in items}
    for item in items:
        if seconds[item]:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: -seconds[item])
