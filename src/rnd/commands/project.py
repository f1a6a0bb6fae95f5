"""The arguments of `rnd new`, `setup`, `update` and `doctor`, and what each calls."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import process, report
from rnd.errors import ExitCode, Interrupted, RndError, UsageError
from rnd.options import add_folder_argument, add_json_option, add_plan_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from rnd.answers import Project
    from rnd.organisation import Organisation
    from rnd.plan import Plan
    from rnd.project.hosting import Hosting

MARKS = {"ok": "✓", "missing": "✗", "optional": "·"}


def configure_new(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd new`."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="where to make it; by default ./ and the repository's name",
    )
    parser.add_argument(
        "-d", "--data", action="append", default=[], metavar="NAME=VALUE", help="answer a question beforehand"
    )
    parser.add_argument("--data-file", type=Path, metavar="FILE", help="answer questions beforehand, from a YAML file")
    parser.add_argument("--defaults", action="store_true", help="ask nothing, and take the defaults")
    parser.add_argument("--template", metavar="SOURCE", help="another template: an address or a folder")
    parser.add_argument("--vcs-ref", metavar="REF", help="branch, tag or commit of the template")
    add_plan_options(parser)
    parser.set_defaults(run=new)


def configure_setup(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd setup`."""
    add_folder_argument(parser)
    parser.add_argument(
        "--keep",
        action="store_true",
        help="end well once the folder is whole, whatever becomes of GitHub: copier removes a folder whose task failed",
    )
    add_plan_options(parser)
    parser.set_defaults(run=setup)


