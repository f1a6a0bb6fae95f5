"""The scenario `research`: what a research repository meets after its first day."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rnd_rehearsal.fleet import ROVER
from rnd_rehearsal.framework_index import FRAMEWORK, TRAINER
from rnd_rehearsal.research import COOL, FIXED, LOCKED, NOTEBOOK, OLD, VULNERABILITY, start

if TYPE_CHECKING:
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.research import Research

FIRST, SECOND = "1.0.0", "1.1.0"  # releases of the template


def research(actors: Actors) -> None:
    """A model with a CUDA build, a notebook and a private package are released; a vulnerable dependency is upgraded."""
    with start(actors) as there:
        there.configure()
        there.release(FIRST)
        there.fleet.forget_branches()
        given = there.fleet.rnd("promote", FIRST)
        actors.check(f"every repository is to have {FIRST}", given.returncode == 0)
        number = there.create()
        actors.check("the first pull request is green", actors.pull_request(number)["mergeable_state"] == "clean")
        package = work(there, number)
        finding(there, package)
        upgrade(there, package)


def work(there: Research, number: int) -> str:
    """The researcher adds the model, the notebook and the private package; all of it is released."""
    actors = there.actors
    branch = str(actors.pull_request(number)["head"]["ref"])
    actors.git("switch", "--quiet", branch)
    for feature in ("gpu", "notebooks"):
        there.add_feature(feature)
    there.declare_framework()
    package = there.depend_on_private_package()
    there.commit("feat: use a model and a package of ours")
    actors.check("the hooks left the CPU build on this machine", there.build_here() == "cpu")
    there.write_notebook()
    actors.check("a hook removes the outputs of a notebook", there.commit("feat: explore"))
    cells = json.loads(actors.git("show", f"HEAD:{NOTEBOOK}"))["cells"]
    actors.check("the committed notebook has none", [cell["outputs"] for cell in cells] == [[]])
    actors.ask("PATCH", f"/pulls/{number}", {"title": "feat: explore with a model"})
    there.push(branch)
    run = actors.sandbox.runner.runs[-1]
    verdicts = {name: result.verdict for name, result in run.results(("lint-and-test",)).items()}
    actors.check("the tests pass with the CPU build", verdicts.get("lint-and-test") == "success")
    actors.check("and on the GPU machine with the CUDA build", verdicts.get("gpu") == "success")
    actors.check_proposed(number, "0.1.0", heads=2)
    if actors.sandbox.images is not None:
        head = str(actors.pull_request(number)["head"]["sha"])
        (tag,) = [tag for tag in actors.images("dev/") if head.startswith(tag.rpartition("-")[2])]
        actors.check("the development image has the CUDA build", there.build_in_image("dev/", tag) == "cu130")
    actors.merge(number)
    actors.check_released("0.1.0")
    check_image(there, LOCKED)
    return package


def check_image(there: Research, version: str) -> None:
    """Look at the released image, where one is made."""
    actors = there.actors
    if actors.sandbox.images is not None:
        actors.check("the released image has the CUDA build", there.build_in_image() == "cu130")
        look = f"from importlib.metadata import version; print(version({FRAMEWORK!r}))"
        found = actors.sandbox.images.run_python(actors.package, "stable", look)
        actors.check(f"it is {FRAMEWORK} {version}+cu130", found == f"{version}+cu130")


def finding(there: Research, package: str) -> None:
    """The audit reports a vulnerability of a locked package, and sends no private name to the service."""
    actors = there.actors
    ended = there.fleet.rnd("audit")
    said = f"{VULNERABILITY}  high  {FRAMEWORK} {LOCKED}, fixed in {FIXED}"
    actors.check("the audit finds the vulnerability", ended.returncode == 3 and said in ended.stdout)
    actors.check("in this repository", f"in {there.fleet.name(ROVER)}" in ended.stdout)
    actors.check("the service learns no private name", package not in json.dumps(there.advisories.queries))


def upgrade(there: Research, package: str) -> None:
    """The next update brings newer dependencies, except those of the last days, and merges itself."""
    actors = there.actors
    there.publish_newer()
    there.release(SECOND)
    there.fleet.rnd("promote", SECOND)
    opened = there.fleet.rnd("update", "--quiet", signed=there.signed_in_to_aws())
    pulls = there.fleet.pulls(ROVER, "open")
    actors.check("a tick opens one pull request", opened.returncode == 0 and len(pulls) == 1)
    there.fleet.wait()
    for pull in pulls:
        _, failed, reason = pull["body"].partition("**The lock file could not be updated.**")
        actors.check("its lock file is up to date" + reason[:500], not failed)
        actors.check("it is green", actors.pull_request(pull["number"])["mergeable_state"] == "clean")
    there.fleet.rnd("update", "--quiet")
    there.fleet.wait()
    actors.check("the next tick merges it", not there.fleet.pulls(ROVER, "open"))
    found = there.locked(FRAMEWORK)
    actors.check(f"main locks {FRAMEWORK} {FIXED} in both builds", found == {f"{FIXED}+cpu", f"{FIXED}+cu130"})
    actors.check(f"and {TRAINER} {COOL}, as the newest one is too young", there.locked(TRAINER) == {COOL} != {OLD})
    actors.check("the private package is still locked", there.locked(package) == {"1.0.0"})
    actors.check_released("0.1.1")
    check_image(there, FIXED)
    actors.check("the audit finds nothing", there.fleet.rnd("audit").returncode == 0)
