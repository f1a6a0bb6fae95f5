"""`rnd new`: create a repository."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import process, report
from rnd.commands.setup import apply_plan, open_github
from rnd.errors import UsageError
from rnd.options import add_plan_options
from rnd.progress import Started

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from rnd.answers import Project


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the arguments of `rnd new`."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="the folder to create; by default the repository's name",
    )
    parser.add_argument(
        "-d", "--data", action="append", default=[], metavar="NAME=VALUE", help="answer a question in advance"
    )
    parser.add_argument("--data-file", type=Path, metavar="FILE", help="answer questions from a YAML file")
    parser.add_argument("--defaults", action="store_true", help="ask nothing and use the defaults")
    parser.add_argument("--template", metavar="SOURCE", help="another template: a URL or a folder")
    parser.add_argument("--vcs-ref", metavar="REF", help="branch, tag or commit of the template")
    add_plan_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Create a repository."""
    from rnd.names import derive_names
    from rnd.organisation import load_organisation
    from rnd.project.github import links_of
    from rnd.project.new import Request, plan_new
    from rnd.project.setup import check_tools
    from rnd.project.template import find_template

    check_tools(("git",))
    organisation = load_organisation()
    request = Request(
        folder=options.folder.resolve() if options.folder else None,
        data=_data(options),
        ask=not options.defaults and sys.stdin.isatty(),
        template=find_template(options.template, options.vcs_ref, organisation.template.repository),
        connect=partial(open_github, options, organisation),
    )
    started = Started()
    with plan_new(request, organisation) as (plan, project, github):
        names = derive_names(project.name, organisation)
        facts: dict[str, object] = {"folder": str(project.folder), "names": vars(names)}
        apply_plan(plan, options, github, facts, started)
    if not (options.json or options.quiet or options.only_show):
        _end(project, {"package": names.package, "import": names.import_name, **links_of(started)})
        if request.template.has_uncommitted_changes():
            print(
                f"\nIt was created from uncommitted changes of {request.template.source} and cannot be updated later."
            )
    return 0


def read_data(pairs: Iterable[str]) -> dict[str, str]:
    """Return the answers of `--data`.

    Raises:
        UsageError: One is not NAME=VALUE.
    """
    found = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UsageError(f"--data {pair} is not NAME=VALUE.")
        found[name] = value
    return found


def read_data_file(file: Path) -> dict[str, object]:
    """Return the answers of `--data-file`.

    Raises:
        UsageError: It cannot be read, is not YAML, exceeds the limits of `bounded_yaml`, or is not `name: value` lines.
    """
    import yaml

    from rnd import bounded_yaml

    try:
        with file.open(encoding="utf-8") as stream:
            read = bounded_yaml.load(stream.read(bounded_yaml.LONGEST + 1))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"--data-file {file}: {error}.") from error
    if not isinstance(read, dict):
        raise UsageError(f"--data-file {file} contains no answers; expected `name: value` lines.")
    return read


def _data(options: argparse.Namespace) -> dict[str, object]:
    """Return the answers from the command line; --data takes precedence over the file."""
    data = {} if options.data_file is None else read_data_file(options.data_file)
    return data | read_data(options.data)


def _end(project: Project, facts: Mapping[str, str]) -> None:
    from rnd.environments.environment import environment_of

    environment = environment_of(project)
    print(f"\n{project.name} is ready in {report.place(project.folder)}\n")
    width = max(map(len, facts)) + 2
    for name, value in facts.items():
        print(f"  {name.replace('_', ' '):<{width}}{value}")
    print(f"\n  cd {report.place(project.folder)}\n  {environment.invitation}")
    if "uv" in environment.programs and not process.on_path("uv"):
        print("\nuv is new here: `uv tool update-shell` puts it on the PATH of every new terminal.")
