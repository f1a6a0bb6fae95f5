"""The order of the tests: each process gets its part of the long modules first, so that all finish together.

The seconds are those of a processor, with all tests of a module added up; `make test` prints current ones. There is one
process more than cores, because tests wait at times: for a service, a lock, a program. A module that takes 5 seconds or
more belongs here: `make test-fast` leaves it out. A missing or outdated line only costs time.

pytest-xdist gives each process an equal number of tests, in their order, and one that is done takes half of what
another one has left (https://pytest-xdist.readthedocs.io/en/stable/distribution.html, worksteal). In the plain order,
the first process would get all long modules, and its last two tests, which cannot be taken, could be long ones.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pytest

Item = TypeVar("Item")

ROOT = Path(__file__).parents[2]
REHEARSAL = "packages/rnd-rehearsal/tests/rehearsal_tests"
SECONDS = {
    f"{REHEARSAL}/test_scenarios.py": 640,
    f"{REHEARSAL}/test_changed_pipelines.py": 128,
    "tests/project/test_hosting_faults.py": 120,
    "tests/test_interruption.py": 95,
    "tests/test_benchmarks.py": 84,
    "tests/template/test_generated.py": 80,
    "tests/project/test_new.py": 79,
    "tests/project/test_update.py": 75,
    f"{REHEARSAL}/test_attacks.py": 66,
    "tests/publish/test_image_faults.py": 65,
    "tests/template/test_questions.py": 60,
    "tests/fleet/test_update_workers.py": 54,
    "tests/publish/test_image_secrets.py": 52,
    "tests/publish/test_package_faults.py": 50,
    "tests/project/test_hosting_commands.py": 45,
    "tests/project/test_setup.py": 45,
    "tests/environments/conda/test_environment.py": 41,
    "tests/runners/test_base_image.py": 40,
    "tests/fleet/test_update.py": 40,
    f"{REHEARSAL}/test_command.py": 39,
    "tests/template/test_stock_copier.py": 37,
    "tests/test_damaged_files.py": 32,
    "tests/publish/test_image.py": 30,
    "tests/template/test_any_organisation.py": 28,
    "tests/project/test_features.py": 27,
    "tests/publish/test_promotion.py": 27,
    "tests/template/test_rendering.py": 26,
    "tests/publish/test_package.py": 22,
    f"{REHEARSAL}/test_calls.py": 20,
    "tests/test_organisation.py": 20,
    "tests/template/test_earlier_versions.py": 19,
    "tests/actions/test_lint_and_test.py": 19,
    "tests/runners/stack/test_clean_up.py": 18,
    f"{REHEARSAL}/test_channel.py": 16,
    "tests/fleet/test_apply.py": 16,
    "tests/fleet/test_update_limits.py": 16,
    "tests/runners/simulation/test_erlang.py": 15,
    "tests/project/test_github.py": 15,
    "tests/github/settings/test_plan.py": 14,
    "packages/fake-github/tests/fake_github_tests/test_readme.py": 13,
    "tests/version/test_comment.py": 13,
    "tests/runners/stack/test_deployed.py": 12,
    "tests/publish/test_release.py": 12,
    "tests/runners/simulation/test_plot.py": 12,
    "tests/fleet/test_rest_faults.py": 12,
    "tests/runners/stack/test_synthesis.py": 11,
    "tests/test_makefile.py": 11,
    "tests/template/test_changed_workflows.py": 11,
    "tests/publish/test_image_refusals.py": 11,
    "tests/test_readme.py": 11,
    "packages/fake-github/tests/fake_github_tests/test_pulls.py": 11,
    "tests/fleet/test_faults.py": 10,
    "tests/test_faults.py": 10,
    "tests/template/test_workflow_linters.py": 10,
    "tests/fleet/test_many.py": 10,
    f"{REHEARSAL}/test_engine.py": 10,
    "packages/fake-github/tests/fake_github_tests/test_graphql.py": 10,
    "tests/publish/test_other_files.py": 10,
    f"{REHEARSAL}/test_runner.py": 10,
    "packages/fake-github/tests/fake_github_tests/test_consistency.py": 10,
    "tests/test_report.py": 10,
    "tests/fleet/test_status.py": 9,
    "tests/template/test_workflows.py": 8,
    "tests/actions/test_actions.py": 8,
    "tests/test_git.py": 8,
    "tests/template/test_conda_image.py": 8,
    "tests/version/test_history.py": 8,
    "tests/fleet/test_limits.py": 8,
    "tests/fleet/test_defaults.py": 8,
    "tests/ci/test_install.py": 8,
    "tests/ci/test_identity.py": 8,
    "tests/github/settings/test_special_cases.py": 8,
    "tests/version/test_reachability.py": 8,
    "packages/fake-github/tests/fake_github_tests/test_repositories.py": 8,
    "tests/fleet/test_page.py": 7,
    "packages/fake-github/tests/fake_github_tests/test_populate.py": 7,
    "tests/project/test_fault_matrix.py": 7,
    f"{REHEARSAL}/test_fakes.py": 6,
    "tests/providers/test_codeartifact.py": 6,
    "tests/publish/test_candidate.py": 6,
    "packages/fake-github/tests/fake_github_tests/test_permissions.py": 6,
    f"{REHEARSAL}/test_artifacts.py": 6,
    "tests/environments/test_uv.py": 6,
    "tests/fleet/test_command_line.py": 6,
    "packages/fake-github/tests/fake_github_tests/test_id_tokens.py": 5,
}
APART = {f"{REHEARSAL}/test_scenarios.py"}


@pytest.hookimpl
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` starts."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the long modules as slow, and put the longest of each process first."""
    blocks: dict[str, list[pytest.Item]] = {}
    short: list[pytest.Item] = []
    for item in items:
        module = item.path.relative_to(ROOT).as_posix()
        if module in SECONDS:
            item.add_marker(pytest.mark.slow)
            # The tests of a module share what it makes; the scenarios share nothing.
            blocks.setdefault(item.nodeid if module in APART else module, []).append(item)
        else:
            short.append(item)
    tests = Counter(item.path for block in blocks.values() for item in block)
    costs = [
        (SECONDS[item.path.relative_to(ROOT).as_posix()] * len(block) / tests[item.path], block)
        for block in blocks.values()
        for item in block[:1]
    ]
    items[:] = deal(costs, short, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def deal(blocks: list[tuple[float, list[Item]]], short: list[Item], processes: int) -> list[Item]:
    """Return all tests in an order whose equal parts take equally long, each with its longest tests first.

    Args:
        blocks: Seconds, and the tests that stay together.
        short: The tests that take hardly any time; they make the parts equal in number.
        processes: How many parts there are.
    """
    hands: list[tuple[list[float], list[Item]]] = [([], []) for _ in range(processes)]
    for seconds, block in sorted(blocks, key=lambda one: -one[0]):
        costs, hand = min(hands, key=lambda one: sum(one[0]))
        costs.append(seconds)
        hand += block
    left, rest = sum(len(block) for _, block in blocks) + len(short), iter(short)
    for number, (_, hand) in enumerate(hands):
        size = left // (processes - number)
        hand.extend(islice(rest, max(0, size - len(hand))))
        left -= len(hand)
    return [item for _, hand in hands for item in hand]
