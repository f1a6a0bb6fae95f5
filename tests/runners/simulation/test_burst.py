"""What many pull requests at once cost on the machines of org.yml."""

from __future__ import annotations

from rnd.organisation import load_organisation
from rnd.runners.simulation.burst import JOBS, SECONDS, burst, cost_text


def test_machines_are_the_floor() -> None:
    organisation = load_organisation()
    most = next(iter(organisation.runners.classes.values())).maximum
    found = burst(organisation, 1000)
    assert found.seconds >= 1000 * JOBS * SECONDS / most
    assert found.machine_hours <= most * found.seconds / 3600
    assert found.cost > 0
    assert burst(organisation, 100).seconds < found.seconds / 9


def test_nothing_costs_nothing() -> None:
    found = burst(load_organisation(), 0)
    assert (found.machine_hours, found.cost, found.seconds) == (0.0, 0.0, 0.0)


def test_in_words() -> None:
    said = cost_text(load_organisation(), 12)
    assert said.startswith("12 pull requests, 144 jobs: ")
    assert " machine-hours, " in said
    assert cost_text(load_organisation(), 1).startswith("1 pull request, ")
