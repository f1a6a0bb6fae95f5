"""`rnd ci login`: read access to the organisation's package index for the later steps of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.options import add_folder_argument, add_github_output_option

if TYPE_CHECKING:
    import argparse

    from rnd.options import Parser

NOBODY = (
    "This job has no identity to sign in there with, so it cannot install them: a pull request from a fork never has "
    "one, any other job needs `id-token: write` or, for an index outside AWS, the secrets of the index."
)


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd ci login`."""
    add_folder_argument(parser)
    parser.add_argument(
        "--look",
        action="store_true",
        help="list the packages that need it; the output `private` is true if there are any and this job can log in",
    )
    add_github_output_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Give later steps read access to the package index; with --look, only report whether they need it."""
    import os

    from rnd import report
    from rnd.ci import outputs
    from rnd.ci.private_packages import let_later_steps_read, private_packages
    from rnd.organisation import load_organisation
    from rnd.providers import package_index
    from rnd.providers.provider import Caller

    organisation = load_organisation()
    if not options.look:
        let_later_steps_read(organisation)
        report.note(f"Later steps of this job can read {organisation.name}'s package index.")
        return 0
    packages = private_packages(options.folder, organisation.slug)
    able = package_index(organisation, Caller("reading", os.environ)).can_read()
    if packages:
        report.note(f"From {organisation.name}'s own package index: {', '.join(packages)}." + f" {NOBODY}" * (not able))
    if options.github_output:
        outputs.write_outputs({"private": str(bool(packages) and able).lower()})
    return 0
