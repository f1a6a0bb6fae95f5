"""The specification's own command, on a machine that has uv, git and copier, and nothing of ours.

copier is installed as a tool, from the package index. It asks on a real terminal, and there shows the code that a
person then enters in a browser. Touches a folder of a sandbox, and that sandbox's fake GitHub.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pexpect

from rnd import process
from rnd.errors import CommandFailed
from rnd_rehearsal.sandbox import own_environment
from rnd_rehearsal.template import read_questions

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnd_rehearsal.sandbox import Sandbox

PATIENCE = 900  # seconds without what is waited for
COMMAND = "copier copy --trust --vcs-ref HEAD"
# How a dependency tool is chosen among the answers: they stand below each other.
CHOSEN = {"uv": "", "conda": "\x1b[B"}
BESIDE = ("uv", "uvx", "git", "curl")
OURS = ("rnd", "copier")
# What would sign in without asking, or open a browser on this machine.
TAKEN_AWAY = ("GH_TOKEN", "GITHUB_TOKEN", "GH_CONFIG_DIR", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[^\[])")


@dataclass(frozen=True)
class Ended:
    """The result.

    Attributes:
        said: All that the terminal was sent, in plain lines.
        addresses: What its last lines name, by what it is: the repository, the pull request.
    """

    said: str
    addresses: dict[str, str]


def copy(sandbox: Sandbox, login: str, folder: Path, project: str, report: Callable[[str], None]) -> Ended:
    """Create a repository, as a user who signs in during the command.

    Args:
        sandbox: Where.
        login: Who signs in.
        folder: The one that is made; that around it is there.
        project: The project's name.
        report: Receives a line for each event.

    Raises:
        CommandFailed: It failed, or waited for something else.
    """
    variables = machine(sandbox, login)
    report(f"{login} installs copier: uv tool install copier")
    process.run("uv", "tool", "install", "--quiet", "copier", extra=variables)
    address = sandbox.organisation.template.repository
    report(f"{login} types: {COMMAND} {address} {folder.name}")
    said: list[str] = []
    answers = {"project_name": project, "dependency_tool": CHOSEN[sandbox.dependency_tool]}
    with pexpect.spawn(
        "copier",
        [*COMMAND.split()[1:], address, folder.name],
        cwd=folder.parent,
        dimensions=(50, 160),
        encoding="utf-8",
        env=process.environment(variables),
        timeout=PATIENCE,
    ) as terminal:
        _answer(terminal, read_questions(sandbox.checkout), answers, said)
        _expect(terminal, r"open (http\S+) and enter the code (\S+)", said)
        page, code = terminal.match.groups()
        report(f"{login} enters the code {code} at {page}")
        allow(page, code, login, sandbox.hub.password)
        _expect(terminal, None, said)
    text = CONTROL.sub("", "".join(said)).replace("\r\n", "\n")
    if terminal.exitstatus != 0:
        raise _failure("end well", text)
    return Ended(text, dict(re.findall(r"(?m)^  (\w[\w ]*?) +(http\S+)$", text)))


def _answer(
    terminal: pexpect.spawn[str], questions: dict[str, dict[str, Any]], answers: dict[str, str], said: list[str]
) -> None:
    """Answer the questions as they come; Enter alone takes the default."""
    for name, question in questions.items():
        _expect(terminal, re.escape(question["help"]), said)
        terminal.send(answers.get(name, "") + "\r")


def allow(page: str, code: str, login: str, password: str) -> None:
    """Enter a code where the sign-in says, as the form of that page sends it."""
    form = {"user_code": code, "login": login, "password": password, "answer": "allow"}
    with urlopen(page, urlencode(form).encode()):  # noqa: S310 - the fake GitHub's own page
        pass


def _expect(terminal: pexpect.spawn[str], pattern: str | None, said: list[str]) -> None:
    """Wait for words, or for the end, and add what was said until then."""
    found = terminal.expect([pexpect.TIMEOUT, pexpect.EOF, *([pattern] if pattern else [])])
    said += [words for words in (terminal.before, terminal.after) if isinstance(words, str)]
    if found != (2 if pattern else 1):
        raise _failure(f"come to {pattern or 'its end'}", CONTROL.sub("", "".join(said)))


def _failure(what: str, said: str) -> CommandFailed:
    return CommandFailed("\n".join([f"{COMMAND} did not {what}:", *said.splitlines()[-process.LAST_WORDS :]]))


def machine(sandbox: Sandbox, login: str) -> dict[str, str | None]:
    """Return the variables of a machine with a home of its own, on which none of our programs can be found."""
    home = sandbox.folder / "people" / f"home-of-{login}"
    programs = home / ".local" / "bin"
    programs.mkdir(parents=True)
    for name in BESIDE:
        found = process.find(name)
        if found is not None:
            (programs / name).symlink_to(found)
    path = process.environment().get("PATH", os.defpath).split(os.pathsep)
    others = [folder for folder in path if not any((Path(folder) / name).exists() for name in OURS)]
    template = sandbox.hub.state.repository(sandbox.template)
    assert template is not None  # noqa: S101 - every sandbox hosts it
    # The template's address is that of a private repository, which a person's own key opens; here it is that folder.
    (home / ".gitconfig").write_text(
        f"[user]\n\tname = {login.title()}\n\temail = {login}@example.com\n"
        f'[url "{template.folder}"]\n\tinsteadOf = {sandbox.organisation.template.repository}\n',
        encoding="utf-8",
    )
    if sandbox.channel is not None:
        (home / ".netrc").symlink_to(sandbox.channel.netrc)
    identity = [f"GIT_{role}_{what}" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    return {
        **own_environment(sandbox, login),
        **dict.fromkeys((*TAKEN_AWAY, *identity, "PYTHONPATH", "NO_COLOR")),
        "HOME": str(home),
        "PATH": os.pathsep.join([str(programs), *others]),
        "TERM": "xterm-256color",
        "UV_TOOL_DIR": str(home / ".local" / "tools"),
        "UV_TOOL_BIN_DIR": str(programs),
        "UV_PYTHON_INSTALL_DIR": process.run("uv", "python", "dir").strip(),
        "PROMPT_TOOLKIT_NO_CPR": "1",  # no terminal answers the query for the cursor's position
        # A keyring would be that of the user who runs the rehearsal.
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
