"""What has to fit between a workflow and what it calls, as rules that each yield what does not.

GitHub finds a missing input, output, secret or permission when the workflow runs, in every repository at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd_rehearsal.jobs import FAKES
from tests.helpers.workflows import ACTIONS, levels, load, outputs_of_script, references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.helpers.workflows import Job, Step, Workflow

    Rule = Callable[[Workflow, str], Iterator[str]]

LONGEST = 60  # minutes
# Works on every repository of the organisation, one after the other; GitHub ends any job after 360 minutes.
LONGER = {("fleet.yml", "apply"): 350}


def faults(workflow: Workflow, central: str) -> list[str]:
    """Return everything that does not fit.

    Args:
        workflow: The caller.
        central: What the name of a central action begins with, such as `owner/name/actions/`.
    """
    return [f"{workflow.path.name}: {fault}" for rule in RULES for fault in rule(workflow, central)]


def whole_workflow_has_no_permission(workflow: Workflow, _: str) -> Iterator[str]:
    if workflow.data["permissions"] != {}:
        yield "the whole workflow has permissions"
    if {"pull_request_target", "workflow_run"} & set(workflow.data["on"]):
        yield "it would run with the rights of the base on the code of a fork"


def each_job_says_what_it_may_and_how_long(workflow: Workflow, _: str) -> Iterator[str]:
    for job in workflow.jobs.values():
        if not job.data.get("name") or "permissions" not in job.data:
            yield f"{job.name} has no name or no permissions"
        longest = LONGER.get((workflow.path.name, job.name), LONGEST)
        if job.callee is None and not 0 < job.data.get("timeout-minutes", 0) <= longest:
            yield f"{job.name} may take for ever"


def called_workflow_gets_what_it_needs_and_nothing_else(workflow: Workflow, _: str) -> Iterator[str]:
    for job in workflow.jobs.values():
        if (callee := job.callee) is None:
            continue
        for kind, key in (("inputs", "with"), ("secrets", "secrets")):
            declared, given = callee.interface[kind], passed(job.data.get(key, {}), callee.interface[kind])
            needed = {name for name, one in declared.items() if one.get("required")}
            for name in sorted(given - set(declared)) + sorted(needed - given):
                yield f"{job.name} and {callee.path.name} do not agree on {name} of its {kind}"
        for called in callee.jobs.values():
            granted = levels(job.data["permissions"])
            for scope, level in levels(called.data["permissions"]).items():
                if level > granted.get(scope, 0):
                    yield f"{job.name} lacks {scope} for {callee.path.name}, so GitHub starts nothing at all"


def passed(given: Mapping[str, object] | str, declared: Mapping[str, object]) -> set[str]:
    """Return the names that a job passes; `secrets: inherit` passes all."""
    return set(declared) if given == "inherit" else set(given)


def job_reads_only_what_jobs_that_it_needs_give(workflow: Workflow, _: str) -> Iterator[str]:
    for job in workflow.jobs.values():
        for name, output in references(job.data, "needs"):
            if name not in job.needs:
                yield f"{job.name} reads from {name}, which it does not need"
            elif output not in workflow.jobs[name].outputs:
                yield f"{job.name} reads {output} of {name}, which does not give it"


def central_action_gets_what_it_needs_and_nothing_else(workflow: Workflow, central: str) -> Iterator[str]:
    for job in workflow.jobs.values():
        for name, given in central_actions(job, central):
            declared = load(ACTIONS / name / "action.yml").get("inputs", {})
            needed = {key for key, one in declared.items() if one.get("required")}
            for key in sorted(given - set(declared)) + sorted(needed - given):
                yield f"{job.name} and the action {name} do not agree on {key}"


def action_from_elsewhere_gets_what_it_needs_and_nothing_else(workflow: Workflow, _: str) -> Iterator[str]:
    for job in workflow.jobs.values():
        for step in job.steps:
            for key in disagreements(step):
                yield f"{job.name} and {step.uses.partition('@')[0]} do not agree on {key}"


def disagreements(step: Step) -> list[str]:
    """Return the inputs that a step passes and an action from elsewhere lacks, and those that it needs and lacks.

    Linters know an action's inputs by its version, not by a commit. What stands in for it in rehearsals has its inputs.
    """
    published = FAKES / step.uses.partition("@")[0] / "action.yml"
    if step.uses.startswith("./") or not published.exists():
        return []
    declared, given = load(published)["inputs"], set(step.given)
    needed = {name for name, one in declared.items() if one.get("required")}
    return sorted(given - set(declared)) + sorted(needed - given)


def what_is_read_from_a_step_is_there(workflow: Workflow, central: str) -> Iterator[str]:
    for job in workflow.jobs.values():
        steps = {step.data["id"]: step for step in job.steps if "id" in step.data}
        for name, output in references(job.data, "steps"):
            if name not in steps or output not in outputs(steps[name], central):
                yield f"{job.name} reads {output} of the step {name}, which does not give it"


def set_up_comes_first(workflow: Workflow, central: str) -> Iterator[str]:
    for job in workflow.jobs.values():
        if [name for name, _ in central_actions(job, central)][:1] not in ([], ["set-up"]):
            yield f"{job.name} does not set up"


def no_checkout_leaves_a_credential_behind(workflow: Workflow, _: str) -> Iterator[str]:
    for job in workflow.jobs.values():
        for step in job.steps:
            if step.uses.startswith("actions/checkout@") and step.given.get("persist-credentials") is not False:
                yield f"{job.name} leaves a credential behind"


def gate_needs_every_other_job(workflow: Workflow, _: str) -> Iterator[str]:
    gate = workflow.jobs.get("all-green")
    if gate is not None and (gate.data["if"], set(gate.needs)) != ("always()", set(workflow.jobs) - {gate.name}):
        yield "the gate lets something pass"


def queue_is_one_that_github_knows(workflow: Workflow, _: str) -> Iterator[str]:
    """Neither actionlint nor act knows `queue` yet; GitHub has it since May 2026, and refuses it beside cancelling."""
    concurrency = workflow.data.get("concurrency", {})
    if concurrency.get("queue", "single") not in {"single", "max"} or {"queue", "cancel-in-progress"} <= set(
        concurrency
    ):
        yield "GitHub refuses this concurrency"


def central_actions(job: Job, central: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the central actions that a job calls, each with the inputs that it passes."""
    for step in job.steps:
        if step.uses.startswith(central):
            yield action_of(step.uses, central), set(step.given)


def outputs(step: Step, central: str) -> set[str]:
    """Return what a step of a workflow gives to later ones."""
    if step.uses.startswith(central):
        return set(load(ACTIONS / action_of(step.uses, central) / "action.yml").get("outputs", {}))
    return outputs_of_script(step)


def action_of(uses: str, central: str) -> str:
    """Return the name of a central action."""
    return uses.removeprefix(central).partition("@")[0]


RULES: tuple[Rule, ...] = (
    whole_workflow_has_no_permission,
    each_job_says_what_it_may_and_how_long,
    called_workflow_gets_what_it_needs_and_nothing_else,
    job_reads_only_what_jobs_that_it_needs_give,
    central_action_gets_what_it_needs_and_nothing_else,
    action_from_elsewhere_gets_what_it_needs_and_nothing_else,
    what_is_read_from_a_step_is_there,
    set_up_comes_first,
    no_checkout_leaves_a_credential_behind,
    gate_needs_every_other_job,
    queue_is_one_that_github_knows,
)
