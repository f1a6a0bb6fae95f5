"""The arguments of `rnd release package`, and what it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.arguments import add_plan_options

if TYPE_CHECKING:
    import argparse

    from rnd.arguments import Parser


def configure_release(parser: Parser) -> None:
    """Define the commands of `rnd release`."""
    parser.add_commands("subcommand", SUBCOMMANDS)


def configure_package(parser: Parser) -> None:
    """Define the arguments of `rnd release package`."""
    parser.add_argument(
        "--publish-url",
        metavar="URL",
        help="the index to upload to; by default UV_PUBLISH_URL, else the organisation's CodeArtifact repository",
    )
    parser.add_argument(
        "--check-url",
        metavar="URL",
        help="where the same index lists what it has (simple API); by default UV_PUBLISH_CHECK_URL, else simple/ below",
    )
    parser.add_argument("--wheel", action="store_true", help="publish the wheel, and no source distribution")
    add_plan_options(parser)
    parser.set_defaults(run=package)


def package(options: argparse.Namespace) -> int:
    """Build the wheel and the source distribution, and bring them to the package index."""
    import os
    from functools import partial
    from pathlib import Path

    from rnd import git, report, retry
    from rnd.organisation import load_organisation
    from rnd.release.index import find_index
    from rnd.release.package import plan_package

    retry.tell = (lambda _: None) if options.quiet else report.note
    aws = load_organisation().aws
    find = partial(find_index, os.environ, options.publish_url, options.check_url, aws)
    kinds = ("wheel",) if options.wheel else ("wheel", "sdist")
    with plan_package(git.work_tree(Path()), find, kinds) as (plan, index, distributions):
        first = distributions[0]
        files = [{"name": made.path.name, "sha256": made.sha256} for made in distributions]
        facts = {"package": first.project, "version": first.version, "index": index.simple_url, "files": files}
        report.carry_out(plan, options, **facts)
    if not (options.json or options.only_show or options.quiet):
        for made in distributions:
            print(f"sha256:{made.sha256}  {made.path.name}")
    return 0


SUBCOMMANDS = {"package": ("build the wheel and the source distribution, and publish them", configure_package)}
CONFIGURE = {"release": configure_release}
