"""What people do in a rehearsal, and what they look for afterwards: the verbs that scenarios are told in.

Touches a world: its forge, its index, its folders.
"""

from __future__ import annotations

import sys
import time
import tomllib
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnd import process
from rnd.rehearsal import stock_copier
from rnd.rehearsal.world import MAINTAINER, RESEARCHER, STRANGER, own_environment, push

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rnd.rehearsal.forge.state import Repository
    from rnd.rehearsal.runs import Run
    from rnd.rehearsal.world import World

PROJECT = "rover"
BEFORE = "0.4.1"  # what a prepared repository has released, as in the specification's examples
PATIENCE = 300  # seconds that the runs of one moment may take
# What locks a repository and does nothing else.
LOCK = {
    "uv": ("uv", "lock", "--quiet"),
    "conda": (sys.executable, "-c", "from pathlib import Path; from rnd.conda.rattler import lock; lock(Path())"),
}


@dataclass(frozen=True)
class Check:
    """Something that should be so at the end, and whether it is."""

    sentence: str
    holds: bool


@dataclass
class Story:
    """A scenario as it is told.

    Attributes:
        world: Where it happens.
        tell: Told each moment.
        checks: What was looked for.
    """

    world: World
    tell: Callable[[str], None] = lambda _: None
    checks: list[Check] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """The researcher's work tree."""
        return self.world.folder / "people" / PROJECT

    @property
    def repository(self) -> str:
        """The repository's full name."""
        return f"{self.world.owner}/{self.world.organisation.repository_prefix}-{PROJECT}"

    @property
    def hosted(self) -> Repository:
        """The repository as the forge keeps it."""
        found = self.world.forge.state.repository(self.repository)
        if found is None:
            raise LookupError(f"There is no {self.repository} yet.")
        return found

    def ask(self, method: str, path: str, body: object = None, login: str = RESEARCHER) -> Any:  # noqa: ANN401
        """Ask the forge's API about the repository."""
        return self.world.caller(login).ask(method, f"/repos/{self.repository}{path}", body)

    def rnd(self, *arguments: str, login: str = RESEARCHER) -> str:
        """Run this very program in the work tree, as somebody."""
        place = self.folder if self.folder.exists() else self.folder.parent
        return process.run(sys.executable, "-m", "rnd", *arguments, cwd=place, extra=own_environment(self.world, login))

    def git(self, *arguments: str, login: str = RESEARCHER) -> str:
        """Run git in the work tree, as somebody."""
        extra = own_environment(self.world, login)
        return process.run("git", *arguments, cwd=self.folder, extra=extra).removesuffix("\n")

    def create(self) -> None:
        """Make a repository the way a researcher does."""
        self.tell(f"{RESEARCHER} makes a repository from the template")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        data = (
            "--data",
            f"project_name={PROJECT}",
            "--data",
            f"author={RESEARCHER.title()} <{RESEARCHER}@example.com>",
            "--data",
            "create_github_repository=true",
            "--data",
            f"dependency_tool={self.world.dependency_tool}",
        )
        self.rnd("new", str(self.folder), "--template", str(self.world.checkout), *data, "--defaults")
        self.wait()

    def copy(self) -> stock_copier.Ended:
        """Make a repository with stock copier, on a machine that has nothing of ours."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        ended = stock_copier.copy(self.world, RESEARCHER, self.folder, PROJECT, self.tell)
        self.wait()
        return ended

    def prepare(self, version: str, *, private: bool = True) -> None:
        """Have a repository that has released a version already, made without its own checks and first runs."""
        self.tell(f"there is a repository that has released {version}")
        template = str(self.world.checkout)
        tool = self.world.dependency_tool
        data = ("--data", f"project_name={PROJECT}", "--data", "author=Rosa <rosa@example.com>")
        options = (
            "--trust",
            "--quiet",
            "--skip-tasks",
            "--vcs-ref",
            "HEAD",
            "--defaults",
            "-d",
            f"dependency_tool={tool}",
        )
        copier = (sys.executable, "-m", "copier", "copy", *options, *data, template, str(self.folder))
        process.run(*copier, extra=own_environment(self.world, RESEARCHER))
        process.run(*LOCK[tool], cwd=self.folder, extra=own_environment(self.world, RESEARCHER))
        self.git("init", "--quiet", "--initial-branch=main")
        self.rnd("version", "set", version)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "chore: create the repository from its template")
        self._publish(quietly=True, private=private)
        released = {"tag_name": version, "target_commitish": self.git("rev-parse", "HEAD")}
        self.ask("POST", "/releases", released, MAINTAINER)
        self.git("fetch", "--quiet", str(self.hosted.folder), "+refs/tags/*:refs/tags/*")

    def _publish(self, *, quietly: bool = False, private: bool = True) -> None:
        """Host the repository, and set it as org.yml has it; quietly, so that its first push starts no run."""
        owner, _, name = self.repository.partition("/")
        self.world.caller().ask("POST", f"/orgs/{owner}/repos", {"name": name, "private": private})
        where = f"{self.world.forge.url}/{self.repository}.git"
        self.git("remote", "add", "origin", where)
        token = self.world.tokens[RESEARCHER]
        if quietly:
            token = self.world.forge.workflow_token(self.repository, {"contents": "write", "workflows": "write"})
        push(self.world, self.folder, self.repository, ["main"], token)
        self.rnd("github", "apply", "--quiet", login=MAINTAINER)
        if not private:
            self.ask("PATCH", "", {"private": False}, MAINTAINER)

    def write(self, name: str, text: str = "It drives.") -> None:
        """Write a module of the package, with the header that every source file has."""
        source = self.folder / "src" / PROJECT
        header = (source / "__init__.py").read_text(encoding="utf-8").partition('"""')[0]
        (source / f"{name}.py").write_text(f'{header}"""{text}"""\n', encoding="utf-8")

    def commit(
        self, branch: str, message: str, name: str = "drive", login: str = RESEARCHER, start: str = "main"
    ) -> str:
        """Change something on a branch, commit it, and push it to where somebody may; return the commit."""
        here = self.git("branch", "--list", branch)
        self.git("switch", "--quiet", *([branch] if here else ["--create", branch, start]))
        self.write(name, message.partition("\n")[0])
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message, login=login)
        return self.push(branch, login)

    def push(self, branch: str, login: str = RESEARCHER) -> str:
        """Push a branch, a stranger to a fork, and return its commit."""
        where = self.repository.partition("/")[2]
        target = f"{STRANGER}/{where}" if login == STRANGER else self.repository
        push(self.world, self.folder, target, [branch], self.world.tokens[login])
        return self.git("rev-parse", branch)

    def propose(self, branch: str, title: str, login: str = RESEARCHER) -> int:
        """Open a pull request and return its number."""
        self.tell(f"{login} opens a pull request: {title}")
        head = f"{STRANGER}:{branch}" if login == STRANGER else branch
        made = self.ask("POST", "/pulls", {"title": title, "head": head, "base": "main"}, login)
        return int(made["number"])

    def bring_up_to_date(self, branch: str) -> None:
        """Merge main into a branch, and push it.

        The pipeline has set a version on the branch and another on main, on the same lines, so GitHub's button meets a
        conflict; whoever merges takes main's side there, and the pipeline sets the version anew.
        """
        self.tell(f"{RESEARCHER} merges main into {branch}")
        self.git("switch", "--quiet", branch)
        self.pull()
        self.git("merge", "--quiet", "--no-edit", "--strategy-option", "theirs", "origin/main")
        self.push(branch)
        self.wait()

    def wait(self) -> list[Run]:
        """Wait until nothing runs, and return the runs since the last time."""
        before = len([run for run in self.world.runner.runs if run.conclusion])
        self.world.runner.wait(PATIENCE)
        self.pull()
        return self.world.runner.runs[before:]

    def run_again(self, run: Run, *, only_failed: bool = True) -> Run:
        """Run a run again, by default what failed of it, wait, and return the newest run.

        The same run's next attempt, or where that set off another one, that.
        """
        self.tell(f"{run.name}: {'the failed jobs are' if only_failed else 'all jobs are'} run again")
        self.world.runner.rerun(run, only_failed=only_failed)
        self.wait()
        return self.world.runner.runs[-1]

    def pull(self) -> None:
        """Bring what the forge has into the work tree."""
        hosted = self.world.forge.state.repository(self.repository)
        if hosted is None or not self.folder.exists():
            return
        self.git("fetch", "--quiet", "--prune", str(hosted.folder), "+refs/heads/*:refs/remotes/origin/*", "--tags")
        branch = self.git("branch", "--show-current")
        if branch and self.git("branch", "--remotes", "--list", f"origin/{branch}"):
            self.git("reset", "--quiet", "--hard", f"origin/{branch}")

    def merge(self, number: int, method: str = "squash") -> None:
        """Merge a pull request, and wait for what that starts."""
        self.tell(f"{RESEARCHER} merges pull request {number} ({method})")
        self.ask("PUT", f"/pulls/{number}/merge", {"merge_method": method}, MAINTAINER)
        self.git("switch", "--quiet", "main")
        self.wait()

    def pull_request(self, number: int) -> dict[str, Any]:
        """Return a pull request as the API has it."""
        found: dict[str, Any] = self.ask("GET", f"/pulls/{number}")
        return found

    def version_at(self, ref: str) -> str:
        """Return the version that pyproject.toml has at a ref."""
        found = self.ask("GET", f"/contents/pyproject.toml?ref={ref}")
        return str(tomllib.loads(b64decode(found["content"]).decode())["project"]["version"])

    def conclusions(self, sha: str) -> dict[str, str]:
        """Return the conclusions of a commit's checks, statuses among them, by their names."""
        runs = self.ask("GET", f"/commits/{sha}/check-runs?per_page=100")["check_runs"]
        statuses = self.ask("GET", f"/commits/{sha}/status")["statuses"]
        return {run["name"]: run["conclusion"] for run in runs} | {one["context"]: one["state"] for one in statuses}

    def wheels(self) -> set[str]:
        """Return the versions whose wheels are on the index."""
        return {name.split("-")[1] for name in self.world.index.content() if name.endswith(".whl")}

    @property
    def package(self) -> str:
        """The name of the package and of the image."""
        return f"{self.world.organisation.slug}-{self.repository.partition('/')[2]}"

    def images(self) -> dict[str, str]:
        """Return the tags of the image in the registry, each with its digest; none where no images are made."""
        return {} if self.world.images is None else self.world.images.tags(self.package)

    def tags(self) -> set[str]:
        """Return the tags of the repository."""
        return {tag["name"] for tag in self.ask("GET", "/tags?per_page=100")}

    def releases(self) -> set[str]:
        """Return the tags that have a release."""
        return {release["tag_name"] for release in self.ask("GET", "/releases?per_page=100")}

    def check(self, sentence: str, holds: object) -> None:
        """Look whether something is so."""
        self.checks.append(Check(sentence, bool(holds)))
        self.tell(f"{'✓' if holds else '✗'} {sentence}")

    def check_released(self, version: str) -> None:
        """Look whether a version is out: its wheel, its tag, its release, its place in main."""
        self.check(f"the wheel {version} is on the index", version in self.wheels())
        self.check(f"the tag {version} is on main", version in self.tags() and self._on_main(version))
        self.check(f"the release {version} is there", version in self.releases())
        self.check(f"pyproject.toml on main has {version}", self.version_at("main") == version)
        if self.world.images is not None:
            tags = self.images()
            self.check("stable and latest are one image", len({tags.get("stable"), tags.get("latest")} - {None}) == 1)
            inside = self.world.images.version_inside(self.package, "stable")
            self.check(f"it holds the wheel {version}", inside == version)

    def _on_main(self, tag: str) -> bool:
        status = self.ask("GET", f"/compare/{tag}...main")["status"]
        return status in {"ahead", "identical"}

    def check_proposed(self, number: int, version: str, heads: int = 1) -> str:
        """Look whether a pull request's pipeline has done its part, and return the commit that it ended on.

        Args:
            number: Of the pull request.
            version: The one that it leads to.
            heads: How many commits have had their pipeline, and so a wheel.
        """
        head = str(self.pull_request(number)["head"]["sha"])
        self.check(f"the pipeline set {version} on the branch", self.version_at(head) == version)
        built = {wheel for wheel in self.wheels() if wheel.startswith(f"{version}.dev0+")}
        self.check(f"of {version}, the index has {heads} development wheel{'s' * (heads > 1)}", len(built) == heads)
        own = {wheel for wheel in built if head.startswith(wheel.partition("+")[2])}
        self.check("one is named after the commit it was built from", len(own) == 1)
        if self.world.images is not None:
            named = {wheel.replace("+", "-") for wheel in own}  # a run that a newer push ended may have made none
            self.check("one image has that version", named <= set(self.images()) and named)
        self.check("all-green passed on that commit", self.conclusions(head).get("all-green") == "success")
        comments = [one["body"] for one in self.ask("GET", f"/issues/{number}/comments")]
        self.check("one comment explains the version", len(comments) == 1 and version in comments[0])
        return head
