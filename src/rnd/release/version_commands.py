"""The arguments of `rnd version next`, `explain`, `check`, `check-title` and `set`, and what each calls.

`next` is called in every job, so what it does not need is imported where it is needed.
"""

from __future__ import annotations

from rnd.arguments import add_json_option, add_plan_options, add_repository_option
from rnd.release import history, version

TYPE_CHECKING = False  # typing's own would cost every start 2 ms
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from rnd.arguments import Parser
    from rnd.plan import Plan, Step
    from rnd.release.version import Answer, Way

HERE = "."


def configure_version(parser: Parser) -> None:
    """Define the commands of `rnd version`."""
    parser.add_commands("subcommand", SUBCOMMANDS)


def configure_next(parser: Parser) -> None:
    """Define the arguments of `rnd version next`."""
    add_json_option(parser)
    parser.set_defaults(run=next_version)


def configure_explain(parser: Parser) -> None:
    """Define the arguments of `rnd version explain`."""
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
    add_json_option(parser)
    parser.set_defaults(run=check)


def configure_check_title(parser: Parser) -> None:
    """Define the arguments of `rnd version check-title`."""
    parser.add_argument("title", metavar="TITLE", help="the pull request's title")
    parser.add_argument(
        "--base",
        metavar="REF",
        default="origin/main",
        help="the branch that it is to be merged into; origin/main when left out",
    )
    add_json_option(parser)
    parser.set_defaults(run=check_title)


def configure_set(parser: Parser) -> None:
    """Define the arguments of `rnd version set`."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("version", metavar="VERSION", nargs="?", help="X.Y.Z; the next version when left out")
    which.add_argument("--dev", action="store_true", help="the next version as a build of this commit")
    add_plan_options(parser)
    parser.set_defaults(run=set_version)


def next_version(options: argparse.Namespace) -> int:
    """Print the next version."""
    answer, _ = _next()
    if options.json:
        from rnd.report import print_json

        print_json({name: value for name, value in answer.items() if name != "commits"})
    else:
        print(answer["version"])
    return 0


def explain(options: argparse.Namespace) -> int:
    """Report the next version with the reason of each commit."""
    from rnd import report
    from rnd.release import explanation

    answer, _ = derive()
    if options.comment is not None:
        _comment(options, explanation.markdown(answer))
    elif options.json:
        report.print_json(answer)
    elif options.markdown:
        print(explanation.markdown(answer), end="")
    else:
        print(explanation.summary(answer))
        if answer["commits"]:
            report.print_table(explanation.COLUMNS, explanation.rows(answer))
    return 0


def check(options: argparse.Namespace) -> int:
    """Compare the version that the files have with the one that comes next: main's sanity check."""
    from rnd.release import manifest
    from rnd.release.errors import VersionMismatch

    answer, _ = _next()
    root = _root()
    found = {manifest.MANIFEST: manifest.read_version(root), manifest.LOCK: manifest.read_lock_version(root)}
    for file, written in found.items():
        if written not in {None, answer["version"]}:
            raise VersionMismatch(f"{file} has {written}, and {answer['version']} comes next: {answer['because']}.")
    if options.json:
        from rnd.report import print_json

        print_json({"version": answer["version"], "tag": answer["tag"], "files": found})
    else:
        print(f"{answer['version']}, as it should be: {answer['because']}.")
    return 0


def check_title(options: argparse.Namespace) -> int:
    """Compare a pull request's title with its commits, so that each way to merge it leads to one version."""
    from rnd.release.errors import TitleMismatch

    ways = version.ways_to_merge(options.title, history.read_branch(HERE, options.base))
    levels = {way["level"] for way in ways}
    if len(levels) > 1:
        raise TitleMismatch("The version would depend on how this is merged:\n" + "\n".join(map(_describe, ways)))
    if options.json:
        from rnd.report import print_json

        print_json({"title": options.title, "level": levels.pop(), "ways": ways})
    else:
        print(f"{levels.pop()}, whichever way it is merged.")
    return 0


def set_version(options: argparse.Namespace) -> int:
    """Write a version into pyproject.toml and uv.lock."""
    from rnd.errors import UsageError
    from rnd.report import carry_out

    wanted = _wanted(development=options.dev) if options.version is None else options.version
    if not version.is_settable(wanted):
        raise UsageError(f"{wanted} is no X.Y.Z, nor an X.Y.Z.devN+HASH that would stay as it is (PEP 440).")
    carry_out(_plan(_root(), wanted), options)
    if not options.only_show and not options.json:
        print(wanted)
    return 0


def _comment(options: argparse.Namespace, text: str) -> None:
    from rnd.github.commands import connected
    from rnd.release.comment import plan_comment
    from rnd.report import carry_out

    with connected(options) as (client, repository):
        carry_out(plan_comment(client, repository, options.comment, text), options)


def derive(without: str = "") -> tuple[Answer, str | None]:
    """Return the next version, and the full hash of the commit at the head.

    Args:
        without: A tag that is passed over, as if it were not there yet.
    """
    past = history.read(HERE, without)
    if past["release"]:
        return version.derive(past["release"], past["commits"], past["tags"]), past["head"]
    from rnd.release import manifest

    return version.first(manifest.read_version(_root()), past["tags"]), past["head"]


def _next() -> tuple[Answer, str | None]:
    """Return what `_derive` returns, if that version is free.

    Raises:
        VersionTaken: It is released already.
    """
    answer, head = derive()
    if answer["taken"]:
        from rnd.release.errors import VersionTaken

        raise VersionTaken(f"{answer['version']} comes next here, and tag {answer['taken']} is on another commit.")
    return answer, head


def _wanted(*, development: bool) -> str:
    answer, head = _next()
    if not development:
        return answer["version"]
    if head is None:
        from rnd.errors import UsageError

        raise UsageError("There is no commit yet whose hash --dev could use.", "Commit first.")
    return version.development_version(answer["version"], head)


def _root() -> Path:
    from pathlib import Path

    from rnd import git

    return git.work_tree(Path(HERE))


def _plan(root: Path, wanted: str) -> Plan:
    """Plan to write a version into both files; killed between the two, the same command finishes."""
    from rnd.plan import Action, Plan, State, Step
    from rnd.release import manifest

    def step(file: str, read: Callable[[Path], str | None], write: Callable[[Path, str], None]) -> Step:
        def observe() -> State:
            found = read(root)
            return State(done=found in {None, wanted}, evidence=f"it has {found}" if found else "there is none")

        action = Action(f"write {wanted} into {file}", lambda: write(root, wanted))
        return Step(f"set-{file.replace('.', '-')}", f"Set the version in {file}", observe, (action,))

    return Plan(
        f"the version {wanted}",
        (
            step(manifest.MANIFEST, manifest.read_version, manifest.write_version),
            step(manifest.LOCK, manifest.read_lock_version, manifest.write_lock_version),
        ),
    )


def _describe(way: Way) -> str:
    from rnd.release.explanation import shown

    decided = way["decided"]
    return f"  {way['way']}: {way['level']} ({decided['reason']}) {shown(decided['text'])}".rstrip()


SUBCOMMANDS = {
    "next": ("print the version that comes next", configure_next),
    "explain": ("say why it is that version, commit by commit", configure_explain),
    "check": ("check that pyproject.toml has the version that comes next", configure_check),
    "check-title": ("check that a pull request's title asks for what its commits ask for", configure_check_title),
    "set": ("write a version into pyproject.toml and uv.lock", configure_set),
}
CONFIGURE = {"version": configure_version}
