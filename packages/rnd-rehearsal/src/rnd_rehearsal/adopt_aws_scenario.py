"""The scenario `adopt-aws`: a repository with a name of its own publishes once `aws.adopted` in org.yml lists it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.organisation import load_organisation
from rnd_rehearsal import template
from rnd_rehearsal.adopt_scenario import begin, join, propose, update, wait
from rnd_rehearsal.base_image import PYTHON
from rnd_rehearsal.cloud import stack
from rnd_rehearsal.runs import iterate_logs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.newcomer import Kind, Newcomer


def adopt_aws(actors: Actors, kinds: Iterable[Kind] = ()) -> None:
    """The first repository is refused until it is listed; the others are listed from the beginning.

    Args:
        actors: The users of the sandbox, whose organisation has an AWS account.
        kinds: The repositories; by default those of `adopt`.
    """
    central, there = begin(actors, kinds)
    first, *others = there
    register(others)
    for one in there:
        propose(one, "--data", f"python_version={PYTHON}")  # of which there is a base image
    (opened,) = first.ask("GET", "/pulls")
    first.check("its test passes before and after", "1 passed before, 1 passed after." in opened["body"])
    wait(there)
    refused(first)
    register([first])
    first.run_again(first.runs[-1])
    join(there)
    update(central, there, releases=False)


def register(there: Iterable[Newcomer]) -> None:
    """List repositories with their packages in org.yml, and deploy the publishing stack."""
    for one in there:
        sandbox, name = one.sandbox, one.kind.name
        one.report(f"org.yml lists {name} under aws.adopted, and the publishing stack is deployed")
        path = sandbox.checkout / template.ORGANISATION
        adopted = {**load_organisation(path).require_aws().adopted, name: name}
        text = template.with_values(path.read_text(encoding="utf-8"), {("aws", "adopted"): adopted})
        path.write_text(text, encoding="utf-8")
        hosted = sandbox.hub.state.repository(sandbox.template)
        if hosted is None:
            raise LookupError(f"There is no repository {sandbox.template}.")
        place = sandbox.folder / f"broker-{len(adopted)}"
        stack.deploy(sandbox.cloud, sandbox.hub, load_organisation(path), {}, str(hosted.id), place)


def refused(one: Newcomer) -> None:
    """Nothing of a repository that is not listed is published, and a job says which line lists it."""
    (opened,) = one.ask("GET", "/pulls")
    name, found = one.kind.name, one.conclusions(opened["head"]["sha"])
    one.check(f"{name}: without its line in org.yml, the pull request is not green", found["all-green"] == "failure")
    said = "".join(log for _, _, log in iterate_logs(one.runs))
    one.check("a job names the line", f"aws.adopted: {{{name}: " in said)
    files = {*one.sandbox.index.content(), *one.sandbox.development.content()}
    one.check("it has published no wheel", not any(file.startswith(name.replace("-", "_")) for file in files))
    one.check("and no image", one.images("dev/") == {})
