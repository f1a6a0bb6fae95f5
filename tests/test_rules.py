"""What `make check` finds: each rule of `scripts.rules`, with what breaks it and what does not."""

from __future__ import annotations

import pytest

from scripts import import_cycles, page_names
from scripts.rules import BARE, ROOT, RULES, find_clocks, find_imports, find_long, find_skips, find_starts, find_unnamed
from tests.helpers.pages import code_in, table


@pytest.mark.parametrize(
    ("name", "source", "found"),
    [
        (
            "src/rnd/publish/image.py",
            'process.run("docker", "push")',
            ":1: starts docker, which only src/rnd/docker.py",
        ),
        ("src/rnd/publish/image.py", 'x = 1\nprocess.run(\n    "buildah",\n)', ":2: starts buildah"),
        ("packages/rnd-rehearsal/src/rnd_rehearsal/cold.py", 'process.attempt("docker")', "starts docker"),
        ("src/rnd/ci/gate.py", 'yield from process.stream("git", "log")', "only src/rnd/git.py does"),
        ("src/rnd/docker.py", 'process.run("docker", "push")', None),
        ("packages/rnd-rehearsal/src/rnd_rehearsal/actors.py", 'process.run("git", "push")', None),
        ("src/rnd/doctor/machine.py", 'process.attempt("aws", "--version")', None),
    ],
)
def test_a_program_that_another_module_starts_is_found(name: str, source: str, found: str | None) -> None:
    violations = find_starts(name, source)
    assert violations == [] if found is None else [found in one for one in violations] == [True]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("    start = time.perf" + "_counter()", True),
        ("import time" + "it", True),
        ("    start = time.process_time()", False),
        ("    deadline = time.monotonic() + 60", False),
    ],
)
def test_a_test_that_measures_time_is_found(line: str, found: bool) -> None:
    messages = find_clocks("tests/test_new.py", f"import time\n{line}\n")
    assert [message.split(" measures ")[0] for message in messages] == ["tests/test_new.py:2:"] * found


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("pyrefly: ignore", True),
        ("pyrefly: ignore-errors", True),
        ("type: ignore[arg-type]", True),
        ("pyrefly: ignore[bad-override]  # as its parent does", False),
        ("pyrefly: ignore[bad-override, bad-return]", False),
    ],
)
def test_an_ignored_error_that_is_not_named_is_found(comment: str, found: bool) -> None:
    messages = find_unnamed("tests/test_new.py", f"import time\nx = 1  # {comment}\n")
    assert [message.split(" ignores ")[0] for message in messages] == ["tests/test_new.py:2:"] * found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('    pytest.skip("npm is not on this machine' + '")', True),
        ('    pytest.skip(f"{program} is not installed' + '")', True),
        ("@pytest.mark.skipif(" + '"os.geteuid() != 0")', True),
        ('    pytest.skip("npm is not on this machine; install Node 22 or later")', False),
        ('@pytest.mark.skipif("os.geteuid() != 0", reason="needs root")', False),
    ],
)
def test_a_skip_that_names_nothing_to_install_is_found(line: str, found: bool) -> None:
    messages = find_skips("tests/test_new.py", f"import pytest\n{line}\n")
    assert [message.split(" skips ")[0] for message in messages] == ["tests/test_new.py:2:"] * found


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        ("src/rnd/version/walk.py", "    from packaging.version import Version", "packaging"),
        ("src/rnd/version/walk.py", "from rnd import git", None),
        ("src/rnd/version/walk.py", "from there on, the walk is exact.", None),
        ("src/rnd/runners/broker/handler.py", "import rnd.git", "rnd"),
        ("src/rnd/runners/broker/handler.py", "from botocore.exceptions import ClientError", None),
        ("template/{% if conda %}scripts{% endif %}/check_lock.py.jinja", "import yaml", "yaml"),
        ("scripts/fetch_uv.py", "from urllib.request import urlopen", None),
    ],
)
def test_a_program_that_imports_what_is_not_there_is_found(name: str, line: str, found: str | None) -> None:
    messages = find_imports(name, f"import sys\n{line}\n")
    assert messages == ([] if found is None else [f"{name}:2: imports {found}, which is not there"])


