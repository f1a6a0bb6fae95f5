"""The order of the tests: each process gets its part of the long modules first, so that all finish together.

The seconds are those of a processor, with all tests of a module added up; `make test` prints current ones. There is one
process more than cores, because tests wait at times: for a service, a lock, a program. A module that takes 5 seconds or
more belongs here: `make test-fast` leaves it out, and tests of other modules that are marked `slow`, or that need the
synthesised stacks. A missing or outdated line only costs time.

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
    f"{REHEARSAL}/test_scenarios.py": 459,
    f"{REHEARSAL}/test_changed_pipelines.py": 139,
    "tests/project/test_hosting_faults.py": 125,
    "tests/template/test_generated.py": 124,
    f"{REHEARSAL}/test_attacks.py": 100,
    "tests/test_benchmarks.py": 95,
    "tests/test_interruption.py": 81,
    "tests/project/test_hosting_commands.py": 76,
    "tests/runners/stack/test_synthesis.py": 73,
    "tests/project/test_update.py": 70,
    "tests/project/test_new.py": 58,
    "tests/adopt/test_mutants.py": 54,
    "tests/fleet/test_update_limits.py": 54,
    "tests/publish/test_image_faults.py": 54,
    "tests/publish/test_package_faults.py": 50,
    "tests/runners/test_base_image.py": 47,
    "tests/project/test_setup.py": 46,
    f"{REHEARSAL}/test_command.py": 44,
    "tests/fleet/test_faults.py": 43,
    "tests/publish/test_image_layers.py": 43,
    "tests/template/test_stock_copier.py": 41,
    "tests/publish/test_image_secrets.py": 39,
    "tests/test_faults.py": 38,
    "tests/fleet/test_update_faults.py": 37,
    "tests/environments/conda/test_environment.py": 34,
    "tests/publish/test_promotion.py": 34,
    "tests/fleet/test_update.py": 31,
    "tests/project/test_features.py": 31,
    "tests/adopt/test_public_projects.py": 29,
    "tests/publish/test_candidate.py": 29,
    "tests/publish/test_release.py": 29,
    f"{REHEARSAL}/test_channel.py": 26,
    "tests/template/test_editor.py": 26,
    "tests/runners/simulation/test_erlang.py": 23,
    "tests/runners/simulation/test_plot.py": 23,
    f"{REHEARSAL}/test_calls.py": 22,
    "tests/publish/test_image.py": 22,
    "tests/test_page_commands.py": 22,
    "tests/test_report.py": 22,
    "tests/template/test_any_organisation.py": 19,
    "tests/template/test_earlier_versions.py": 19,
    "tests/actions/test_lint_and_test.py": 18,
    f"{REHEARSAL}/test_approval.py": 17,
    "tests/github/settings/test_plan.py": 17,
    "tests/adopt/test_history.py": 16,
    "tests/adopt/test_killed.py": 15,
    "tests/fleet/test_apply.py": 15,
    "tests/template/test_rendering.py": 15,
    "packages/fake-github/tests/fake_github_tests/test_readme.py": 14,
    "tests/fleet/test_rest_faults.py": 14,
    "tests/fleet/test_page.py": 13,
    "tests/version/test_history.py": 13,
    "packages/fake-github/tests/fake_github_tests/test_pulls.py": 12,
    "packages/fake-github/tests/fake_github_tests/test_repositories.py": 12,
    f"{REHEARSAL}/test_runner.py": 12,
    "tests/adopt/test_branch.py": 12,
    "tests/adopt/test_no_code_runs.py": 12,
    "tests/fleet/test_many.py": 12,
    "tests/project/test_github.py": 12,
    "tests/template/test_changed_workflows.py": 12,
    "tests/template/test_workflow_linters.py": 12,
    f"{REHEARSAL}/test_engine.py": 11,
    "tests/publish/test_package_installed.py": 11,
    "packages/fake-github/tests/fake_github_tests/test_graphql.py": 10,
    "tests/fleet/test_update_events.py": 10,
    "tests/test_makefile.py": 10,
    "packages/fake-github/tests/fake_github_tests/test_consistency.py": 9,
    "tests/environments/test_uv.py": 9,
    "tests/fleet/test_update_people.py": 9,
    "tests/test_damaged_files.py": 9,
    "tests/version/test_comment.py": 9,
    "tests/version/test_reachability.py": 9,
    f"{REHEARSAL}/test_artifacts.py": 8,
    f"{REHEARSAL}/test_job_programs.py": 8,
    "tests/ci/test_install.py": 8,
    "tests/fleet/test_status.py": 8,
    "tests/project/test_fault_matrix.py": 8,
    "tests/publish/test_image_refusals.py": 8,
    "tests/template/test_docker.py": 8,
    "packages/fake-github/tests/fake_github_tests/test_gh.py": 7,
    "packages/fake-github/tests/fake_github_tests/test_populate.py": 7,
    "packages/fake-github/tests/fake_github_tests/test_rules.py": 7,
    "tests/fleet/test_events.py": 7,
    "tests/publish/test_package.py": 7,
    "tests/test_readme.py": 7,
    "packages/fake-github/tests/fake_github_tests/test_git_data.py": 6,
    "packages/fake-github/tests/fake_github_tests/test_id_tokens.py": 6,
    "packages/fake-github/tests/fake_github_tests/test_permissions.py": 6,
    f"{REHEARSAL}/test_fakes.py": 6,
    f"{REHEARSAL}/test_machine_images.py": 6,
    "tests/fleet/test_audit.py": 6,
    "tests/fleet/test_defaults.py": 6,
    "tests/publish/test_sbom.py": 6,
    "tests/runners/simulation/test_load.py": 6,
    "tests/runners/simulation/test_model.py": 6,
    "tests/runners/simulation/test_recommendation.py": 6,
    "tests/runners/stack/test_deployed.py": 6,
    "tests/version/test_version_commit.py": 6,
    "packages/fake-github/tests/fake_github_tests/test_limits.py": 5,
    "packages/fake-github/tests/fake_github_tests/test_rules_of_refs.py": 5,
    "tests/actions/test_actions.py": 5,
    "tests/adopt/test_conda.py": 5,
    "tests/adopt/test_credentials.py": 5,
    "tests/ci/test_identity.py": 5,
    "tests/fleet/test_command_line.py": 5,
    "tests/fleet/test_limits.py": 5,
    "tests/fleet/test_update_workers.py": 5,
    "tests/fleet/test_views.py": 5,
    "tests/github/settings/test_special_cases.py": 5,
    "tests/github/settings/test_weakened.py": 5,
    "tests/project/test_repository.py": 5,
    "tests/providers/test_codeartifact.py": 5,
    "tests/publish/test_other_files.py": 5,
    "tests/runners/stack/test_clean_up.py": 5,
    "tests/template/test_conda_image.py": 5,
    "tests/template/test_image_with_extras.py": 5,
    "tests/template/test_questions.py": 5,
    "tests/template/test_research.py": 5,
    "tests/template/test_workflows.py": 5,
    "tests/test_git.py": 5,
    "tests/test_give_actions.py": 5,
    "tests/test_organisation.py": 5,
    "tests/test_recipes.py": 5,
    "tests/version/test_commit_properties.py": 5,
}
SLOW_FIXTURE = "synthesised"
# The long modules with a test that needs one of these stay together: one daemon, with one base image and one cache of
# what has been built, serves them.
ENGINES = {"empty_docker", "empty_buildah", "all_images"}
# Modules whose tests are dealt out one by one, with the tests that take much longer than the others.
APART = {
    f"{REHEARSAL}/test_scenarios.py": {
        "test_existing_repositories_join": 110,
        "test_images_are_made_and_followed": 90,
        "test_one_repository_takes_one_change_after_another": 75,
        "test_it_ends_as_it_should[uv-rerun]": 65,
    }
}


@pytest.hookimpl
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` starts."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the long modules as slow, and put the longest of each process first."""
    blocks: dict[str, list[pytest.Item]] = {}
    short: list[pytest.Item] = []
    of_images = {_module(item) for item in items if ENGINES & set(getattr(item, "fixturenames", ()))}
    for item in items:
        module = _module(item)
        if SLOW_FIXTURE in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
        if module in SECONDS:
            item.add_marker(pytest.mark.slow)
            # The tests of a module share what it makes; the scenarios share nothing.
            key = "images" if module in of_images else item.nodeid if module in APART else module
            blocks.setdefault(key, []).append(item)
        else:
            short.append(item)
    costs = list(zip(_costs(list(blocks.values())), blocks.values(), strict=True))
    items[:] = deal(costs, short, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _module(item: pytest.Item) -> str:
    """Return the path of a test's module."""
    return item.path.relative_to(ROOT).as_posix()


def _costs(blocks: list[list[pytest.Item]]) -> list[float]:
    """Return the seconds of each block: those of its modules, or of a test that is dealt out alone."""
    modules = [{_module(item) for item in block} for block in blocks]
    known = [APART[_module(block[0])].get(block[0].name) if _module(block[0]) in APART else None for block in blocks]
    left: dict[str, float] = dict(SECONDS)
    others: Counter[str] = Counter()
    for names, seconds in zip(modules, known, strict=True):
        for module in names:
            left[module] -= seconds or 0
            others[module] += seconds is None
    return [
        sum(max(left[module], 0) / others[module] for module in names) if seconds is None else seconds
        for names, seconds in zip(modules, known, strict=True)
    ]


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
