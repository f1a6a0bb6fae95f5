"""Finds, renders and updates the template. With `unattended`, the only caller of copier."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnd import git
from rnd.answers import ANSWERS_FILE
from rnd.errors import AnswerMissing, AnswerRefused, TemplateUnavailable, TemplateUntrusted
from rnd.github.repository import location

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

CHECKOUT = Path(__file__).parents[3]
# How this program calls copier: the tasks of a template are the steps of `rnd setup`, which it runs itself.
QUIETLY = {"overwrite": True, "unsafe": True, "quiet": True, "skip_tasks": True}


@dataclass(frozen=True)
class Template:
    """The source of a template, and the source that generated repositories record.

    Attributes:
        source: URL or folder that copier reads.
        remembered: URL or folder for later updates, recorded in the answers file.
        ref: Branch, tag or commit.
    """

    source: str
    remembered: str
    ref: str

    def has_uncommitted_changes(self) -> bool:
        """Return whether copier would render uncommitted changes, and record a commit that exists nowhere else."""
        folder = Path(self.source)
        return self.ref == "HEAD" and folder.is_dir() and not git.is_clean(folder)


def find_template(source: str | None, ref: str | None, published: str) -> Template:
    """Select the template: the given one, else the checkout that this program runs from, else the published one.

    If the `origin` of a checkout has the commit too, the URL of origin is recorded, so that the generated repositories
    can be updated on any machine.

    Args:
        source: URL or folder from the user.
        ref: Branch, tag or commit from the user.
        published: The organisation's template repository.
    """
    if source is not None:
        folder = Path(source).expanduser()
        source = str(folder.resolve()) if folder.is_dir() else source
        return Template(source, source, ref or "HEAD")
    if not (CHECKOUT / "copier.yml").is_file() or git.toplevel(CHECKOUT) is None:
        return Template(published, published, ref or "HEAD")
    origin = git.attempt(CHECKOUT, "remote", "get-url", "origin")
    published_here = origin and git.attempt(CHECKOUT, "branch", "--remotes", "--contains", ref or "HEAD")
    return Template(str(CHECKOUT), origin if origin and published_here else str(CHECKOUT), ref or "HEAD")


def trusted_source(recorded: str, named: str | None, published: str) -> str:
    """Return the template to update from.

    A template can run commands, so the source that a repository records is used only if it is a known one.

    Args:
        recorded: The source in the answers file of the repository.
        named: URL or folder from the user.
        published: The organisation's template repository.

    Raises:
        TemplateUntrusted: The recorded template is neither the organisation's nor the one this program is part of.
    """
    if named is not None:
        return find_template(named, None, published).remembered
    known = (published, str(CHECKOUT), git.attempt(CHECKOUT, "remote", "get-url", "origin") or published)
    if location(recorded) not in map(location, known):
        raise TemplateUntrusted(f"{ANSWERS_FILE} has the template {recorded}, and org.yml has {published}.")
    return recorded


def render(
    template: Template,
    destination: Path,
    data: Mapping[str, object],
    proposed: Mapping[str, object],
    *,
    ask: bool,
) -> None:
    """Ask the open questions and render the template into a folder, without running its tasks.

    Args:
        template: The template.
        destination: The folder; created if it does not exist.
        data: Answers that are not asked.
        proposed: Defaults that replace those of the template.
        ask: Whether to ask; otherwise the defaults are used.

    Raises:
        AnswerRefused: An answer is not valid.
        AnswerMissing: A question has no default, and asking is not possible.
        TemplateUnavailable: The template cannot be downloaded or read.
        OSError: The folder is not writable.
    """
    from rnd.project.unattended import New

    with (
        _copier_errors(template.source),
        New(
            src_path=template.source,
            dst_path=destination,
            data=dict(data),
            user_defaults=dict(proposed),
            vcs_ref=template.ref,
            defaults=not ask,
            **QUIETLY,
        ) as worker,
    ):
        worker.run_copy()
    if template.remembered != template.source:
        remember(destination / ANSWERS_FILE, template.remembered)


def update(folder: Path, ref: str, *, ask: bool, data: Mapping[str, object] | None = None) -> None:
    """Update a repository to another version of its template or to other answers, without running its tasks.

    Args:
        folder: Root of the git repository.
        ref: Tag, branch or commit of the template.
        ask: Whether to ask questions without an answer; otherwise their defaults are used.
        data: Answers that replace the recorded ones.

    Raises:
        TemplateUnavailable: The template cannot be downloaded or read.
    """
    from copier import run_update

    with _copier_errors(f"of {folder.name}"):
        run_update(
            folder,
            data=dict(data or {}),
            vcs_ref=ref,
            defaults=not ask,
            skip_answered=True,
            **QUIETLY,
        )


def update_unattended(folder: Path, ref: str) -> None:
    """Update a repository as `update` does, without questions, tasks or migrations: nothing of the template runs.

    Raises:
        TemplateUnavailable: The template cannot be read or rendered.
    """
    from rnd.project import unattended

    with _copier_errors(f"of {folder.name}"):
        unattended.update(folder, ref)


def remember(answers: Path, address: str) -> None:
    """Record the template's URL in an answers file."""
    text = answers.read_text(encoding="utf-8")
    answers.write_text(re.sub(r"(?m)^_src_path: .*$", lambda _: f"_src_path: {address}", text), encoding="utf-8")


@contextmanager
def _copier_errors(source: str) -> Generator[None]:
    """Convert the exceptions of copier and its libraries to errors of the catalogue."""
    from copier.errors import CopierAnswersInterrupt, CopierError, CopierWarning, InteractiveSessionError
    from jinja2 import TemplateError
    from plumbum import ProcessExecutionError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CopierWarning)
            yield
    except CopierAnswersInterrupt as error:
        raise KeyboardInterrupt from error
    except InteractiveSessionError as error:
        raise AnswerMissing(f"A question has no answer, and there is no terminal to ask it in: {error}.") from error
    except ProcessExecutionError as error:
        raise TemplateUnavailable(f"git could not download the template {source}:\n{error.stderr.strip()}") from error
    except TemplateError as error:
        raise TemplateUnavailable(f"The template {source} cannot be rendered: {error}.") from error
    except (CopierError, ValueError) as error:
        raise _answer_error(str(error)) from error


def _answer_error(message: str) -> AnswerRefused | AnswerMissing | TemplateUnavailable:
    refused = re.match(r"Validation error for question '(\w+)': (.*)", message, re.DOTALL)
    if refused:
        return AnswerRefused(f"{refused[1]}: {refused[2].strip()}")
    missing = re.match(r"Question \"(\w+)\" is required", message)
    if missing:
        return AnswerMissing(f"The question {missing[1]} has no answer.")
    return TemplateUnavailable(f"copier: {message}")
