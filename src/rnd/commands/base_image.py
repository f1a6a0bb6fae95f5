"""`rnd runners base-image`: build and push the images that jobs run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd.options import add_github_output_option, add_plan_options, select

if TYPE_CHECKING:
    import argparse

    from rnd.options import Parser


def configure_base_image(parser: Parser) -> None:
    """Define the arguments of `rnd runners base-image`."""
    parser.add_argument(
        "--python", metavar="VERSION", help="build the image for this Python version; by default, list the images"
    )
    parser.add_argument("--push", action="store_true", help="push it to the organisation's image registry")
    parser.add_argument("--base", metavar="IMAGE", help="build on a local image; pull nothing")
    parser.add_argument("--system-python", action="store_true", help="use Debian's Python instead of downloading one")
    add_github_output_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=base_image)


def base_image(options: argparse.Namespace) -> int:
    """Build the base image for a Python version, or list the configured images."""
    from pathlib import Path

    from rnd import git, report
    from rnd.ci import outputs
    from rnd.organisation import load_organisation
    from rnd.runners.base_image import describe_base_image, list_outputs, plan_base_image
    from rnd.runners.stack.names import base_images

    organisation = load_organisation()
    if options.python is None:
        registry = organisation.image_registry.address
        images = {version: f"{registry}/{name}:{tag}" for version, (name, tag) in base_images(organisation).items()}
        if options.github_output:
            outputs.write_outputs(list_outputs(organisation, list(images)))
        if options.json:
            report.print_json(images)
        else:
            report.print_table(("Python", "image"), list(images.items()))
        return 0
    root = git.work_tree(Path())
    image = describe_base_image(organisation, root, options.python, options.base, system_python=options.system_python)
    report.carry_out(plan_base_image(image, root, push=options.push), select(report.Output, options), image=image.name)
    return 0
