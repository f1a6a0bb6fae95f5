"""The arguments of `rnd version next`, `explain`, `check`, `check-title` and `set`, and what each calls.

`next` is called in every job, so what it does not need is imported where it is needed.
"""

from __future__ import annotations

from rnd.options import (
    add_github_output_option,
    add_json_option,
    add_pending_option,
    add_plan_options,
    add_repository_option,
    select,
)
from rnd.version import history, next_version, quick
from rnd.version.derivation import check_free, derive, derive_free, up_to_date
from rnd.version.refs import HERE

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from rnd.errors import RndError
    from rnd.options import Parser
    from rnd.plan import Plan
    from rnd.version.next_version import Answer, MergeStrategy


def configure(parser: Parser) -> None:
    """Define the commands of `rnd version`."""
    parser.add_commands("subcommand", SUBCOMMANDS)


def configure_next(parser: Parser) -> None:
    """Define the arguments of `rnd version next`."""
    add_pending_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=print_next)


def configure_explain(parser: Parser) -> None:
    """Define the arguments of `rnd version explain`."""
    add_pending_option(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as a comment on a pull request")
    form.add_argument(
        "--comment",
        type=int,
        metavar="NUMBER",
        help="write it into a comment on that pull request, always the same one",
    )
    add_repository_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=explain)


def configure_check(parser: Parser) -> None:
    """Define the arguments of `rnd version check`."""
    add_pending_option(parser)
    add_github_output_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=check)


def configure_check_title(parser: Parser) -> None:
    """Define the arguments of `rnd version check-title`."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("title", metavar="TITLE", nargs="?", help="the pull request's title")
    which.add_argument(
        "--pull-request", type=int, metavar="NUMBER", help="read title and base off that pull request, as they are now"
    )
    parser.add_argument(
        "--base", metavar="REF", help="the branch that it is to be merged into; origin/main when left out"
    )
    add_repository_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=check_title)


def configure_set(parser: Parser) -> None:
    """Define the arguments of `rnd version set`."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("version", metavar="VERSION", nargs="?", help="X.Y.Z; the next version when left out")
    which.add_argument("--dev", action="store_true", help="the next version as a build of this commit")
    parser.add_argument("--commit", action="store_true", help="commit it, with the message that `explain` knows again")
    parser.add_argument(
        "--push",
        metavar="BRANCH",
        help="commit it and push it to that branch of origin, as the app of org.yml in a workflow, or by GITHUB_TOKEN",
    )
    add_pending_option(parser)
    add_github_output_option(parser)
    add_plan_options(parser)
    parser.set_defaults(run=set_version)


def print_next(options: argparse.Namespace) -> int:
    """Print the next version."""
    if not options.json:
        return quick.print_next(options.pending)
    from rnd.report import print_json

    answer, _ = derive_free(options.pending)
    print_json({name: value for name, value in answer.items() if name != "commits"})
    return 0


def explain(options: argparse.Namespace) -> int:
    """Report the next version with the reason of each commit."""
    from rnd import report
    from rnd.version import explanation

    answer, _ = derive(pending=options.pending)
    if options.comment is not None:
        _comment(options, answer)
    elif options.json:
        report.print_json(answer)
    elif options.markdown:
        print(explanation.markdown(answer, _page()), end="")
    else:
        print(explanation.summary(answer))
        if answer["commits"]:
            report.print_table(explanation.COLUMNS, explanation.rows(answer))
    return 0


def check(options: argparse.Namespace) -> int:
    """Compare the version that the files have with the one that comes next: main's sanity check."""
    from rnd import manifest
    from rnd.version.errors import VersionMismatch

    root = _root()
    found = {manifest.MANIFEST: manifest.read_version(root), manifest.LOCK: manifest.read_lock_version(root)}
    answer, _ = up_to_date(str(found[manifest.MANIFEST]), options.pending)
    check_free(answer)
    if found[manifest.LOCK] not in {None, answer["version"]}:
        raise VersionMismatch(f"{manifest.LOCK} has {found[manifest.LOCK]}, and {answer['version']} comes next.")
    if options.github_output:
        from rnd.ci.outputs import write_outputs

        write_outputs({"version": answer["version"], "tag": answer["tag"]})
    if options.json:
        from rnd.report import print_json

        print_json({"version": answer["version"], "tag": answer["tag"], "files": found})
    else:
        print(f"{answer['version']}, as it should be: {answer['reason']}.")
    return 0


