"""`rnd github …`: sign in, compare the settings of a repository with org.yml, apply them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rnd.options import add_json_option, add_plan_options, add_repository_option, select

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from rnd.github.client import Client
    from rnd.github.repository import Repository
    from rnd.github.settings.setting import RepositoryContext
    from rnd.options import Parser
    from rnd.organisation import Organisation

STATES = ("pending", "success", "failure", "error")


def configure(parser: Parser) -> None:
    """Define the commands of `rnd github`."""
    parser.add_commands("subcommand", SUBCOMMANDS)


def configure_check(parser: Parser) -> None:
    """Define the arguments of `rnd github check`."""
    add_repository_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=check)


def configure_apply(parser: Parser) -> None:
    """Define the arguments of `rnd github apply`."""
    add_repository_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=apply)


def configure_sign_in(parser: Parser) -> None:
    """Define the arguments of `rnd github sign-in`."""
    add_json_option(parser)
    parser.set_defaults(run=sign_in)


def configure_sign_out(parser: Parser) -> None:
    """Define the arguments of `rnd github sign-out`."""
    parser.set_defaults(run=sign_out)


def configure_status(parser: Parser) -> None:
    """Define the arguments of `rnd github status`."""
    parser.add_argument("state", choices=STATES, help="the state to set")
    parser.add_argument("--context", metavar="NAME", required=True, help="the name of the check")
    parser.add_argument("--commit", metavar="SHA", default="HEAD", help="the commit; by default HEAD")
    parser.add_argument("--description", metavar="TEXT", default="", help="a short description")
    parser.add_argument("--target-url", metavar="URL", help="a page with details, such as the run")
    add_repository_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=status)


def check(options: argparse.Namespace) -> int:
    """Compare the settings of the repository with org.yml."""
    from rnd import report
    from rnd.errors import ExitCode
    from rnd.github.settings.diff import format_value
    from rnd.github.settings.plan import settings_and_guards

    with connected(options) as (client, repository):
        context = _context(client, repository)
        changes = [change for setting in settings_and_guards(context) for change in setting.changes()]
    if options.json:
        report.print_json({"repository": str(repository), "drift": [change._asdict() for change in changes]})
    elif changes:
        rows = [(change.key, format_value(change.wanted), format_value(change.found)) for change in changes]
        report.print_table(("setting", "org.yml wants", "found"), rows)
    else:
        print(f"{repository} matches org.yml.")
    return ExitCode.DIFFERENCE if changes else ExitCode.DONE


def apply(options: argparse.Namespace) -> int:
    """Apply the settings of org.yml to the repository."""
    from rnd import report
    from rnd.github.settings.plan import plan_apply

    with connected(options) as (client, repository):
        plan = plan_apply(_context(client, repository))
        report.carry_out(plan, select(report.Output, options), repository=str(repository))
    return 0


def _context(client: Client, repository: Repository) -> RepositoryContext:
    """Return the repository with its configuration; the template's own has central workflows."""
    from rnd.github.settings.setting import RepositoryContext
    from rnd.organisation import load_organisation

    organisation = load_organisation()
    is_template = organisation.template.full_name.lower() == str(repository).lower()
    central = organisation.template.workflow_ref if is_template else None
    return RepositoryContext(client, repository, organisation.github, central)


def sign_in(options: argparse.Namespace) -> int:
    """Sign in unless a token exists, and report its permissions."""
    import os
    import sys

    from rnd import report
    from rnd.github.client import Client, find_addresses
    from rnd.github.permissions import examine
    from rnd.github.sign_in import need_token, renewal
    from rnd.organisation import load_organisation

    github = load_organisation().github
    addresses = find_addresses(os.environ)
    token = need_token(addresses, os.environ, github.client_id, ask=sys.stdin.isatty())
    with Client(addresses, token.value, renewal(token)) as client:
        found = examine(client, github.owner)
    if options.json:
        report.print_json(
            {"login": found.login, "source": token.source, "scopes": found.scopes, "missing": found.missing}
        )
    else:
        print(f"Signed in to {addresses.host} as {found.login}, by {token.source}.")
        for fault in found.missing:
            print(f"  {fault}")
    return 0


def sign_out(_: argparse.Namespace) -> int:
    """Delete the stored token from the system keyring."""
    import os

    from rnd.github import sign_in
    from rnd.github.client import find_addresses

    was_there = sign_in.sign_out(find_addresses(os.environ))
    print("The token is deleted from the system keyring." if was_there else "The system keyring holds no token of rnd.")
    return 0


def status(options: argparse.Namespace) -> int:
    """Set the status of a commit, for a check that GitHub does not run itself."""
    from pathlib import Path

    from rnd import git, report
    from rnd.github.status import Status, plan_status

    wanted = Status(options.context, options.state, options.description, options.target_url)
    with connected(options) as (client, repository):
        commit = git.run(Path(), "rev-parse", "--verify", f"{options.commit}^{{commit}}")
        report.carry_out(plan_status(client, repository, commit, wanted), select(report.Output, options))
    return 0


@contextmanager
def connected(options: argparse.Namespace, identity: str | None = None) -> Generator[tuple[Client, Repository]]:
    """Yield a GitHub client and the repository that the options name; sign in first if needed.

    Args:
        options: Those of the command.
        identity: In a workflow, use the token that the broker gives for it, if org.yml names the app.
    """
    import os
    import sys
    from pathlib import Path

    from rnd import report
    from rnd.github.repository import find_repository, parse_repository
    from rnd.github.sign_in import connect

    if not getattr(options, "quiet", False):
        report.print_log()
    environ, client_id, ask = dict(os.environ), None, sys.stdin.isatty()
    if identity or ask:  # otherwise org.yml is not needed, and reading it takes 0.1 s
        from rnd.organisation import load_organisation

        organisation = load_organisation()
        client_id = organisation.github.client_id
        environ |= _token_of(identity, organisation) if identity else {}
    with connect(environ, client_id, ask=ask) as client:
        named = options.repository
        yield client, parse_repository(named) if named else find_repository(Path(), os.environ, client.addresses)


def _token_of(identity: str, organisation: Organisation) -> dict[str, str]:
    import os

    from rnd.ci.identity import github_token

    token = github_token(identity, os.environ, organisation)
    return {"GH_TOKEN": token} if token else {}


SUBCOMMANDS = {
    "check": ("compare the settings of the repository with org.yml", configure_check),
    "apply": ("apply the settings of org.yml to the repository", configure_apply),
    "sign-in": ("sign in with the browser, and report missing permissions", configure_sign_in),
    "sign-out": ("delete the stored token from the system keyring", configure_sign_out),
    "status": ("set the status of a commit", configure_status),
}
