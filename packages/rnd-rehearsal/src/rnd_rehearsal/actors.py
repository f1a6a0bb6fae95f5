"""What people do in a rehearsal: the actions of scenarios. The checks that follow are in `assertions.py`.

Touches a sandbox: its fake GitHub, its folders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnd import process
from rnd.project.template import Template, render
from rnd_rehearsal import stock_copier
from rnd_rehearsal.assertions import PROJECT, Assertions
from rnd_rehearsal.cloud.stack import RELEASE_APP
from rnd_rehearsal.rest import Caller
from rnd_rehearsal.sandbox import own_environment, push
from rnd_rehearsal.services import MAINTAINER, RESEARCHER, STRANGER

if TYPE_CHECKING:
    from pathlib import Path

    from rnd_rehearsal.runs import Run
    from rnd_rehearsal.sandbox import Sandbox

BEFORE = "0.4.1"  # what a prepared repository has released, as in the specification's examples
AUTHOR = f"{RESEARCHER.title()} <{RESEARCHER}@example.com>"
LATE_READS = 3  # that answer 404 for a repository which a user has just made, as on GitHub
PATIENCE: int = 900  # seconds that the runs of one moment may take
# What locks a repository that is made with conda, and does nothing else.
LOCK = "from pathlib import Path; from rnd.environments.conda.rattler import lock; lock(Path())"


def lock(sandbox: Sandbox, folder: Path) -> None:
    """Write the lock file of a repository, as a researcher."""
    extra = own_environment(sandbox, RESEARCHER)
    if sandbox.dependency_tool == "conda":
        sandbox.python.run("-c", LOCK, cwd=folder, extra=extra)
    else:
        process.run("uv", "lock", "--quiet", cwd=folder, extra=extra)


class Actors(Assertions):
    """The actions of a scenario, and the checks of their results."""

    @property
    def folder(self) -> Path:
        """The researcher's work tree."""
        return self.sandbox.folder / "people" / PROJECT

    def rnd(self, *arguments: str, login: str = RESEARCHER) -> str:
        """Run this program in the work tree, as a user."""
        place = self.folder if self.folder.exists() else self.folder.parent
        extra = own_environment(self.sandbox, login)
        return self.sandbox.python.run("-m", "rnd", *arguments, cwd=place, extra=extra)

    def git(self, *arguments: str, login: str = RESEARCHER) -> str:
        """Run git in the work tree, as a user."""
        extra = own_environment(self.sandbox, login)
        return process.run("git", *arguments, cwd=self.folder, extra=extra).removesuffix("\n")

    def create(self) -> None:
        """Make a repository the way a researcher does."""
        self.report(f"{RESEARCHER} makes a repository from the template")
        self.sandbox.hub.read_delay = LATE_READS
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        hosted = ("-d", "create_github_repository=true")
        self.rnd("new", str(self.folder), "--template", str(self.sandbox.checkout), *self._options(), *hosted)
        self.wait()

    def copy(self) -> stock_copier.Ended:
        """Make a repository with stock copier, on a machine that has nothing of ours."""
        self.sandbox.hub.read_delay = LATE_READS
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        ended = stock_copier.copy(self.sandbox, RESEARCHER, self.folder, PROJECT, self.report)
        self.wait()
        return ended

    def prepare(self, version: str, *, private: bool = True) -> None:
        """Have a repository that has released a version already, made without its own checks and first runs."""
        self.report(f"there is a repository that has released {version}")
        template = str(self.sandbox.checkout)
        render(Template(template, template, "HEAD"), self.folder, self._answers(), {}, ask=False)
        lock(self.sandbox, self.folder)
        self.git("init", "--quiet", "--initial-branch=main")
        self.rnd("version", "set", version)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "chore: create the repository from its template")
        self._publish(private=private)
        released = {"tag_name": version, "target_commitish": self.git("rev-parse", "HEAD")}
        hub = self.sandbox.hub
        app = hub.app_token(self.repository, {"contents": "write"}, RELEASE_APP)  # nobody else may create release tags
        Caller(hub.api_url, app).ask("POST", f"/repos/{self.repository}/releases", released)
        self.git("fetch", "--quiet", str(self.hosted.folder), "+refs/tags/*:refs/tags/*")

    def _answers(self) -> dict[str, str]:
        """Return the answers of the questions."""
        return {"project_name": PROJECT, "author": AUTHOR, "dependency_tool": self.sandbox.dependency_tool}

    def _options(self) -> tuple[str, ...]:
        """Return the options that answer the questions."""
        return ("--defaults", *(part for one in self._answers().items() for part in ("-d", "=".join(one))))

    def _publish(self, *, private: bool) -> None:
        """Host the repository, and set it as org.yml has it; its first push is a workflow's, which starts no run."""
        owner, _, name = self.repository.partition("/")
        self.sandbox.caller().ask("POST", f"/orgs/{owner}/repos", {"name": name, "private": private})
        where = f"{self.sandbox.hub.url}/{self.repository}.git"
        self.git("remote", "add", "origin", where)
        token = self.sandbox.hub.workflow_token(self.repository, {"contents": "write", "workflows": "write"})
        push(self.sandbox, self.folder, self.repository, ["main"], token)
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
        """Change something on a branch, commit it, and push it to where the user may push; return the commit."""
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
        push(self.sandbox, self.folder, target, [branch], self.sandbox.tokens[login])
        return self.git("rev-parse", branch)

    def propose(self, branch: str, title: str, login: str = RESEARCHER) -> int:
        """Open a pull request and return its number."""
        self.report(f"{login} opens a pull request: {title}")
        head = f"{STRANGER}:{branch}" if login == STRANGER else branch
        made = self.ask("POST", "/pulls", {"title": title, "head": head, "base": "main"}, login)
        return int(made["number"])

    def bring_up_to_date(self, branch: str) -> None:
        """Merge main into a branch, and push it.

        The pipeline has set a version on the branch and another on main, on the same lines, so GitHub's button meets a
        conflict; the merge takes main's side there, and the pipeline sets the version again.
        """
        self.report(f"{RESEARCHER} merges main into {branch}")
        self.git("switch", "--quiet", branch)
        self.pull()
        self.git("merge", "--quiet", "--no-edit", "--strategy-option", "theirs", "origin/main")
        self.push(branch)
        self.wait()

    def approve(self) -> None:
        """Approve the run that waits for it, of a pull request whose author has none merged yet."""
        runner = self.sandbox.runner
        waiting = list(runner.waiting)
        self.check("a run waits for approval", len(waiting) == 1 and all(run.conclusion for run in runner.runs))
        self.report(f"{MAINTAINER} approves the run")
        for event in waiting:
            runner.approve(event)

    def wait(self) -> list[Run]:
        """Wait until nothing runs, and return the runs since the last time."""
        before = len([run for run in self.sandbox.runner.runs if run.conclusion])
        self.sandbox.runner.wait(PATIENCE)
        self.pull()
        return self.sandbox.runner.runs[before:]

    def run_again(self, run: Run, *, only_failed: bool = True) -> Run:
        """Run a run again, by default what failed of it, wait, and return the newest run.

        The same run's next attempt, or where that set off another one, that.
        """
        self.report(f"{run.name}: {'the failed jobs are' if only_failed else 'all jobs are'} run again")
        self.sandbox.runner.rerun(run, only_failed=only_failed)
        self.wait()
        return self.sandbox.runner.runs[-1]

    def pull(self) -> None:
        """Bring what the fake GitHub has into the work tree."""
        hosted = self.sandbox.hub.state.repository(self.repository)
        if hosted is None or not self.folder.exists():
            return
        self.git("fetch", "--quiet", "--prune", str(hosted.folder), "+refs/heads/*:refs/remotes/origin/*", "--tags")
        branch = self.git("branch", "--show-current")
        if branch and self.git("branch", "--remotes", "--list", f"origin/{branch}"):
            self.git("reset", "--quiet", "--hard", f"origin/{branch}")

    def merge(self, number: int, method: str = "squash") -> None:
        """Merge a pull request, and wait for what that starts."""
        self.report(f"{RESEARCHER} merges pull request {number} ({method})")
        self.ask("PUT", f"/pulls/{number}/merge", {"merge_method": method}, MAINTAINER)
        self.git("switch", "--quiet", "main")
        self.wait()
