"""The hooks that a repository had stay, unless the template has the same ones."""

from __future__ import annotations

import pytest
import yaml

from rnd.adopt.hooks import merge_hooks

OURS = """\
# Comment of the template.
default_stages: [pre-commit]

repos:
  - repo: local
    hooks:
      - id: trailing-whitespace
        name: trim trailing whitespace
        entry: x
        language: system
"""
THEIRS = """\
# mine
default_stages: [commit]
exclude: |
  (?x)^(
    data/
  )$

repos:
- repo: https://github.com/pre-commit/pre-commit-hooks
  rev: v4.5.0
  hooks:
  - id: trailing-whitespace
    exclude: ^docs/
  - id: check-yaml
# spelling
- repo: https://github.com/codespell-project/codespell
  rev: v2.2.6
  hooks:
  - id: codespell # all files
    args:
    - --ignore-words-list=te
- repo: https://github.com/psf/black
  rev: 24.1.0
  hooks:
  - args: >-
      --quiet
    id: black
    language_version: python3
  - id: check-toml
"""


# What follows the hooks of the template.
KEPT = """
  # The hooks that the repository had.
  # spelling
  - repo: https://github.com/codespell-project/codespell
    rev: v2.2.6
    hooks:
    - id: codespell # all files
      args:
      - --ignore-words-list=te
  - repo: https://github.com/psf/black
    rev: 24.1.0
    hooks:
    - args: >-
        --quiet
      id: black
      stages: [manual] # the hooks above do this now
      language_version: python3

exclude: |
  (?x)^(
    data/
  )$
"""


def test_hooks_of_the_template_replace_their_namesakes_and_others_stay() -> None:
    merged = merge_hooks(THEIRS, OURS)
    assert merged is not None
    text, points = merged
    assert text == OURS + KEPT
    document = yaml.safe_load(text)
    assert [one["id"] for repo in document["repos"] for one in repo["hooks"]] == [
        "trailing-whitespace",
        "codespell",
        "black",
    ]
    assert [(point.code, point.message.partition(": ")[2]) for point in points] == [
        ("hooks-replaced", "trailing-whitespace, check-yaml, check-toml, default_stages."),
        ("hooks-stand-aside", "black."),
        ("hooks-stay", "codespell."),
    ]


def test_other_indents_and_line_ends_give_the_same() -> None:
    indented = THEIRS.replace("\n- repo", "\n    - repo").replace("\n  rev", "\n      rev")
    for number in (
        "  hooks",
        "  - id",
        "    args",
        "    - --",
        "    language",
        "    exclude: ^docs",
        "  - args",
        "      --q",
        "    id",
    ):
        indented = indented.replace(f"\n{number}", f"\n    {number}")
    assert merge_hooks(indented, OURS) == merge_hooks(THEIRS, OURS)
    merged = merge_hooks(THEIRS.replace("\n", "\r\n"), OURS)
    assert merged is not None
    assert yaml.safe_load(merged[0])["repos"][2]["hooks"][0]["stages"] == ["manual"]


@pytest.mark.parametrize(
    "theirs", ["repos: {}\n", "a: [", "- a\n", "", "repos: [{repo: a, hooks: []}]\n", "repos:\n- {repo: a}\n"]
)
def test_what_is_not_a_list_of_hooks_is_proposed(theirs: str) -> None:
    assert merge_hooks(theirs, OURS) is None
