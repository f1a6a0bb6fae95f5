"""Many repositories at once, with differences that a test knows."""

from __future__ import annotations

import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from fake_github.populate import Drift, Edit, open_pull, populate
from fake_github_tests.acme import git, refused
from fake_github_tests.queries import data

if TYPE_CHECKING:
    from fake_github.populate import Seeded
    from fake_github_tests.acme import Acme


def files(one: Seeded) -> dict[str, str]:
    """Return what a generated repository has."""
    if one.kind == "no-template":
        return {"README.md": "Mine.\n"}
    return {
        "answers.yml": f"name: {one.name}\nversion: {one.version}\n",
        ".github/workflows/ci.yml": f"uses: acme/ci@{one.ref}\n",
    }


def fleet(acme: Acme, count: int, seed: int = 7, **more: Any) -> list[Seeded]:  # noqa: ANN401
    return populate(acme.hub, "Acme/rover", count, files=files, seed=seed, **more)


def test_drifts_are_exactly_those_that_were_drawn(acme: Acme) -> None:
    acme.protect("all-green")
    drifts = {
        "wiki": Drift(20, lambda one: one.settings.update(has_wiki=False)),
        "rules": Drift(20, lambda one: one.rulesets.clear()),
    }
    made = fleet(acme, 60, drifts=drifts)
    query = """{ organization(login: "Acme") { repositories(first: 100) { nodes {
      name hasWikiEnabled rulesets(first: 1) { totalCount } } } } }"""
    found = data(acme, query)["organization"]["repositories"]["nodes"]
    assert {one["name"] for one in found if not one["hasWikiEnabled"]} == {
        one.name for one in made if "wiki" in one.drifts
    }
    assert {one["name"] for one in found if not one["rulesets"]["totalCount"]} == {
        one.name for one in made if "rules" in one.drifts
    }
    assert 0 < sum("wiki" in one.drifts for one in made) < 60


def test_a_repository_is_like_the_model(acme: Acme) -> None:
    acme.protect("all-green")
    acme.ada.rest.repos.update("Acme", "rover", has_wiki=False, delete_branch_on_merge=True)
    acme.ada.rest.repos.replace_all_topics("Acme", "rover", names=["robots"])
    acme.ada.rest.teams.add_or_update_repo_permissions_in_org("Acme", "builders", "Acme", "rover", permission="push")
    made = fleet(acme, 1, kinds={}, hostile=0)[0]
    model, found = (acme.ada.rest.repos.get("Acme", name).json() for name in ("rover", made.name))
    own = {"id", "node_id", "name", "full_name", "created_at", "updated_at", "pushed_at"}
    own |= {name for name in model if name.endswith("url")}
    assert {key: value for key, value in found.items() if key not in own} == {
        key: value for key, value in model.items() if key not in own
    }
    teams = acme.ada.rest.repos.list_teams("Acme", made.name).json()
    assert [(team["slug"], team["permission"]) for team in teams] == [("builders", "push")]
    (ruleset,) = acme.ada.rest.repos.get_repo_rulesets("Acme", made.name).json()
    acme.ada.rest.repos.delete_repo_ruleset("Acme", made.name, ruleset["id"])
    assert len(acme.ada.rest.repos.get_repo_rulesets("Acme", "rover").json()) == 1  # nothing is shared


def test_the_draw_depends_on_the_seed_alone(acme: Acme) -> None:
    versions = {"2.0.0": 3.0, "1.0.0": 1.0}

    def drawn(made: list[Seeded]) -> list[tuple[object, ...]]:
        return [(one.kind, one.version, one.hostile, one.former_name is None) for one in made]

    first = drawn(fleet(acme, 40, versions=versions, prefix="a", hostile=0))
    assert drawn(fleet(acme, 20, versions=versions, prefix="b", hostile=0)) == first[:20]
    assert drawn(fleet(acme, 40, versions=versions, prefix="c", hostile=0, seed=8)) != first


def test_a_taken_name_is_refused(acme: Acme) -> None:
    fleet(acme, 1, hostile=0)
    with pytest.raises(ValueError, match="There is a repository Acme/project-00000 already"):
        fleet(acme, 1, hostile=0)


def test_every_kind_shows(acme: Acme) -> None:
    share = {"archived": 10, "disabled": 10, "locked": 10, "empty": 10, "fork": 10, "mirror": 10, "no-main": 10}
    made = fleet(acme, 70, kinds=share)
    query = """{ organization(login: "Acme") { repositories(first: 100) { nodes {
      name isArchived isDisabled isLocked isEmpty isFork isMirror defaultBranchRef { name } } } } }"""
    found = {one["name"]: one for one in data(acme, query)["organization"]["repositories"]["nodes"]}
    fields = {"archived": "isArchived", "disabled": "isDisabled", "locked": "isLocked", "empty": "isEmpty"}
    fields |= {"fork": "isFork", "mirror": "isMirror"}
    for one in made:
        shown = {kind for kind, field in fields.items() if found[one.name][field]}
        assert shown == {one.kind} & set(fields)
        branch = {"empty": None, "no-main": {"name": "master"}}.get(one.kind, {"name": "main"})
        assert found[one.name]["defaultBranchRef"] == branch
    assert set(share) <= set(Counter(one.kind for one in made))


