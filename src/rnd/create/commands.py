"""The arguments of `rnd new`, `setup`, `update` and `doctor`, and what each calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import process, report
from rnd.arguments import add_json_option, add_plan_options
from rnd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from rnd.create.project import Project

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
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="the repository; by default this one"
    )
    add_plan_options(parser)
    parser.set_defaults(run=setup)


def configure_update(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd update`."""
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="the repository; by default this one"
    )
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
    from rnd.create.new import Request, plan_new
    from rnd.create.setup import check_tools
    from rnd.create.template import find_template
    from rnd.names import derive_names
    from rnd.organisation import load_organisation

    check_tools()
    organisation = load_organisation()
    request = Request(
        folder=options.folder.resolve() if options.folder else None,
        data=_data(options),
        ask=not options.defaults and sys.stdin.isatty(),
        template=find_template(options.template, options.vcs_ref, organisation.template.repository),
    )
    with plan_new(request, organisation) as (plan, project):
        names = derive_names(project.name, organisation)
        report.carry_out(plan, options, folder=str(project.folder), names=vars(names))
    if not (options.json or options.quiet or options.only_show):
        _end(project, {"package": names.package, "import": names.import_name})
        if request.template.has_uncommitted_changes():
            print(f"\nIt was made from uncommitted changes of {request.template.source}, and cannot be updated later.")
    return 0


def setup(options: argparse.Namespace) -> int:
    """Finish or repeat the set-up of a repository."""
    from rnd.create.setup import plan_setup

    report.carry_out(plan_setup(options.folder.resolve()), options)
    return 0


def update(options: argparse.Namespace) -> int:
    """Bring later template changes in."""
    from rnd.create.update import plan_update

    ask = not options.defaults and sys.stdin.isatty()
    outcomes = report.carry_out(plan_update(options.folder.resolve(), options.vcs_ref, ask=ask), options)
    changed = any(outcome.step.key == "template" and outcome.result == "applied" for outcome in outcomes)
    if changed and not options.json and not options.quiet:
        print("\nNothing is committed yet: look at `git diff`, then commit.")
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Report what is there and what is missing."""
    from rnd.create.doctor import examine
    from rnd.organisation import load_organisation

    findings = examine(load_organisation())
    if options.json:
        report.print_json([vars(finding) for finding in findings])
    else:
        rows = [(MARKS[finding.state], finding.name, finding.found, finding.remedy) for finding in findings]
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
    print(f"\n{project.name} is ready in {report.place(project.folder)}\n")
    for name, value in facts.items():
        print(f"  {name:<9}{value}")
    print(f"\n  cd {report.place(project.folder)}\n  uv run pytest")
    if not process.on_path("uv"):
        print("\nuv is new here: `uv tool update-shell` puts it on the PATH of every new terminal.")


CONFIGURE = {
    "new": configure_new,
    "setup": configure_setup,
    "update": configure_update,
    "doctor": configure_doctor,
}