def configure_environment(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd environment`."""
    add_folder_argument(parser)
    parser.add_argument(
        "--github-environment",
        action="store_true",
        help="also let the later steps of a GitHub Actions job run its programs by name",
    )
    add_plan_options(parser)
    parser.set_defaults(run=environment)


def configure_update(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd update`."""
    add_folder_argument(parser)
    parser.add_argument("--defaults", action="store_true", help="ask nothing new, and take the defaults")
    parser.add_argument("--vcs-ref", metavar="REF", help="another version of the template than its newest release")
    add_plan_options(parser)
    parser.set_defaults(run=update)


def configure_doctor(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd doctor`."""
    add_json_option(parser)
    parser.set_defaults(run=doctor)


def new(options: argparse.Namespace) -> int:
    """Make a repository."""
    from rnd.names import derive_names
    from rnd.organisation import load_organisation
    from rnd.project.new import Request, plan_new
    from rnd.project.setup import check_tools
    from rnd.project.template import find_template

    check_tools(("git",))
    organisation = load_organisation()
    request = Request(
        folder=options.folder.resolve() if options.folder else None,
        data=_data(options),
        ask=not options.defaults and sys.stdin.isatty(),
        template=find_template(options.template, options.vcs_ref, organisation.template.repository),
        host=partial(_host, options, organisation),
    )
    with plan_new(request, organisation) as (plan, project, hosting):
        names = derive_names(project.name, organisation)
        facts: dict[str, object] = {"folder": str(project.folder), "names": vars(names)}
        _carry_out(plan, options, hosting, facts)
    if not (options.json or options.quiet or options.only_show):
        _end(project, {"package": names.package, "import": names.import_name, **(hosting.links if hosting else {})})
        if request.template.has_uncommitted_changes():
            print(f"\nIt was made from uncommitted changes of {request.template.source}, and cannot be updated later.")
    return 0


def setup(options: argparse.Namespace) -> int:
    """Finish or repeat the set-up of a repository."""
    from rnd import git
    from rnd.organisation import load_organisation
    from rnd.project.setup import check_setup, plan_setup

    project = check_setup(options.folder.resolve())
    # Copier runs its task for `recopy` too, which is not to touch GitHub: there, and where a copy is repeated, the
    # repository is older than the run.
    left_alone = options.keep and git.head(project.folder) is not None
    hosting = None if left_alone else _host(options, load_organisation(), project)
    try:
        _carry_out(plan_setup(project, hosting), options, hosting, {})
    except (RndError, KeyboardInterrupt) as error:
        if not options.keep or hosting is None or not hosting.begun:
            raise
        stopped = error if isinstance(error, RndError) else hosting.explain(Interrupted("Interrupted."))
        report.print_error(stopped, as_json=options.json)
    else:
        if hosting and not (options.json or options.quiet or options.only_show):
            _say_links(hosting)
    return 0


def _host(options: argparse.Namespace, organisation: Organisation, project: Project) -> Hosting | None:
    """Open a project's way to GitHub, if it was asked for."""
    if not project.on_github:
        return None
    import os

    from rnd.project.hosting import open_hosting

    report.tell_retries(quiet=options.quiet)
    return open_hosting(project, organisation, os.environ, ask=sys.stdin.isatty() and not options.only_show)


def _carry_out(plan: Plan, options: argparse.Namespace, hosting: Hosting | None, facts: dict[str, object]) -> None:
    """Carry a plan out; whatever stops it on its way to GitHub also says how to go on, and how to give up."""
    if hosting is None:
        report.carry_out(plan, options, **facts)
        return
    try:
        report.carry_out(plan, options, **facts, github=hosting.links)
    except RndError as error:
        raise hosting.explain(error) if hosting.begun else error from None
    except KeyboardInterrupt:
        if not hosting.begun:
            raise
        raise hosting.explain(Interrupted("Interrupted.")) from None
    finally:
        hosting.close()


def _say_links(hosting: Hosting) -> None:
    print()
    for name, address in hosting.links.items():
        print(f"  {name.replace('_', ' '):<13}{address}")


def environment(options: argparse.Namespace) -> int:
    """Install the environment that the lock file says."""
    from rnd.ci.install import give_to_later_steps, plan_environment

    folder = options.folder.resolve()
    report.carry_out(plan_environment(folder), options)
    if options.github_environment and not options.only_show:
        give_to_later_steps(folder)
    return 0


def update(options: argparse.Namespace) -> int:
    """Bring later template changes in."""
    from rnd.project.update import plan_update

    ask = not options.defaults and sys.stdin.isatty()
    outcomes = report.carry_out(plan_update(options.folder.resolve(), options.vcs_ref, ask=ask), options)
    changed = any(outcome.step.key == "template" and outcome.result == "applied" for outcome in outcomes)
    if changed and not options.json and not options.quiet:
        print("\nNothing is committed yet: look at `git diff`, then commit.")
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Report what is there and what is missing."""
    from rnd.doctor.accounts import examine_accounts
    from rnd.doctor.machine import examine
    from rnd.organisation import load_organisation

    organisation = load_organisation()
    findings = (*examine(organisation), *examine_accounts(organisation))
    if options.json:
        report.print_json([vars(finding) for finding in findings])
    else:
        rows = [(MARKS[finding.state], finding.name, finding.found, finding.hint) for finding in findings]
        report.print_table(("", "needed", "found", "what to do"), rows)
    return ExitCode.DIFFERENCE if any(finding.state == "missing" for finding in findings) else ExitCode.DONE


def _data(options: argparse.Namespace) -> dict[str, object]:
    """Return the answers given beforehand, those of --data before those of the file."""
    import yaml

    data: dict[str, object] = {}
    if options.data_file:
        try:
            read = yaml.safe_load(options.data_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise UsageError(f"--data-file {options.data_file}: {error}.") from error
        if not isinstance(read, dict):
            raise UsageError(f"--data-file {options.data_file} holds no answers: it should read `name: value`.")
        data.update(read)
    for pair in options.data:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UsageError(f"--data {pair} should read NAME=VALUE.")
        data[name] = value
    return data


def _end(project: Project, facts: Mapping[str, str]) -> None:
    from rnd.environments.environment import environment_of

    environment = environment_of(project)
    print(f"\n{project.name} is ready in {report.place(project.folder)}\n")
    width = max(map(len, facts)) + 2
    for name, value in facts.items():
        print(f"  {name.replace('_', ' '):<{width}}{value}")
    print(f"\n  cd {report.place(project.folder)}\n  {environment.invitation}")
    if "uv" in environment.programs and not process.on_path("uv"):
        print("\nuv is new here: `uv tool update-shell` puts it on the PATH of every new terminal.")


CONFIGURE = {
    "new": configure_new,
    "setup": configure_setup,
    "environment": configure_environment,
    "update": configure_update,
    "doctor": configure_doctor,
}
