"""`rnd ci install`: install the environment from the lock file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import report
from rnd.options import add_folder_argument, add_plan_options

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
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Install from the lock file without updating it."""
    from rnd.ci.install import give_to_later_steps, plan_environment

    folder = options.folder.resolve()
    report.carry_out(plan_environment(folder), options)
    if options.github_environment and not options.only_show:
        give_to_later_steps(folder)
    return 0
