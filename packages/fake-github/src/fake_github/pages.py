"""The pages that addresses lead to: a repository's, a pull request's. Simple ones; nobody works here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from fake_github import git_repository as bare

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from fake_github.hub import Hub
    from fake_github.state import PullRequest, Repository

STYLE = (
    "body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}pre{background:#f4f4f4;padding:1rem}"
)


def page(title: str, content: Markup, status: int = 200) -> Response:
    """Return a page."""
    head = Markup("<!doctype html><html lang=en><meta charset=utf-8><title>{}</title><style>{}</style>").format(
        title,
        Markup(STYLE),  # noqa: S704 - a constant
    )
    return Response(head + Markup("<h1>{}</h1>").format(title) + content, status, content_type="text/html")


def serve(hub: Hub, request: Request) -> Response:
    """Answer a request for a page; who asks is not asked, as nothing here is secret."""
    parts = request.path.strip("/").split("/")
    repository = hub.state.repository("/".join(parts[:2]))
    if len(parts) == 1 and (account := hub.state.account(parts[0])):
        return page(account.login, Markup("<p>{}</p>").format(account.kind))
    if repository is None:
        return page("Not found", Markup("<p>There is no such page.</p>"), 404)
    if len(parts) == 2:
        return _repository(repository)
    if parts[2:3] == ["pull"] and len(parts) == 4 and parts[3].isdigit():
        pull = repository.pulls.get(int(parts[3]))
        if pull is not None:
            return _pull(repository, pull)
    if parts[2:3] == ["releases"]:
        releases = [Markup("<li>{}</li>").format(one["tag_name"]) for one in repository.releases.values()]
        return page(f"{repository.full_name}: releases", Markup("<ul>{}</ul>").format(Markup("").join(releases)))
    return page("Not found", Markup("<p>There is no such page.</p>"), 404)


def _repository(repository: Repository) -> Response:
    visibility = repository.settings["visibility"]
    content = Markup("<p>{}. {}</p>").format(visibility.title(), repository.settings["description"] or "")
    for pull in repository.pulls.values():
        content += Markup('<p><a href="/{}/pull/{}">#{} {}</a> ({})</p>').format(
            repository.full_name, pull.number, pull.number, pull.title, pull.state
        )
    for name, sha in bare.refs(repository.folder).items():
        content += Markup("<p><code>{}</code> {}</p>").format(sha[:12], name)
    return page(repository.full_name, content)


def _pull(repository: Repository, pull: PullRequest) -> Response:
    state = "merged" if pull.merged_at else pull.state
    content = Markup("<p>{}: {} into {}, by {}</p><pre>{}</pre>").format(
        state, pull.head_branch, pull.base_branch, pull.author.login, pull.body or ""
    )
    for run in repository.check_runs.values():
        if run["head_sha"] == pull.head:
            content += Markup("<p>{}: {}</p>").format(run["name"], run["conclusion"] or run["status"])
    for comment in repository.comments.values():
        if comment.number == pull.number:
            content += Markup("<h2>{}</h2><pre>{}</pre>").format(comment.author.login, escape(comment.body))
    return page(f"{pull.title} #{pull.number}", content)
