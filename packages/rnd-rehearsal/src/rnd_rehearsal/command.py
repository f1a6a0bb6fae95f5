"""The command `rnd rehearse`: its arguments and its run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rnd.options import add_json_option

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fake_github.https import SecureAddress
    from rnd.options import Parser
    from rnd_rehearsal.actors import Actors
    from rnd_rehearsal.attacks.matrix import Matrix
    from rnd_rehearsal.sandbox import Sandbox
    from rnd_rehearsal.services import Options
    from rnd_rehearsal.timeline import Document

DEFAULT = "feature"


def configure(parser: Parser) -> None:
    """Define the arguments of `rnd rehearse`."""
    parser.add_argument("--scenario", metavar="NAME", default=DEFAULT, help=f"scenario to run; {DEFAULT} by default")
    parser.add_argument("--list", dest="only_list", action="store_true", help="list the scenarios and exit")
    parser.add_argument(
        "--dependency-tool",
        choices=("uv", "conda"),
        default="uv",
        help="dependency tool of the repository; uv by default",
    )
    parser.add_argument(
        "--images",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="build images too; needs root, Docker and mmdebstrap, and is the default where these are available",
    )
    parser.add_argument(
        "--containers",
        action="store_true",
        help="run jobs in the containers that their workflows name; takes about twice as long and needs images",
    )
    parser.add_argument(
        "--cold",
        action="store_true",
        help="run each job with empty caches and an empty Docker daemon, one at a time, and print the bytes and the "
        "seconds of each; in containers where images can be built",
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the sandbox running until Ctrl-C and print its addresses"
    )
    add_json_option(parser)
    parser.set_defaults(run=rehearse)


def rehearse(options: argparse.Namespace) -> int:
    """Start the sandbox, run the scenario, and report its results."""
    import tempfile
    from pathlib import Path

    from rnd import report
    from rnd.errors import ExitCode, UsageError
    from rnd_rehearsal.scenarios import SCENARIOS as scenarios  # noqa: N811

    if options.only_list:
        listed = [(name, one.summary) for name, one in scenarios.items()]
        report.print_json(dict(listed)) if options.json else report.print_table(("scenario", "summary"), listed)
        return ExitCode.DONE
    if options.containers and options.images is False:
        raise UsageError("--containers cannot be combined with --no-images.", "Remove one of the two options.")
    if options.scenario not in scenarios:
        raise UsageError(f"There is no scenario {options.scenario}.", "`rnd rehearse --list` lists them.")
    if options.dependency_tool not in (tools := scenarios[options.scenario].tools):
        raise UsageError(
            f"{options.scenario} runs with {' and '.join(tools)} only.", "Change --dependency-tool or --scenario."
        )
    with tempfile.TemporaryDirectory(prefix="rnd-rehearsal-", ignore_cleanup_errors=True) as place:
        found = _rehearse(options, Path(place))
    return ExitCode.DONE if found["succeeded"] else ExitCode.FAILED


def _rehearse(options: argparse.Namespace, folder: Path) -> Document:
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
    with sandbox.start(folder, template.default_checkout(), _of_sandbox(options, scenario.options)) as up:
        actors = Actors(up, note, began=begin)
        try:
            scenario.run(actors)
        except RndError as error:
            actors.check(f"the scenario continues: {error.message}", holds=False)
        found = timeline.document(options.scenario, actors, time.monotonic() - begin)
        found |= {} if actors.matrix is None else {"matrix": actors.matrix.document()}
        report.print_json(found) if options.json else _print(found, actors.matrix)
        if options.keep:
            _keep(up, actors)
    return found


def _of_sandbox(options: argparse.Namespace, scenario: Options) -> Options:
    """Return what the sandbox has: what the scenario asks for, changed by the arguments of this command."""
    from dataclasses import replace

    images = scenario.images and _wants_images(options)
    return replace(
        scenario,
        images=images,
        containers=options.containers or (options.cold and images),
        cold=options.cold,
        dependency_tool=options.dependency_tool,
    )


def _wants_images(options: argparse.Namespace) -> bool:
    """Return whether to build images: as the options say, by default if this machine can."""
    import os

    from rnd import process

    if options.containers or options.images is not None:
        return options.images is not False
    return os.geteuid() == 0 and all(map(process.find, ("dockerd", "docker", "mmdebstrap")))


def _print(found: Document, matrix: Matrix | None) -> None:
    from rnd import report
    from rnd_rehearsal import cold_report, timeline
    from rnd_rehearsal.attacks.matrix import INVARIANTS

    if matrix is not None:
        report.print_table(("invariant", "attempts", "refused by"), matrix.refusals())
        report.print_table(("refused/attempts", *INVARIANTS), matrix.rows())
        print(*matrix.reasons(), *matrix.faults(), sep="\n")
    report.print_table(("run and job", "result", "began", "seconds"), timeline.rows(found))
    for columns, rows in cold_report.tables(found):
        report.print_table(columns, rows)
    print(*timeline.results(found), sep="\n")


def _keep(up: Sandbox, actors: Actors) -> None:
    """Print the addresses and wait for Ctrl-C."""
    import time

    from fake_github import https
    from rnd import report

    tokens = up.folder / "tokens"
    _write(tokens, (f"{login}={token}\n" for login, token in up.tokens.items()))
    with https.serve(up.hub) as secure:
        _print_addresses(up, actors, tokens, _variables(up, secure))
        report.note("Press Ctrl-C to end it.")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            report.note("Ended.")


def _print_addresses(up: Sandbox, actors: Actors, tokens: Path, variables: Path) -> None:
    from rnd import report

    for what, where in {
        "repository": f"{up.hub.url}/{actors.repository}",
        "API": up.hub.api_url,
        "package index": f"{up.index.url}simple/",
        "work tree": str(actors.folder),
        "job logs": str(up.folder / "runs"),
        "tokens": str(tokens),
        "password": up.hub.password,
        "for gh": f". {variables}",
    }.items():
        report.note(f"{what:14}{where}")


def _variables(up: Sandbox, secure: SecureAddress) -> Path:
    """Write the variables with which `gh` uses the fake GitHub, for a shell, and return the file."""
    from rnd_rehearsal.services import RESEARCHER

    certificate = up.folder / "authority.pem"
    certificate.write_bytes(secure.certificate)
    settings = up.folder / "gh-settings"
    variables = {
        "GH_HOST": secure.host,
        "GH_ENTERPRISE_TOKEN": up.tokens[RESEARCHER],
        "GH_CONFIG_DIR": str(settings),
        "SSL_CERT_FILE": str(certificate),
    }
    path = up.folder / "gh-variables"
    _write(path, (f"export {name}={value}\n" for name, value in variables.items()))
    return path


def _write(path: Path, lines: Iterable[str]) -> None:
    """Write a file with secrets, which its owner alone can read."""
    import os

    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.writelines(lines)
