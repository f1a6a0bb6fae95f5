"""The fake's answers and webhooks, field by field beside real ones that Octokit has recorded and published.

https://github.com/octokit/fixtures has answers of GitHub's REST API, and https://github.com/octokit/webhooks has
webhooks and JSON schemas of them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from jsonschema import Draft7Validator

from fake_github_tests.comparison import fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_github_tests.acme import Acme

PACKAGES = {
    "fixtures": "@octokit/fixtures@23.1.2",
    "examples": "@octokit/webhooks-examples@7.6.1",
    "schemas": "@octokit/webhooks-schemas@7.6.1",
}
# What the fake does not have: tokens for downloads, and who may push or dismiss reviews by classic protection.
DIFFERENT = {
    "GET hello-world: temp_clone_token is missing",
    "PUT protection: required_pull_request_reviews.dismissal_restrictions is missing",
    "PUT protection: restrictions is missing",
}
# A `username` is that of an author who has an account, a `discussion_url` that of a release that has a discussion.
# The schemas are from 2024; the description of GitHub, against which the fake validates too, has both properties.
DIFFERENT_EVENTS = {
    *(f"push: {one}.username is missing" for one in ("commits[].author", "commits[].committer")),
    *(f"push: head_commit.{one}.username is missing" for one in ("author", "committer")),
    "release: release.discussion_url is missing",
    "release: $.release Additional properties are not allowed ('immutable', 'updated_at' were unexpected)",
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packages, each in a folder."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine; install Node 22 or later, or run `uv sync --group node`")
    folder = tmp_path_factory.mktemp("npm")
    packed = subprocess.run(
        ["npm", "pack", "--silent", *PACKAGES.values()], cwd=folder, capture_output=True, text=True, check=False
    )
    if packed.returncode:
        pytest.skip("npm does not have Octokit's packages here")
    found = {}
    for name, file in zip(PACKAGES, packed.stdout.split(), strict=True):
        found[name] = folder / name
        found[name].mkdir()
        subprocess.run(["tar", "xzf", folder / file, "-C", found[name], "--strip-components=1"], check=True)
    return found


def recorded(folder: Path) -> dict[tuple[str, str], Any]:
    """Return the recorded answers, by the scenario and the method with the last part of the path."""
    found = {}
    for file in sorted((folder / "scenarios/api.github.com").glob("*/normalized-fixture.json")):
        for call in json.loads(file.read_bytes()):
            found[file.parent.name, f"{call['method'].upper()} {call['path'].rpartition('/')[2]}"] = call["response"]
    return found


def answers(acme: Acme) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield the fake's answer to each recorded request that it serves."""
    (acme.clone.folder / "README.md").write_text("# rover\n", encoding="utf-8")
    sha = acme.clone.commit("docs: describe")
    acme.clone.push("main")
    zero = f"0{'0' * 38}1"
    base = f"{acme.hub.api_url}/repos/Acme/rover"
    with httpx.Client(headers={"Authorization": f"Bearer {acme.token}"}) as client:

        def ask(method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401
            return client.request(method, path if path.startswith("http") else base + path, json=body).json()

        owner = {"Authorization": f"Bearer {acme.hub.add_user('ada', {'admin:org'})}"}
        organisation = httpx.get(f"{acme.hub.api_url}/orgs/Acme", headers=owner).json()
        yield ("get-organization", "GET octokit-fixture-org"), organisation
        yield ("get-repository", "GET hello-world"), ask("GET", "")
        yield ("get-content", "GET README.md"), ask("GET", "/contents/README.md")
        state = {"state": "failure", "context": "example", "description": "test", "target_url": "https://example.com"}
        yield ("create-status", f"POST {zero}"), ask("POST", f"/statuses/{sha}", state)
        yield ("create-status", "GET statuses"), ask("GET", f"/commits/{sha}/statuses")
        yield ("create-status", "GET status"), ask("GET", f"/commits/{sha}/status")
        yield ("git-refs", "POST refs"), ask("POST", "/git/refs", {"ref": "refs/heads/test", "sha": sha})
        yield ("git-refs", "PATCH test"), ask("PATCH", "/git/refs/heads/test", {"sha": sha, "force": True})
        yield ("add-labels-to-issue", "POST issues"), ask("POST", "/issues", {"title": "Issue"})
        released = ask("POST", "/releases", {"tag_name": "v1.0.0"})
        yield ("release-assets", "GET v1.0.0"), ask("GET", f"/releases/tags/{released['tag_name']}")
        wanted = {
            "required_status_checks": {"strict": True, "contexts": ["foo/bar"]},
            "required_pull_request_reviews": {"dismiss_stale_reviews": True, "require_code_owner_reviews": False},
            "enforce_admins": True,
        }
        yield ("branch-protection", "GET protection"), ask("GET", "/branches/main/protection")
        protected = ask("PUT", "/branches/main/protection", {**wanted, "restrictions": None})
        yield ("branch-protection", "PUT protection"), protected
        ask("PATCH", "", {"name": "renamed"})
        yield ("rename-repository", "GET rename-repository"), ask("GET", "")


@pytest.mark.slow
def test_answers_have_the_fields_of_recorded_ones(acme: Acme, published: dict[str, Path]) -> None:
    real = recorded(published["fixtures"])
    compared, wrong = 0, set()
    for key, ours in answers(acme):
        for path, fault in fields(real[key], ours):
            compared += 1
            wrong |= set() if fault is None else {f"{key[1]}: {path} {fault}"}
    print(f"{compared} fields compared with recorded answers")
    assert compared > 400
    assert wrong == DIFFERENT


def change(acme: Acme) -> None:
    """Cause each kind of event."""
    acme.clone.branch("feature", "feat: drive", drive="on")
    number = acme.open_pull("feature", "feat: drive")
    acme.clone.commit("feat: drive on", drive="further")
    acme.clone.push("feature")
    rest = acme.ada.rest
    rest.pulls.update("Acme", "rover", number, title="feat: drives")
    comment = rest.issues.create_comment("Acme", "rover", number, body="Well").parsed_data
    rest.issues.update_comment("Acme", "rover", comment.id, body="Well done")
    acme.pass_check(rest.pulls.get("Acme", "rover", number).parsed_data.head.sha)
    rest.pulls.update("Acme", "rover", number, state="closed")
    rest.pulls.update("Acme", "rover", number, state="open")
    acme.merge(number, "squash")
    rest.git.delete_ref("Acme", "rover", "heads/feature")
    rest.repos.create_release("Acme", "rover", tag_name="0.1.0", name="0.1.0", body="Drives.")


@pytest.mark.slow
def test_webhooks_are_valid_by_octokits_schemas_and_have_the_fields_of_examples(
    acme: Acme, published: dict[str, Path]
) -> None:
    schema = json.loads((published["schemas"] / "schema.json").read_bytes())
    examples = {
        one["name"]: one["examples"]
        for one in json.loads((published["examples"] / "api.github.com/index.json").read_bytes())
    }
    change(acme)
    compared, wrong = 0, set()
    for event in acme.hub.events:
        name = f"{event.name}${event.action or 'event'}"
        validator = Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": schema["definitions"]})
        for error in validator.iter_errors(event.payload):
            wrong.add(f"{event.name}: {error.json_path} {error.message[:200]}")
        for example in examples[event.name]:
            if example.get("action") == event.action:
                for path, fault in fields({**example, "installation": {}}, {"installation": {}, **event.payload}):
                    compared += 1
                    wrong |= set() if fault is None else {f"{event.name}: {path} {fault}"}
    kinds = {event.webhook for event in acme.hub.events}
    print(f"{compared} fields compared with recorded webhooks, of {len(acme.hub.events)} events of {len(kinds)} kinds")
    assert compared > 10_000
    assert wrong == DIFFERENT_EVENTS
