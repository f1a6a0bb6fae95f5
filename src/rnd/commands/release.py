"""`rnd release …`: publish the wheel, the image, the SBOM and the release of a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.options import (
    add_github_output_option,
    add_pending_option,
    add_plan_options,
    add_repository_option,
    defined_in,
    select,
)

if TYPE_CHECKING:
    import argparse

    from rnd.options import Parser
    from rnd.organisation import Organisation
    from rnd.providers.provider import Caller


def configure(parser: Parser) -> None:
    """Define the commands of `rnd release`."""
    parser.add_commands("subcommand", SUBCOMMANDS, {"dependencies": configure_sbom})


def configure_image(parser: Parser) -> None:
    """Define the arguments of `rnd release image`."""
    _add_registry_options(parser)
    parser.add_argument(
        "--index-url",
        metavar="URL",
        help="the index to install the package from (simple API); by default the index of `rnd release package`",
    )
    add_identity_option(parser, "development", "candidate")
    parser.add_argument(
        "--wheel-sha256", metavar="DIGEST", help="the wheel to install; by default the only one of the version"
    )
    parser.add_argument(
        "--digest", metavar="DIGEST", help="the image that an earlier run of this command pushed, as it printed it"
    )
    parser.add_argument("--base-image", metavar="IMAGE", help="another base image, such as one with CUDA")
    parser.add_argument("--platform", metavar="OS/ARCH", help="target platforms, separated by commas")
    parser.add_argument("--network", metavar="NAME", help="network of the build, such as `host`")
    parser.add_argument(
        "--builder", metavar="PROGRAM", help="docker, podman or buildah; by default the first that works"
    )
    add_github_output_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=image)


def image(options: argparse.Namespace) -> int:
    """Build the image of the published package and push it to the image registry."""
    from functools import partial
    from pathlib import Path

    from rnd import git, report
    from rnd.ci import outputs
    from rnd.organisation import load_organisation
    from rnd.publish.access import check_version
    from rnd.publish.floating import find_digest
    from rnd.publish.image import plan_image
    from rnd.publish.target import ImageOptions, find_target

    if not options.quiet:
        report.print_log()
    organisation = load_organisation()
    root = git.work_tree(Path())
    check_version(root, options.identity)
    chosen = select(ImageOptions, options, tags=_tags(options))
    target, build = find_target(root, chosen, organisation, caller_of(options.identity, organisation))
    inputs, tags = build.inputs, [target.tag, *(target.moving if target.follows else ())]
    facts = {
        "image": target.called(target.tag),
        "version": inputs.version,
        "revision": inputs.revision,
        "inputs": inputs.digest,
        "wheels": dict(inputs.wheels),
        "tags": tags,
        "digest": partial(find_digest, target, target.tag),
    }
    report.carry_out(plan_image(target, build), select(report.Output, options), **facts)
    if options.github_output and not options.only_show:
        digest = find_digest(target, target.tag)
        found = {"name": f"{target.registry.host}/{target.name}", "digest": str(digest)}
        outputs.write_outputs({**found, "image": f"{target.name}@{digest}"})
    if not (options.json or options.only_show or options.quiet):
        for tag in tags:
            print(f"{find_digest(target, tag)}  {target.called(tag)}")
    return 0


def configure_promote(parser: Parser) -> None:
    """Define the arguments of `rnd release promote`."""
    parser.add_argument("--version", required=True, metavar="VERSION", help="the version of the package in the image")
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="IMAGE",
        help="the image, as candidate/PACKAGE@sha256:DIGEST in the registry",
    )
    add_identity_option(parser, "release")
    _add_registry_options(parser)
    add_github_output_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=promote)


def promote(options: argparse.Namespace) -> int:
    """Copy an image by its digest from the repository of candidates to the repository of releases."""
    from rnd import report
    from rnd.ci import outputs
    from rnd.organisation import load_organisation
    from rnd.publish.promotion import find_promotion, plan_promotion

    if not options.quiet:
        report.print_log()
    organisation = load_organisation()
    image = (options.registry, options.source, options.version, _tags(options))
    promotion = find_promotion(*image, organisation, caller_of(options.identity, organisation))
    target = promotion.target
    moving = [target.tag, *(target.moving if target.follows else ())]
    facts = {"image": target.called(target.tag), "version": promotion.version, "digest": promotion.digest}
    report.carry_out(
        plan_promotion(promotion), select(report.Output, options), **facts, source=promotion.source, tags=moving
    )
    if options.github_output and not options.only_show:
        outputs.write_outputs({"name": f"{target.registry.host}/{target.name}", "digest": promotion.digest})
    if not (options.json or options.only_show or options.quiet):
        print(f"{promotion.digest}  {target.called(target.tag)}")
    return 0


def add_identity_option(parser: Parser, *identities: str) -> None:
    """Add the option of the commands that publish something."""
    parser.add_argument(
        "--identity",
        choices=identities,
        help="who publishes, which decides where to; a job gets the credentials of this identity",
    )


def caller_of(identity: str | None, organisation: Organisation) -> Caller:
    """Return who publishes; a provider requests the credentials of the identity when it signs in."""
    import os

    from rnd.ci.identity import assume
    from rnd.providers.provider import Caller

    return Caller(identity, os.environ, lambda wanted: assume(wanted, os.environ, organisation))


def _tags(options: argparse.Namespace) -> list[str]:
    """Return the floating tags of the command line, each of which may name several."""
    return [tag for value in options.tags or () for tag in value.split()]


def _add_registry_options(parser: Parser) -> None:
    """Add the options of the commands that put an image into a registry."""
    parser.add_argument(
        "--registry",
        metavar="HOST[/PATH]",
        help="the registry to push to; by default the organisation's",
    )
    parser.add_argument(
        "--tag",
        dest="tags",
        action="append",
        metavar="TAG",
        help="a floating tag of the latest release, instead of stable and latest; separate several with spaces",
    )


def configure_publish(parser: Parser) -> None:
    """Define the arguments of `rnd release publish`."""
    add_pending_option(parser)
    add_repository_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=publish)


def publish(options: argparse.Namespace) -> int:
    """Create the tag and the GitHub release of the checked-out commit, after its packages are published."""
    from rnd import report
    from rnd.commands.github import connected
    from rnd.publish.release import plan_publish, read_release

    with connected(options, identity="release") as (client, repository):
        release = read_release(f"{client.addresses.server}/{repository}", options.pending)
        plan = plan_publish(client, repository, release)
        facts = {"tag": release.tag, "commit": release.commit, "notes": release.notes}
        report.carry_out(plan, select(report.Output, options), **facts)
    return 0


def configure_sbom(parser: Parser) -> None:
    """Define the arguments of `rnd release sbom`."""
    parser.add_argument("file", metavar="FILE", help="the file to write")
    parser.set_defaults(run=sbom)


def sbom(options: argparse.Namespace) -> int:
    """Write the SBOM of the locked dependencies as a CycloneDX document."""
    from pathlib import Path

    from rnd import git
    from rnd.publish.sbom import write_dependencies

    write_dependencies(git.work_tree(Path()), Path(options.file))
    return 0


SUBCOMMANDS = {
    "package": ("build the wheel and the source distribution, and publish them", defined_in("rnd.commands.package")),
    "image": ("build the image of the published package, and push it", configure_image),
    "promote": ("copy the image of a candidate to the releases, by its digest", configure_promote),
    "sbom": ("write the SBOM of the locked dependencies, as a CycloneDX document", configure_sbom),
    "publish": ("create the tag and the GitHub release; the last step", configure_publish),
}
