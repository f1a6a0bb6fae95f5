"""The arguments of `rnd rehearse`, and what it calls."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rnd.options import add_json_option

if TYPE_CHECKING:
    from pathlib import Path

    from rnd.options import Parser
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.sandbox import Sandbox
    from rnd_rehearsal.timeline import Document

DEFAULT = "feature"


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd rehearse`."""
    parser.add_argument(
        "--scenario", metavar="NAME", default=DEFAULT, help=f"the story to tell; {DEFAULT} when left out"
    )
    parser.add_argument("--list", dest="only_list", action="store_true", help="list the stories, and do nothing")
    parser.add_argument(
        "--dependency-tool",
        choices=("uv", "conda"),
        default="uv",
        help="what the repository is made with; uv when left out",
    )
    parser.add_argument(
        "--images",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="make images too, which needs root, Docker and mmdebstrap; by default where these are there",
    )
    parser.add_argument(
        "--containers",
        action="store_true",
        help="run jobs in the containers that their workflows name, which takes about twice as long; needs images",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave it up at the end until Ctrl-C, and say where things are"
    )
    add_json_option(parser)
    parser.set_defaults(run=rehearse)


def rehearse(options: argparse.Namespace) -> int:
    """Bring the world up, tell the story, and report what came out of it."""
    import tempfile
    from pathlib import Path

    from rnd import report
    from rnd.errors import ExitCode, UsageError
    from rnd_rehearsal.scenarios import SCENARIOS as scenarios  # noqa: N811

    if options.only_list:
        listed = [(name, one.summary) for name, one in scenarios.items()]
        report.print_json(dict(listed)) if options.json else report.print_table(("scenario", "story"), listed)
        return ExitCode.DONE
    if options.containers and options.images is False:
        raise UsageError("--containers needs images, and --no-images makes none.", "Leave one of the two out.")
    if options.scenario not in scenarios:
        raise UsageError(f"There is no scenario {options.scenario}.", "`rnd rehearse --list` lists them.")
    if options.dependency_tool not in (tools := scenarios[options.scenario].tools):
        raise UsageError(f"{options.scenario} is told with {' and '.join(tools)} alone.", "Tell it so, or another one.")
    with tempfile.TemporaryDirectory(prefix="rnd-rehearsal-", ignore_cleanup_errors=True) as place:
        found = _tell(options, Path(place))
    return ExitCode.DONE if found["succeeded"] else ExitCode.FAILED


def _tell(options: argparse.Namespace, folder: Path) -> Document:
    import time

    from rnd import report
    from rnd.errors import RndError
    from rnd_rehearsal import sandbox, template, timeline
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.scenarios import SCENARIOS

    scenario = SCENARIOS[options.scenario]
    begin = time.monotonic()

    def note(sentence: str) -> None:
        report.note(f"{time.monotonic() - begin:6.1f} s  {sentence}")

    note(f"{options.scenario}: {scenario.summary}")
    with sandbox.start(
        folder,
        template.default_checkout(),
        app=scenario.app,
        images=_wants_images(options),
        containers=options.containers,
        dependency_tool=options.dependency_tool,
        failing=scenario.failing,
    ) as up:
        story = Actors(up, note, began=begin)
        try:
            scenario.tell(story)
        except RndError as error:
            story.check(f"the story goes on: {error.message}", holds=False)
        found = timeline.document(options.scenario, story, time.monotonic() - begin)
        report.print_json(found) if options.json else _print(found)
        if options.keep:
            _keep(up, story)
    return found


def _wants_images(options: argparse.Namespace) -> bool:
    """Return whether images are made: as was asked, or else where this machine can."""
    import os

    from rnd import process

    if options.containers or options.images is not None:
        return options.images is not False
    return os.geteuid() == 0 and all(map(process.find, ("dockerd", "docker", "mmdebstrap")))


def _print(found: Document) -> None:
    from rnd import report
    from rnd_rehearsal import timeline

    report.print_table(("run and job", "result", "began", "seconds"), timeline.rows(found))
    print(*timeline.results(found), sep="\n")


def _keep(up: Sandbox, story: Actors) -> None:
    """Say where everything is, and wait until somebody has seen enough."""
    import os
    import time

    from rnd import report

    tokens = up.folder / "tokens"
    with open(os.open(tokens, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.writelines(f"{login}={token}\n" for login, token in up.tokens.items())
    for what, where in {
        "repository": f"{up.forge.url}/{story.repository}",
        "API": up.forge.api_url,
        "package index": f"{up.index.url}simple/",
        "work tree": str(story.folder),
        "job logs": str(up.folder / "runs"),
        "tokens": str(tokens),
    }.items():
        report.note(f"{what:14}{where}")
    report.note("Press Ctrl-C to end it.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        report.note("Ended.")
