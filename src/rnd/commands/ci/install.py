"""`rnd ci install`: install the environment from the lock file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import report
from rnd.options import add_folder_argument, add_plan_options, select

if TYPE_CHECKING:
    import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd ci install`."""
    add_folder_argument(parser)
    parser.add_argument(
        "--github-environment",
        action="store_true",
        help="also put its programs on the PATH of later GitHub Actions steps",
    )
    parser.add_argument(
        "--login",
        action="store_true",
        help="sign in to the organisation's package index, for the installation only",
    )
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Install from the lock file without updating it."""
    from rnd import process
    from rnd.ci.install import give_to_later_steps, plan_environment
    from rnd.ci.private_packages import read_access
    from rnd.organisation import load_organisation

    folder = options.folder.resolve()
    plan = plan_environment(folder)
    access = read_access(load_organisation()) if options.login and not options.only_show else {}
    with process.hidden(
        process.without_secrets(), access
    ):  # packages are built, and so is the project: that is code of others
        report.carry_out(plan, select(report.Output, options))
    if options.github_environment and not options.only_show:
        give_to_later_steps(folder)
    return 0
