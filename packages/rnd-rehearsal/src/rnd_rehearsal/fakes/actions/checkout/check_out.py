"""Checks a commit out of the fake GitHub, as actions/checkout does. Runs as a step; the standard library alone."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

given = os.environ
server = given["GITHUB_SERVER_URL"]
folder = Path(given["GITHUB_WORKSPACE"], given["FOLDER"])
secret = base64.b64encode(f"x-access-token:{given['TOKEN']}".encode()).decode()
# In the environment, not in an argument: command lines are public on a machine.
header = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": f"http.{server}/.extraheader",
    "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {secret}",
    "GIT_TERMINAL_PROMPT": "0",
}


def git(*arguments: str, signed: bool = False) -> None:
    """Run git in the folder, shown with the token where it talks to the fake GitHub; end the step where git fails."""
    environment = {**given, **(header if signed else {})}
    completed = subprocess.run(["git", *arguments], cwd=folder, env=environment, check=False)
    if completed.returncode != 0:
        sys.exit(completed.returncode)


def refspecs(wanted: str, *, everything: bool) -> list[str]:
    """Return what is fetched for a ref, and where it goes."""
    specs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"] if everything else []
    if re.fullmatch(r"[0-9a-f]{40}", wanted):
        return [*specs, wanted]
    if wanted.startswith("refs/pull/"):
        return [*specs, f"+{wanted}:refs/remotes/{wanted.removeprefix('refs/')}"]
    if wanted.startswith("refs/tags/"):
        return [*specs, f"+{wanted}:{wanted}"]
    branch = wanted.removeprefix("refs/heads/")
    return [*specs, f"+refs/heads/{branch}:refs/remotes/origin/{branch}"]


def main() -> None:
    """Fetch, check out, and say what is there."""
    # Without a ref, the commit of the run; of a pull request that is the merge, which only its own ref leads to.
    own = given["GITHUB_REF"] if given["GITHUB_REF"].startswith("refs/pull/") else given["GITHUB_SHA"]
    elsewhere = given["REPOSITORY"] != given["GITHUB_REPOSITORY"]
    wanted = given["REF"] or ("HEAD" if elsewhere else own)
    depth = int(given["DEPTH"])
    folder.mkdir(parents=True, exist_ok=True)
    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", f"{server}/{given['REPOSITORY']}.git")
    options = ["--no-recurse-submodules", "--no-tags"]
    options += ["--prune"] if depth == 0 else [f"--depth={depth}"]
    if given["FILTER"]:
        git("config", "extensions.partialClone", "origin")
        options += [f"--filter={given['FILTER']}"]
    if given["TAGS"] == "true" and depth != 0:
        options += ["--refmap=", "+refs/tags/*:refs/tags/*"]
    specs = ["HEAD"] if wanted == "HEAD" else refspecs(wanted, everything=depth == 0)
    git("-c", "protocol.version=2", "fetch", "--quiet", *options, "origin", *specs, signed=True)
    target = {"HEAD": "FETCH_HEAD"}.get(wanted, specs[-1].rpartition(":")[2])
    branch = target.removeprefix("refs/remotes/origin/")
    where = ["-B", branch, target] if target.startswith("refs/remotes/origin/") else ["--detach", target]
    git("checkout", "--quiet", "--force", *where, signed=True)  # a partial clone fetches what it needs now
    if given["PERSIST"] == "true":
        git("config", f"http.{server}/.extraheader", header["GIT_CONFIG_VALUE_0"])
    said = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
    print("checked out", said.stdout.strip())
    with open(given["GITHUB_OUTPUT"], "a", encoding="utf-8") as outputs:  # noqa: PTH123
        outputs.write(f"ref={given['REF']}\ncommit={said.stdout.strip()}\n")


main()
