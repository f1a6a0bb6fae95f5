"""What the commands of `rnd fleet` share: options, the selection, the connection, the end of a run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Sequence

    from rnd.fleet.facts import Facts
    from rnd.fleet.governor import Paused
    from rnd.fleet.inventory import Selection
    from rnd.fleet.reading import Reader
    from rnd.fleet.view import View
    from rnd.organisation import Organisation

CONDITIONS = ("drift", "behind", "conflict", "held", "failing", "unreadable")
PARTS = ("settings", "template", "workflows")
EXIT_CODES = """\
exit codes: 0 all in order; 3 something differs; 1 at least one repository could not be seen or changed, after all
others were"""


def add_selection(parser: argparse.ArgumentParser, *, conditions: bool = True) -> None:
    """Add the options that select repositories; optionally without `--having`."""
    group = parser.add_argument_group("repositories; by default all of the organisation that come from this template")
    group.add_argument("--ring", metavar="NAME", help="only this ring of org.yml")
    group.add_argument(
        "--repository",
        metavar="GLOB",
        action="append",
        default=[],
        help="only repositories whose name matches; may be repeated",
    )
    if conditions:
        group.add_argument(
            "--having",
            metavar="CONDITION",
            choices=CONDITIONS,
            help=f"only repositories with a condition: {', '.join(CONDITIONS)}",
        )


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that looks at the fleet."""
    rest = parser.add_mutually_exclusive_group()
    rest.add_argument(
        "--full",
        action="store_true",
        help="also read the settings that only the REST API has: three to five requests for each repository",
    )
    rest.add_argument(
        "--rotate",
        action="store_true",
        help="do that for a seventh of the repositories, each day another one",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the result only")


def add_parts(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option that selects one part of a plan."""
    parser.add_argument("--only", choices=PARTS, help=text)


def within_limits(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Return a command that reports it when GitHub's limits end it."""

    def run(options: argparse.Namespace) -> int:
        from rnd.fleet.governor import Paused

        try:
            return command(options)
        except Paused as paused:
            return say_paused(paused)

    return run


def say_paused(paused: Paused) -> int:
    """Report that GitHub's limits end this run."""
    from rnd.report import note

    note(f"GitHub's limits end this run: {paused.reason.rstrip('.')}. Next from {paused.next_run} UTC.")
    return 0


def chosen(view: View, options: argparse.Namespace) -> tuple[Facts, ...]:
    """Return the repositories that `--having` selects."""
    return tuple(
        one for one in view.repositories if not options.having or options.having in one.having(view.workflow_ref)
    )


def look_at(reader: Reader, organisation: Organisation, options: argparse.Namespace) -> View:
    """Look at the selected repositories.

    Raises:
        UsageError: There is no such ring, or no repository of the fleet matches.
    """
    from rnd.fleet.view import look
    from rnd.report import note

    tell = (lambda _: None) if options.quiet else note
    selected = selection(options, organisation)
    view = look(reader, organisation, selected, full=options.full, rotate=options.rotate, tell=tell)
    check_matches(options, [one.member.name for one in view.repositories])
    return view


def check_matches(options: argparse.Namespace, names: Sequence[str], *, in_plan: bool = False) -> None:
    """Refuse a pattern that matches none of the selected repositories: nothing would differ, as if all were in order.

    Raises:
        UsageError: There is such a pattern.
    """
    from rnd.errors import UsageError
    from rnd.fleet.inventory import Selection

    for glob in options.repository:
        if not any(Selection(None, (glob,)).has(name, "") for name in names):
            if in_plan:
                raise UsageError(f"No repository of the plan matches --repository {glob!r}.", "Look at the plan.")
            place = f"the ring {options.ring}" if options.ring is not None else "the fleet"
            raise UsageError(
                f"No repository of {place} matches --repository {glob!r}.",
                "Archived repositories, forks, and those that do not come from this template do not belong to the "
                "fleet. Without --repository, `rnd fleet status --json` lists all that do.",
            )


def selection(options: argparse.Namespace, organisation: Organisation) -> Selection:
    """Return the selected repositories.

    Raises:
        UsageError: org.yml has no such ring.
    """
    from rnd.errors import UsageError
    from rnd.fleet.inventory import Selection

    rings = organisation.fleet.rings
    if options.ring is not None and options.ring not in rings:
        raise UsageError(f"org.yml has no ring {options.ring!r}.", f"The rings are {', '.join(rings)}.")
    return Selection(options.ring, tuple(options.repository))


@contextmanager
def connected(options: argparse.Namespace) -> Generator[tuple[Reader, Organisation]]:
    """Yield what sends the queries, and the values of org.yml; sign in first if needed."""
    import os
    import sys

    from rnd import report
    from rnd.fleet.governor import Governor
    from rnd.fleet.reading import Reader
    from rnd.github.client import Client, find_addresses
    from rnd.github.sign_in import need_token, renewal
    from rnd.organisation import load_organisation

    if not getattr(options, "quiet", False):
        report.print_log()
    organisation = load_organisation()
    addresses = find_addresses(os.environ)
    token = need_token(addresses, os.environ, organisation.github.client_id, ask=sys.stdin.isatty())
    governor = Governor()
    with Client(addresses, token.value, renewal(token), governor.hooks) as client:
        yield Reader(client, governor), organisation


def check_output(option: str, file: str | None) -> None:
    """Refuse an output file that cannot be written, before the fleet is read: that takes minutes.

    Raises:
        UsageError: Its folder does not exist or is not writable, or it is a folder.
    """
    import os
    from pathlib import Path

    from rnd.errors import UsageError

    if file is None:
        return
    path = Path(file)
    if not path.parent.is_dir():
        raise UsageError(f"{option} {file}: the folder {path.parent} does not exist.", "Create it, or choose another.")
    if path.is_dir() or not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UsageError(f"{option} {file}: it cannot be written.", "Choose another file.")


def write_output(option: str, file: str, text: str) -> None:
    """Write an output file as a whole: a run that ends here leaves the previous one.

    Raises:
        UsageError: It cannot be written.
    """
    import os
    from contextlib import suppress
    from pathlib import Path

    from rnd.errors import UsageError

    path = Path(file)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"{option} {file}: {error.strerror}.", "Choose another file.") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
