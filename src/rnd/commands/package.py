"""`rnd release package`: build the wheel and the source distribution, and publish them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.commands.release import add_identity_option, caller_of
from rnd.options import add_github_output_option, add_plan_options, select

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from rnd.options import Parser
    from rnd.publish.distribution import Distribution
    from rnd.publish.index import Index


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd release package`."""
    parser.add_argument(
        "--publish-url",
        metavar="URL",
        help="the index to upload to; by default UV_PUBLISH_URL, else the organisation's",
    )
    parser.add_argument(
        "--check-url",
        metavar="URL",
        help="where the same index lists its files (simple API); by default UV_PUBLISH_CHECK_URL, else simple/ below",
    )
    add_identity_option(parser, "development", "release")
    parser.add_argument("--wheel", action="store_true", help="publish the wheel only, without a source distribution")
    parser.add_argument("--only-build", action="store_true", help="build and check, publish nothing")
    parser.add_argument("--out-dir", metavar="FOLDER", help="also keep the built files in this folder")
    parser.add_argument(
        "--built", metavar="FOLDER", help="publish the one wheel of this folder, which another job built; build nothing"
    )
    parser.add_argument("--sha256", metavar="DIGEST", help="digest of that wheel, as the other job reported it")
    add_github_output_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Build the wheel and the source distribution, and publish them to the package index."""
    from pathlib import Path

    from rnd import git, report
    from rnd.organisation import load_organisation
    from rnd.publish.access import check_version
    from rnd.publish.index import find_index

    _check_built(options)
    if not options.quiet:
        report.print_log()
    root, organisation = git.work_tree(Path()), load_organisation()
    check_version(root, options.identity)

    def find() -> Index:
        caller = caller_of(options.identity, organisation)
        return find_index(organisation, caller, options.publish_url, options.check_url)

    carry_out = _show if options.only_show and not options.built else _publish
    return carry_out(options, root, None if options.only_build else find)


def _publish(options: argparse.Namespace, root: Path, find: Callable[[], Index] | None) -> int:
    """Build the files, or take those of another job, and publish them."""
    from pathlib import Path

    from rnd import report
    from rnd.ci import outputs
    from rnd.publish.distribution import build, keep, read_built
    from rnd.publish.package import plan_package

    def make(folder: Path) -> tuple[Distribution, ...]:
        return read_built(root, Path(options.built), options.sha256) if options.built else build(root, folder)

    with plan_package(make, find, _kinds(options)) as (plan, index, distributions):
        if options.out_dir:
            keep(distributions, Path(options.out_dir))
        first = distributions[0]
        files = [{"name": made.path.name, "sha256": made.sha256} for made in distributions]
        address = index.simple_url if index else None
        facts = {"package": first.project, "version": first.version, "index": address, "files": files}
        report.carry_out(plan, select(report.Output, options), **facts)
    if options.github_output and not options.only_show:
        outputs.write_outputs({"version": first.version, "wheel": first.path.name, "sha256": first.sha256})
    if not (options.json or options.only_show or options.quiet):
        for made in distributions:
            print(f"sha256:{made.sha256}  {made.path.name}")
    return 0


def _show(options: argparse.Namespace, root: Path, find: Callable[[], Index] | None) -> int:
    """Show what publishing the package would do, without a build."""
    from packaging.utils import canonicalize_name

    from rnd import manifest, report
    from rnd.publish.package import plan_without_build

    project, version = canonicalize_name(manifest.read_name(root)), manifest.read_version(root)
    index = find() if find else None
    address = index.simple_url if index else None
    plan = plan_without_build(project, version, index, _kinds(options))
    report.carry_out(plan, select(report.Output, options), package=project, version=version, index=address, files=[])
    return 0


def _kinds(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the kinds of files to publish."""
    return ("wheel",) if options.wheel or options.built else ("wheel", "sdist")


def _check_built(options: argparse.Namespace) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: They do not.
    """
    from rnd.errors import UsageError

    if bool(options.built) != bool(options.sha256):
        raise UsageError("--built and --sha256 go together.", "Give both, or neither.")
    if options.built and (options.only_build or options.out_dir):
        raise UsageError("--built builds nothing.", "Leave --only-build and --out-dir out.")