def check_title(options: argparse.Namespace) -> int:
    """Compare a pull request's title with its commits, so that each way to merge it leads to one version."""
    from rnd.version.errors import TitleMismatch

    title, base = options.title, options.base or "refs/remotes/origin/main"
    if options.pull_request is not None:
        title, branch = _read_pull_request(options)
        base = options.base or f"refs/remotes/origin/{branch}"
    strategies = next_version.merge_strategies(title, history.read_branch(HERE, base))
    levels = {strategy["level"] for strategy in strategies}
    if len(levels) > 1:
        raise TitleMismatch("The version would depend on how this is merged:\n" + "\n".join(map(_describe, strategies)))
    if options.json:
        from rnd.report import print_json

        print_json({"title": title, "level": levels.pop(), "strategies": strategies})
    else:
        print(f"{levels.pop()}, whichever way it is merged.")
    return 0


def _read_pull_request(options: argparse.Namespace) -> tuple[str, str]:
    """Return the title of a pull request and the branch that it goes to: a re-run must see a new one."""
    from rnd.commands.github import connected

    with connected(options) as (client, (owner, name)):
        found = client.read(lambda kit: kit.rest.pulls.get(owner, name, options.pull_request))
    return found["title"], found["base"]["ref"]


def set_version(options: argparse.Namespace) -> int:
    """Write a version into pyproject.toml and uv.lock, and commit and push that if told to."""
    from rnd.errors import UsageError
    from rnd.report import Output, carry_out

    wanted = _wanted(options) if options.version is None else options.version
    if not next_version.is_settable(wanted):
        raise UsageError(f"{wanted} is not X.Y.Z, nor an X.Y.Z.devN+HASH that would stay as it is (PEP 440).")
    root = _root()
    app = None if options.push is None or options.only_show else _app_token()
    carry_out(_plan(root, wanted, options, app), select(Output, options))
    if options.only_show:
        return 0
    if options.github_output:
        _write_outputs(root, wanted, by_app=app is not None)
    if not options.json:
        print(wanted)
    return 0


def _page() -> str | None:
    """Return the address of the repository's page where a workflow runs, or None."""
    import os

    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else None


def _comment(options: argparse.Namespace, answer: Answer) -> None:
    from rnd.commands.github import connected
    from rnd.report import Output, carry_out
    from rnd.version.comment import plan_comment
    from rnd.version.explanation import markdown

    with connected(options) as (client, repository):
        text = markdown(answer, f"{client.addresses.server}/{repository}")
        carry_out(plan_comment(client, repository, options.comment, text), select(Output, options))


def _app_token() -> str | None:
    """Return the token that the broker gives a workflow to push a version; GitHub starts a run for what it pushes."""
    import os

    from rnd.ci.identity import github_token, in_actions
    from rnd.organisation import load_organisation

    return github_token("version", os.environ, load_organisation()) if in_actions(os.environ) else None


def _plan(root: Path, wanted: str, options: argparse.Namespace, app: str | None) -> Plan:
    import os

    from rnd.errors import UsageError
    from rnd.version import version_commit

    if not options.commit and options.push is None:
        return version_commit.plan_files(root, wanted)
    if not next_version.is_release(wanted):
        raise UsageError(f"{wanted} is the version of one build, and not to be committed.", "Leave --dev out.")
    return version_commit.plan_commit(root, wanted, options.push, app or os.environ.get("GITHUB_TOKEN"))


def _write_outputs(root: Path, wanted: str, *, by_app: bool) -> None:
    """Write what the jobs after this one need to know, for the commit that is at the head now.

    `app` is whether an app pushes the version: then GitHub starts a new run for that commit.
    """
    from rnd import git
    from rnd.ci.outputs import write_outputs
    from rnd.version.version_commit import committed_version

    head = git.head(root)
    if head is None:
        raise _no_commit()
    development = next_version.development_version(wanted, head) if next_version.is_release(wanted) else wanted
    settled, app = str(committed_version(root) == wanted).lower(), str(by_app).lower()
    outputs = {"version": wanted, "development-version": development, "commit": head, "settled": settled, "app": app}
    write_outputs(outputs)


def _wanted(options: argparse.Namespace) -> str:
    answer, head = derive_free(options.pending)
    if not options.dev:
        return answer["version"]
    if head is None:
        raise _no_commit()
    return next_version.development_version(answer["version"], head)


def _no_commit() -> RndError:
    from rnd.errors import UsageError

    return UsageError("There is no commit yet whose hash could be used.", "Commit first.")


def _root() -> Path:
    from pathlib import Path

    from rnd import git

    return git.work_tree(Path(HERE))


def _describe(strategy: MergeStrategy) -> str:
    from rnd.version.explanation import shown

    decided = strategy["decided"]
    return f"  {strategy['strategy']}: {strategy['level']} ({decided['reason']}) {shown(decided['text'])}".rstrip()


SUBCOMMANDS = {
    "next": ("print the version that comes next", configure_next),
    "explain": ("say why it is that version, commit by commit", configure_explain),
    "check": ("check that pyproject.toml has the version that comes next", configure_check),
    "check-title": ("check that a pull request's title asks for what its commits ask for", configure_check_title),
    "set": ("write a version into pyproject.toml and uv.lock", configure_set),
}
