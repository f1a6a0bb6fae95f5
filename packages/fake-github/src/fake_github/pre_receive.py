"""The hook of every repository of a fake GitHub: refuses a push that breaks a rule, in GitHub's words.

Git runs it as a program of its own for each push, with the pusher in REMOTE_USER and in FORGE_POLICY what applies to
that pusher. It imports the standard library alone. `matches` is what the fake GitHub itself knows rules by.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any
from urllib.parse import quote

ZERO = "0" * 40
WORKFLOWS = ".github/workflows"
SENTENCES = {
    "deletion": "Cannot delete this branch",
    "creation": "Cannot create ref due to creations being restricted.",
    "update": "Cannot update this protected ref.",
    "non_fast_forward": "Cannot force-push to this branch",
    "pull_request": "Changes must be made through a pull request.",
}


def matches(ref: str, included: list[str], excluded: list[str]) -> bool:
    """Return whether a rule with such conditions applies to a ref, whose name is whole, as in `refs/heads/main`."""

    def one(pattern: str) -> bool:
        return pattern == "~ALL" or ref == pattern or bool(re.fullmatch(_expression(pattern), ref))

    return any(map(one, included)) and not any(map(one, excluded))


def _expression(pattern: str) -> str:
    """Return the regular expression of a pattern: `*` matches no slash, unless it is `**/`.

    Ruby's `File.fnmatch` with FNM_PATHNAME, by
    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#using-fnmatch-syntax.
    """
    found = ""
    for part in re.findall(r"\*\*/|\*+|\?|\[[^\]]+\]|.", pattern):
        if part == "**/":
            found += "(?:[^/]+/)*"
        elif part.startswith("*"):
            found += "[^/]*"
        elif part == "?":
            found += "[^/]"
        else:
            found += part.replace("[!", "[^") if len(part) > 1 else re.escape(part)
    return found


def broken_rules(update: tuple[str, str, str], policy: dict[str, Any], *, forced: bool) -> list[str]:
    """Return what a push of one ref breaks, each as GitHub says it.

    Args:
        update: The id before, the id after, and the ref's name.
        policy: As `rules.push_policy` writes it.
        forced: Whether the ref would lose commits.
    """
    old, new, ref = update
    said = []
    for rule in policy["rules"]:
        if not matches(ref, rule["include"], rule["exclude"]):
            continue
        kind, parameters = rule["type"], rule.get("parameters") or {}
        broken = {
            "deletion": new == ZERO,
            "creation": old == ZERO,
            "update": ZERO not in (old, new),
            "non_fast_forward": forced,
            "pull_request": new != ZERO,
        }
        if broken.get(kind):
            said.append(SENTENCES[kind])
        if kind == "required_status_checks" and new != ZERO:
            unless_new = old == ZERO and parameters.get("do_not_enforce_on_create")
            said += [] if unless_new else _missing_checks(parameters, policy["passed"].get(new, []))
    return list(dict.fromkeys(said))


def _missing_checks(parameters: dict[str, Any], passed: list[list[Any]]) -> list[str]:
    wanted = [[check["context"], check.get("integration_id")] for check in parameters["required_status_checks"]]
    missing = [context for context, app in wanted if [context, app] not in passed]
    if len(missing) > 1:
        return [f"{len(missing)} of {len(parameters['required_status_checks'])} required status checks are expected."]
    return [f'Required status check "{context}" is expected.' for context in missing]


def complaint(ref: str, said: list[str], policy: dict[str, Any]) -> list[str]:
    """Return the lines that a pusher reads."""
    lines = [
        f"error: GH013: Repository rule violations found for {ref}.",
        f"Review all repository rules at {policy['rules_url']}?ref={quote(ref, safe='')}",
        "",
    ]
    for sentence in said:
        lines += [f"- {sentence}", ""]
    return lines


def _git(*arguments: str) -> str | None:
    completed = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return completed.stdout if completed.returncode == 0 else None


def _forced(old: str, new: str) -> bool:
    return ZERO not in (old, new) and _git("merge-base", "--is-ancestor", old, new) is None


def _workflows(old: str, new: str) -> list[str]:
    """Return the workflow files that the pushed commits touch."""
    if new == ZERO:
        return []
    since = ["--not", "--all"] if old == ZERO else [f"^{old}"]
    said = _git("log", "--format=", "--name-only", "-m", new, *since, "--", WORKFLOWS) or ""
    return sorted(set(filter(None, said.splitlines())))


def _published(old: str, new: str, private: list[str]) -> list[str]:
    """Return the lines about private addresses in pushed commits, as GitHub refuses them.

    https://docs.github.com/en/account-and-profile/how-tos/email-preferences/blocking-command-line-pushes-that-expose-your-personal-email-address
    """
    if new == ZERO or not private:
        return []
    since = ["--not", "--all"] if old == ZERO else [f"^{old}"]
    said = _git("log", "--format=%ae%n%ce", new, *since) or ""
    if not set(private) & set(said.splitlines()):
        return []
    return ["error: GH007: Your push would publish a private email address."]


def main() -> int:
    """Read the pushed refs and return whether the rules allow them."""
    policy = json.loads(os.environ["FORGE_POLICY"])
    if not os.environ.get("REMOTE_USER"):
        print("error: nobody has signed in.", file=sys.stderr)
        return 1
    refused = False
    for line in sys.stdin:
        old, new, ref = line.split()
        said = broken_rules((old, new, ref), policy, forced=_forced(old, new))
        lines = complaint(ref, said, policy) if said else []
        if not policy["workflows"] and (touched := _workflows(old, new)):
            lines.append(f"refusing to allow {policy['client']} to create or update workflow `{touched[0]}` without "
                         f"{policy['lacking']}")  # fmt: skip
        lines += _published(old, new, policy["private"])
        refused |= bool(lines)
        print(*lines, sep="\n", end="\n" if lines else "", file=sys.stderr)
    return int(refused)


if __name__ == "__main__":
    sys.exit(main())
