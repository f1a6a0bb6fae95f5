"""`rnd setup`: complete the set-up of a repository. `rnd new` shares its helpers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rnd import report
from rnd.errors import Interrupted, RndError
from rnd.options import add_folder_argument, add_plan_options, select
from rnd.progress import Started

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from rnd.answers import Project
    from rnd.organisation import Organisation
    from rnd.plan import Plan
    from rnd.project.github import GitHubSetup


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd setup`."""
    add_folder_argument(parser)
    parser.add_argument(
        "--keep",
        action="store_true",
        help="exit 0 once the local repository is complete, even if the GitHub steps fail",
    )
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Complete the set-up of a repository, or repeat it."""
    from rnd import git
    from rnd.organisation import load_organisation
    from rnd.project.github import links_of
    from rnd.project.setup import check_setup, plan_setup

    project = check_setup(options.folder.resolve())
    # Copier also runs its task for `recopy`, which must not touch GitHub: there, and when a copy is repeated, the
    # repository already has a commit. Copier deletes the folder if the task fails; --keep prevents that.
    left_alone = options.keep and git.head(project.folder) is not None
    github = None if left_alone else open_github(options, load_organisation(), project)
    started = Started()
    try:
        apply_plan(plan_setup(project, github), options, github, {}, started)
    except (RndError, KeyboardInterrupt) as error:
        if not options.keep or github is None or not github.has_started(started.keys):
            raise
        stopped = error if isinstance(error, RndError) else github.explain(Interrupted("Interrupted."), started)
        report.print_error(stopped, as_json=options.json)
    else:
        if github and not (options.json or options.quiet or options.only_show):
            _say_links(links_of(started))
    return 0


def open_github(options: argparse.Namespace, organisation: Organisation, project: Project) -> GitHubSetup | None:
    """Connect a project to GitHub, or return None if the answers do not ask for it."""
    if not project.on_github:
        return None
    import os

    from rnd.project import github

    if not options.quiet:
        report.print_log()
    return github.open_github(project, organisation, os.environ, ask=sys.stdin.isatty() and not options.only_show)


def apply_plan(
    plan: Plan,
    options: argparse.Namespace,
    github: GitHubSetup | None,
    facts: dict[str, object],
    started: Started | None = None,
) -> None:
    """Apply a plan; an error after the first GitHub change also explains how to resume and how to undo.

    Args:
        plan: The plan.
        options: The parsed command line.
        github: The GitHub part of the plan; None for a local repository.
        facts: Additional values for the JSON document.
        started: Records the steps that the plan has started.
    """
    from rnd.project.github import links_of

    started = started or Started()
    if github is None:
        report.carry_out(plan, select(report.Output, options), **facts)
        return
    try:
        report.carry_out(plan, select(report.Output, options), started, **facts, github=lambda: links_of(started))
    except RndError as error:
        raise github.explain(error, started) if github.has_started(started.keys) else error from None
    except KeyboardInterrupt:
        if not github.has_started(started.keys):
            raise
        raise github.explain(Interrupted("Interrupted."), started) from None
    finally:
        github.close()


def _say_links(links: Mapping[str, str]) -> None:
    print()
    for name, address in links.items():
        print(f"  {name.replace('_', ' '):<13}{address}")
