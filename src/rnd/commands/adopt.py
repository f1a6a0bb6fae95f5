"""`rnd adopt`: let an existing repository join."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from rnd.errors import ExitCode
from rnd.options import add_folder_argument, add_plan_options, select

if TYPE_CHECKING:
    import argparse

    from rnd.adopt.adoption import Adoption
    from rnd.organisation import Organisation


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd adopt`."""
    add_folder_argument(parser)
    parser.add_argument(
        "-d", "--data", action="append", default=[], metavar="NAME=VALUE", help="answer what the files do not say"
    )
    parser.add_argument(
        "--run-its-code", action="store_true", help="permit builds and tests, which run code of the repository"
    )
    parser.add_argument("--pull-request", action="store_true", help="push the branch and open the pull request")
    parser.add_argument("--template", metavar="SOURCE", help="another template: a URL or a folder")
    parser.add_argument("--vcs-ref", metavar="REF", help="branch, tag or commit of the template")
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Analyse the repository; without --plan, make the branch and open its pull request."""
    import os

    from rnd import report
    from rnd.adopt.adoption import Adoption, repository_name
    from rnd.adopt.answers import answer_facts, python_points, settle
    from rnd.adopt.build import build_archive
    from rnd.adopt.computed import settle_computed
    from rnd.adopt.reading import analyse
    from rnd.adopt.report import describe, print_analysis
    from rnd.adopt.repository import headers, look
    from rnd.commands.new import read_data
    from rnd.github.client import find_addresses
    from rnd.organisation import load_organisation
    from rnd.project.template import find_template

    organisation = load_organisation()
    existing = look(options.folder.resolve(), organisation.template.repository)
    found = analyse(existing.tree, existing.tag, existing.branch)
    data = read_data(options.data)
    if options.run_its_code and found.blocked:
        settle_computed(found, build_archive(existing.root, existing.commit), existing.tree)
    settle(found, data)
    found.others["headers"] = headers(existing.root, existing.commit, organisation.copyright, existing.tree)
    found.points += python_points(found, organisation.python.versions)
    if not options.only_show:
        template = find_template(options.template, options.vcs_ref, organisation.template.repository)
        return _apply(Adoption(existing, found, data, template, options.run_its_code), organisation, options)
    name = repository_name(existing.root, find_addresses(os.environ))
    answers = {} if found.blocked else answer_facts(found, data, organisation.python.versions, name)
    if options.json:
        report.print_json(describe(existing, found, answers))
    else:
        print_analysis(existing, found, answers, ran=options.run_its_code)
    return ExitCode.DIFFERENCE if found.points else ExitCode.DONE


def _apply(adoption: Adoption, organisation: Organisation, options: argparse.Namespace) -> int:
    """Make the branch, prove it, and open the pull request if that is asked for."""
    import os
    import sys

    from rnd import report
    from rnd.adopt.pull_request import pull_request_steps, settings_points
    from rnd.github.client import find_addresses
    from rnd.github.repository import find_repository
    from rnd.github.sign_in import connect
    from rnd.plan import Plan
    from rnd.project.setup import check_tools

    adoption.check()
    check_tools(("git", "uv"))
    steps = [adoption.branch_step(adoption.answers(organisation, find_addresses(os.environ)))]
    root = adoption.existing.root
    with ExitStack() as stack:
        if options.pull_request:
            ask = sys.stdin.isatty()
            client = stack.enter_context(connect(os.environ, organisation.github.client_id, ask=ask))
            repository = find_repository(root, os.environ, client.addresses)
            adoption.found.points += settings_points(client, repository, organisation.github)
            steps += pull_request_steps(client, repository, root, adoption.existing.branch, adoption.describe)
        plan = Plan(f"let {root.name} join", tuple(steps))
        outcomes = report.carry_out(plan, select(report.Output, options), description=lambda: adoption.describe()[0])
    text, draft = adoption.describe()
    if not (options.json or options.quiet):
        address = next((one.evidence for one in outcomes if one.step.key == "pull-request"), None)
        print(f"\n{address}" if address else f"\n{text}")
    return ExitCode.DIFFERENCE if draft or adoption.found.points or adoption.branch().points else ExitCode.DONE