BODY = "    x = 1\n"
DOCUMENTED = '    """One.\n\n    Two.\n    """\n'


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1\n" * 300, None),
        ("x = 1\n" * 301, "300: has 301 lines, more than 300"),
        ("def f():\n" + DOCUMENTED + BODY * 39, None),
        ("x = 1\n\n\ndef f():\n" + BODY * 40, "4: f has 41 lines, more than 40"),
        ("class A:\n    async def f(self):\n" + "        x = 1\n" * 40, "2: f has 41 lines, more than 40"),
    ],
)
def test_a_long_file_or_function_is_found(source: str, found: str | None) -> None:
    assert find_long("src/rnd/plan.py", source) == ([] if found is None else [f"src/rnd/plan.py:{found}"])


def test_each_pattern_of_a_rule_finds_a_file() -> None:
    for patterns, _ in RULES:
        for pattern in patterns:
            assert list(ROOT.glob(pattern)), pattern
    assert set(BARE) <= {pattern for patterns, _ in RULES for pattern in patterns}


def test_the_page_lists_each_rule() -> None:
    listed = [name for cell in table("docs/tests.md", "Rule") for name in code_in(cell)]
    others = (import_cycles.find_cycles, page_names.find_names)
    assert listed == [find.__name__ for find in (*(find for _, find in RULES), *others)]


@pytest.mark.parametrize(
    ("one", "found"),
    [
        ("from demo import other", True),
        ("if TYPE_CHECKING:\n    from demo.other import Name", True),
        ("def f():\n    import demo.other", True),
        ("from demo.another import other", False),
    ],
)
def test_modules_that_import_each_other_are_found(one: str, found: bool) -> None:
    sources = {"demo": "", "demo.one": one, "demo.other": "from demo.one import Name\nfrom demo import one"}
    messages = import_cycles.find_cycles({name: set(import_cycles.imported(text)) for name, text in sources.items()})
    assert len(messages) == found
    assert all("demo.one <- demo.other" in one or "demo.other <- demo.one" in one for one in messages)


def test_each_package_is_looked_at() -> None:
    assert {name.partition(".")[0] for name in import_cycles.imports(ROOT)} == set(import_cycles.PACKAGES)


@pytest.fixture(scope="module")
def known() -> frozenset[str]:
    return page_names.known_names(ROOT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Read `src/rnd/release/`.", "names `src/rnd/release/`, which is not there"),
        ("```sh\nrnd new\n```\nSet `github.app.release_id`.", ":4: names `github.app.release_id`, which is not a key"),
        ("Set `fleet.rings.canary.share`.", None),
        ("Set `fleet.rings.canary.shares`.", "is not a key of org.yml"),
        ("Pass `--json` and `--no-such" + "-flag`.", "names `--no-such" + "-flag`, which nothing"),
        ("It sets `RND_" + "PLACES`, not `RND_PLACE`.", "names `RND_" + "PLACES`, which nothing"),
        ("The error is `digest-mis" + "matched`.", "names `digest-mis" + "matched`, which nothing"),
        ("The errors are `digest-mismatch` and `PREFIX-runners`; `scripts/check_lock.py` is the hook.", None),
        ("A word, `aligner`, and `gh pr " + "list-everything`.", None),
    ],
)
def test_a_name_that_is_gone_is_found(text: str, found: str | None, known: frozenset[str]) -> None:
    messages = page_names.find_names("docs/page.md", text, ROOT, known)
    assert [found in one for one in messages] == [True] if found is not None else messages == []


def test_each_name_of_others_is_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in page_names.pages(ROOT))
    assert {name for name in page_names.OTHERS if name not in text} == set()