def test_files_are_as_given_and_as_edited(acme: Acme) -> None:
    edits = {"answers": Edit(30, lambda texts: texts.update({"answers.yml": "version: main\n"}))}
    made = fleet(acme, 20, edits=edits, kinds={}, hostile=0)
    query = """{ organization(login: "Acme") { repositories(first: 100) { nodes {
      name object(expression: "main:answers.yml") { ... on Blob { text } } } } } }"""
    nodes = data(acme, query)["organization"]["repositories"]["nodes"]
    found = {one["name"]: one["object"] and one["object"]["text"] for one in nodes}
    assert {one.name: found[one.name] for one in made} == {one.name: one.files["answers.yml"] for one in made}
    assert {one.name for one in made if "answers" in one.edits} == {
        name for name, text in found.items() if text == "version: main\n"
    }


def test_a_renamed_repository_is_found_by_its_former_name(acme: Acme) -> None:
    one = fleet(acme, 1, renamed=100, kinds={}, hostile=0)[0]
    query = """query($name: String!, $follow: Boolean!) {
      repository(owner: "Acme", name: $name, followRenames: $follow) { name databaseId } }"""
    found = data(acme, query, name=one.former_name, follow=True)["repository"]
    assert found == {"name": one.name, "databaseId": one.repository.id}


def test_hostile_repositories_are_valid_ones(acme: Acme) -> None:
    """REST serves each of them without breaking GitHub's description, which the fixture checks."""
    for one in fleet(acme, 30, hostile=100, kinds={}):
        found = acme.ada.rest.repos.get("Acme", one.name).json()
        assert (found["name"], found["description"]) == (one.name, one.repository.settings["description"])


def test_they_are_real_repositories(acme: Acme) -> None:
    """Git accepts them, and a push to one changes no other."""
    one, other = fleet(acme, 2, kinds={}, hostile=0)
    checked = ["git", "fsck", "--full", "--strict", "--no-dangling"]
    subprocess.run(checked, cwd=one.repository.folder, check=True, capture_output=True)
    git(acme.clone.folder, "fetch", "--quiet", str(one.repository.folder), "main")
    git(acme.clone.folder, "switch", "--quiet", "--detach", "FETCH_HEAD")
    sha = acme.clone.commit("feat: drive", speed="fast")
    address = acme.clone.address.replace("rover", one.name)
    clone = type(acme.clone)(acme.clone.folder, acme.hub, address, acme.token)
    assert clone.push("HEAD:main").returncode == 0
    query = 'query($name: String!) { repository(owner: "Acme", name: $name) { defaultBranchRef { target { oid } } } }'
    heads = [data(acme, query, name=name)["repository"]["defaultBranchRef"] for name in (one.name, other.name)]
    assert [head["target"]["oid"] for head in heads] == [sha, other.head]


def test_a_pull_request_can_be_opened_and_merged(acme: Acme) -> None:
    one = fleet(acme, 1, kinds={}, hostile=0)[0]
    ada = acme.hub.state.accounts["ada"]
    pull = open_pull(acme.hub, one, ada, "update", {"answers.yml": "version: 2.0.0\n"})
    query = """query($name: String!) { repository(owner: "Acme", name: $name) {
      pullRequest(number: 1) { mergeable headRefOid headRefName } } }"""
    found = data(acme, query, name=one.name)["repository"]["pullRequest"]
    assert found == {"mergeable": "MERGEABLE", "headRefOid": pull.head, "headRefName": "update"}
    acme.ada.rest.pulls.merge("Acme", one.name, 1, merge_method="squash")
    assert git(one.repository.folder, "show", "main:answers.yml") == "version: 2.0.0"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("archived", "Repository was archived so is read-only."),
        ("locked", "Repository has been locked for migration."),
    ],
)
def test_what_is_read_only_cannot_be_changed(acme: Acme, kind: str, message: str) -> None:
    one = fleet(acme, 1, kinds={kind: 100}, hostile=0)[0]
    said = refused(lambda: acme.ada.rest.repos.replace_all_topics("Acme", one.name, names=["x"]))
    assert said == (403, message)
    assert acme.ada.rest.repos.get("Acme", one.name).status_code == 200


def test_an_archived_repository_can_be_unarchived(acme: Acme) -> None:
    one = fleet(acme, 1, kinds={"archived": 100}, hostile=0)[0]
    acme.ada.rest.repos.update("Acme", one.name, archived=False)
    acme.ada.rest.repos.replace_all_topics("Acme", one.name, names=["x"])
