"""`rnd setup`: complete the set-up of a repository. `rnd new` shares its helpers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rnd import report
from rnd.errors import Interrupted, RndError
from rnd.options import add_folder_argument, add_plan_options

if TYPE_CHECKING:
    import argparse

    from rnd.answers import Project
    from rnd.organisation import Organisation
    from rnd.plan import Plan
    from rnd.project.hosting import Hosting


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
    from rnd.project.setup import check_setup, plan_setup

    project = check_setup(options.folder.resolve())
    # Copier also runs its task for `recopy`, which must not touch GitHub: there, and when a copy is repeated, the
    # repository already has a commit. Copier deletes the folder if the task fails, hence --keep.
    left_alone = options.keep and git.head(project.folder) is not None
    hosting = None if left_alone else open_github(options, load_organisation(), project)
    try:
        apply_plan(plan_setup(project, hosting), options, hosting, {})
    except (RndError, KeyboardInterrupt) as error:
        if not options.keep or hosting is None or not hosting.begun:
            raise
        stopped = error if isinstance(error, RndError) else hosting.explain(Interrupted("Interrupted."))
        report.print_error(stopped, as_json=options.json)
    else:
        if hosting and not (options.json or options.quiet or options.only_show):
            _say_links(hosting)
    return 0


def open_github(options: argparse.Namespace, organisation: Organisation, project: Project) -> Hosting | None:
    """Connect a project to GitHub, or return None if the answers do not ask for it."""
    if not project.on_github:
        return None
    import os

    from rnd.project.hosting import open_hosting

    report.tell_retries(quiet=options.quiet)
    return open_hosting(project, organisation, os.environ, ask=sys.stdin.isatty() and not options.only_show)


def apply_plan(plan: Plan, options: argparse.Namespace, hosting: Hosting | None, facts: dict[str, object]) -> None:
    """Apply a plan; an error after the first GitHub change also explains how to resume and how to undo."""
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
