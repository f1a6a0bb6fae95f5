"""Any org.yml that the schema accepts renders files that parse and hold its values as they are."""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from copy import deepcopy
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from hypothesis import HealthCheck, Phase, example, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rnd.names import derive_names
from rnd.organisation import Organisation
from rnd_rehearsal.template import copy_what_renders
from tests.helpers.machine import ROOT
from tests.helpers.organisations import without_aws

SHIPPED = yaml.safe_load((ROOT / "org.yml").read_text(encoding="utf-8"))
CLASS = next(iter(SHIPPED["runners"]["classes"]))
# What has a meaning in YAML, TOML, Python, Jinja, a shell, a Dockerfile, Markdown, or an expression of GitHub Actions.
MEANINGFUL = st.sampled_from(
    (
        *(
            'O"Brien Labs',
            "it's",
            "a: b # c",
            "v1 # x",
            "CI: all green",
            "#x",
            "- x",
            "? x",
            "| x",
            "> x",
            "%x",
            "@x",
            "`x`",
        ),
        *("yes", "null", "~", "1e3", "0x10", "1_0", "2026-11-24", "[a]", "{a}", "*a", "&a", "!a", "!!set", "<<", "="),
        *("{{ x }}", "{% raw %}", "{# x #}", "${{ github.token }}", "${HOME}", "$(id)", "$x", "a\\nb", "\\", "a\\"),
        *('"', "'", '"""', "'''", '\\"', "é 🎉", "a\u2028b", "a\x85b", "\ufeffa", "a\xa0", " a", "a ", "a  b"),
    )
)
TEXT = MEANINGFUL | st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
SLUG = st.from_regex(r"\A[a-z][a-z0-9]*(-[a-z0-9]+)*\Z").filter(lambda slug: len(slug) <= 30)
LABEL = st.from_regex(r"\A[A-Za-z][A-Za-z0-9._-]*\Z")
# The values that reach a generated repository, each by its keys.
VALUES: dict[tuple[str, ...], st.SearchStrategy[object]] = {
    ("name",): TEXT,
    ("slug",): SLUG,
    ("repository_prefix",): SLUG,
    ("copyright",): TEXT,
    ("license",): st.just("") | TEXT | st.lists(TEXT, min_size=2, max_size=3).map("\n".join),
    ("template", "repository"): TEXT | SLUG.map(lambda slug: f"git@github.com:{slug}/{slug}.git"),
    ("template", "workflow_ref"): TEXT,
    ("github", "owner"): st.from_regex(r"\A[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?\Z"),
    ("github", "repository", "main", "required_check"): TEXT,
    ("github", "repository", "environment", "name"): TEXT,
    ("conda", "channels"): st.lists(SLUG | TEXT.map("https://example.com/{}".format), min_size=1, max_size=3),
    ("conda", "platforms", "linux-64"): st.dictionaries(st.from_regex(r"\A__[a-z0-9_]+\Z"), TEXT, max_size=3),
    ("package_index", "domain"): SLUG,
    ("package_index", "repository"): SLUG,
    ("image_registry", "address"): TEXT,
    ("image_registry", "base_image"): TEXT.map("{}:py{{version}}".format),
    ("docker", "base_image"): TEXT.map("{}:{{version}}".format),
    ("runners", "classes", CLASS, "labels"): st.lists(LABEL, min_size=1, max_size=3),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template that is no git repository."""
    return copy_what_renders(ROOT, tmp_path_factory.mktemp("template"))


@st.composite
def organisations(draw: st.DrawFn) -> Organisation:
    """Return org.yml with up to four other values, if the schema accepts it."""
    document = deepcopy(SHIPPED)
    for keys in draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4, unique=True)):
        reduce(getitem, keys[:-1], document)[keys[-1]] = draw(VALUES[keys])
    try:
        return Organisation.model_validate(document)
    except ValidationError:
        return reject()


def shipped(**changes: object) -> Organisation:
    """Return org.yml with other values, each named by its keys, which `__` separates."""
    document = deepcopy(SHIPPED)
    for name, value in changes.items():
        *path, last = name.split("__")
        reduce(getitem, path, document)[last] = value
    return Organisation.model_validate(document)


@settings(
    max_examples=60,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(organisations(), st.sampled_from(("uv", "conda")))
@example(shipped(name='O"Brien Labs'), "uv")
@example(shipped(github__repository__main__required_check="CI: all green"), "uv")
@example(shipped(name="a\\", copyright="${HOME} {{ x }}"), "conda")
def test_the_files_parse_and_hold_the_values(source: Path, organisation: Organisation, tool: str) -> None:
    (source / "org.yml").write_text(yaml.safe_dump(organisation.model_dump(mode="json")), encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "demo")
        data = {"project_name": "demo", "dependency_tool": tool}
        run_copy(str(source), folder, data=data, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
        files = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    parsed = {path: parse(path, text) for path, text in files.items()}
    assert parsed["pyproject.toml"]["project"]["name"] == derive_names("demo", organisation).package
    lines = (
        [organisation.copyright, *organisation.license.split("\n")]
        if organisation.license
        else [organisation.copyright]
    )
    assert files["LICENSE"].rstrip("\n").split("\n") == lines
    for path, text in files.items():
        if path.endswith(".py"):
            assert text.split("\n")[0] == f"# {organisation.copyright}"
    check_jobs(parsed, organisation)


def check_jobs(parsed: dict[str, Any], organisation: Organisation) -> None:
    """Check that the jobs of all workflows have the machines, containers and names of org.yml."""
    wanted = next(iter(organisation.runners.classes.values())).labels
    image = organisation.image_registry.job_image("3.11")
    jobs = [job for path, file in parsed.items() if "/workflows/" in path for job in file["jobs"].values()]
    own = [job for job in jobs if "runs-on" in job]
    assert {tuple(job["runs-on"]) for job in own if "container" in job} == {tuple(wanted)}
    assert {job["container"] for job in own if "container" in job} == {image}
    gate = parsed[".github/workflows/on_pr.yml"]["jobs"]["all-green"]["name"]
    check = organisation.github.repository.main.required_check.replace("'", "''")
    assert f"|| '{check}' }}}}" in gate


def parse(path: str, text: str) -> Any:  # noqa: ANN401 - any document
    """Parse a file by its name, and return what it holds."""
    if path.endswith(".toml"):
        return tomllib.loads(text)
    if path.endswith((".yml", ".yaml")):
        return yaml.load(text, yaml.CSafeLoader)
    if path.endswith(".json"):
        return json.loads(text)
    if path.endswith(".py"):
        return compile(text, path, "exec")
    if path.endswith("Dockerfile"):
        assert not re.search(r"(?m)^(?!FROM|ARG|ENV|RUN|COPY|LABEL|WORKDIR|USER|CMD|#| |$)", text), text
    return text


@pytest.mark.parametrize("tool", ["uv", "conda"])
def test_without_aws_jobs_sign_in_with_secrets(source: Path, tmp_path: Path, tool: str) -> None:
    """Each level of a workflow names the secrets that it passes on; those of the shipped organisation name none."""
    for text, passing in ((without_aws(), 8), ((ROOT / "org.yml").read_text("utf-8"), 0)):
        (source / "org.yml").write_text(text, encoding="utf-8")
        folder = tmp_path / str(passing)
        data = {"project_name": "demo", "dependency_tool": tool}
        run_copy(str(source), folder, data=data, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
        found = [load_workflow(path) for path in sorted((folder / ".github/workflows").iterdir())]
        jobs = [job for workflow in found for job in workflow["jobs"].values()]
        given = [job["secrets"] for job in jobs if "secrets" in job]
        assert len(given) == passing
        assert all(value == f"${{{{ secrets.{name} }}}}" for one in given for name, value in one.items())
        # YAML reads `on` as a boolean.
        calls: list[Any] = [dict[Any, Any](workflow)[True].get("workflow_call", {}) for workflow in found]
        taken = [call.get("secrets", {}) for call in calls]
        assert sum(map(len, taken)) == (8 if passing else 0)
        steps = [step for job in jobs for step in job.get("steps", ())]
        passed = {name: one for step in steps for name, one in step.get("with", {}).items() if "secrets." in str(one)}
        names = [f"{kind}-{what}" for kind in ("index", "registry") for what in ("username", "password")]
        expected = {name: f"${{{{ secrets.RND_{name.upper().replace('-', '_')} }}}}" for name in names}
        assert passed == (expected if passing else {})
        rendered = "".join(path.read_text("utf-8") for path in folder.rglob("*") if path.is_file())
        assert ("amazonaws" in rendered) is not bool(passing)
        assert ("registry.acme.example/lab" in rendered) is bool(passing)
    pyproject = tomllib.loads((tmp_path / "8" / "pyproject.toml").read_text("utf-8"))
    if tool == "uv":
        (index,) = pyproject["tool"]["uv"]["index"]
        assert index["url"] == "https://packages.acme.example/releases/simple/"
        assert index["publish-url"] == "https://packages.acme.example/releases/"


def load_workflow(path: Path) -> dict[str, Any]:
    """Return a workflow as plain data."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


@pytest.mark.parametrize(
    ("rings", "suffix"),
    [
        ({"canary": {"repositories": ["RND-demo"]}, "all": {}}, "-canary"),
        ({"canary": {"repositories": ["rnd-other"]}, "all": {}}, ""),
        ({"all": {"repositories": ["rnd-demo"]}, "rest": {}}, "-canary"),
        ({"early": {"share": 100}, "all": {}}, ""),
        ({"all": {}}, ""),
        (None, ""),
    ],
)
def test_the_canaries_call_the_actions_at_a_ref_of_their_own(
    source: Path, tmp_path: Path, rings: dict[str, Any] | None, suffix: str
) -> None:
    document = {**SHIPPED, "fleet": {"rings": rings}} if rings else {k: v for k, v in SHIPPED.items() if k != "fleet"}
    organisation = Organisation.model_validate(document)
    (source / "org.yml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    data = {"project_name": "demo"}
    run_copy(str(source), tmp_path, data=data, defaults=True, unsafe=True, quiet=True, skip_tasks=True)
    text = (tmp_path / ".github/workflows/on_pr.yml").read_text("utf-8")
    assert set(re.findall(r"rnd-template/\S+@(\S+)", text)) == {organisation.template.workflow_ref + suffix}
    assert bool(suffix) == ("rnd-demo" in {name.lower() for name in organisation.fleet.canaries})
