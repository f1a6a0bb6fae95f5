"""The runner: events of the fake GitHub start workflow files, whose jobs run through act, each as soon as it can.

What act leaves out and GitHub has is here: concurrency groups, permissions of each job's token, secrets withheld from
forks, check runs, re-runs. Touches the fake GitHub, and a folder of its own.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from threading import Condition, Semaphore, Thread
from typing import TYPE_CHECKING

from rnd_rehearsal import act, approval, calls, checks, hosted_workflows, jobs, workflow_files, workflows
from rnd_rehearsal.artifacts import serving
from rnd_rehearsal.calls import CallRefused, Source
from rnd_rehearsal.downloads import FOLDER, Downloads
from rnd_rehearsal.runs import Job, Run
from rnd_rehearsal.workflows import Concurrency, Result

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from fake_github import FakeGitHub
    from fake_github.records import Event
    from rnd_rehearsal.calls import Place
    from rnd_rehearsal.jobs import Settings
    from rnd_rehearsal.workflow_files import Document


class Runner:
    """Runs workflows.

    Some events wait in `waiting` until somebody approves them: see `rnd_rehearsal.approval`.

    Args:
        hub: Whose events start them.
        folder: For what they leave.
        settings: What their jobs find.
    """

    def __init__(self, hub: FakeGitHub, folder: Path, settings: Settings) -> None:
        self.hub = hub
        self.folder = folder
        self.settings = settings
        self.runs: list[Run] = []
        self.waiting: list[Event] = []
        self._downloads = Downloads(folder / FOLDER, None if settings.cold is None else settings.cold.count_actions)
        self._numbers = count(1)
        self._groups: dict[str, list[Run]] = {}
        self._changed = Condition()
        self._machines = Semaphore(settings.machines)
        self._threads: list[Thread] = []
        self._errors: list[BaseException] = []
        self._closed = False
        self._services = ExitStack()

    def listen(self) -> None:
        """Let what happens in the fake GitHub from now on start workflows."""
        self._services.enter_context(serving(self.settings.artifacts))
        self.hub.subscribe(self.hear)

    def hear(self, event: Event) -> None:
        """Start what an event starts."""
        if self._closed:
            return
        if approval.waits(self.hub.state, event):
            self.waiting.append(event)
        elif event.starts_runs:
            self._begin(event)

    def approve(self, event: Event) -> None:
        """Start what waits for approval."""
        self.waiting.remove(event)
        self._begin(event)

    def _begin(self, event: Event) -> None:
        repository = self.hub.state.repository(event.repository)
        if repository is None or event.payload.get("deleted") or event.sha.strip("0") == "":
            return
        for path, workflow in hosted_workflows.started_by(repository, event).items():
            self._add(event, Source(event.repository, path, event.ref, event.sha), workflow)

    def _add(self, event: Event, source: Source, written: Document) -> None:
        pull: Document = event.payload.get("pull_request", {})
        number = next(self._numbers)
        workflow, _ = self._fit(source, written)
        run = Run(
            number=number,
            path=source.path,
            workflow=workflow,
            places={},
            event=event,
            folder=self.folder / str(number),
            head=pull["head"]["sha"] if pull else event.sha,
            fork=bool(pull) and pull["head"]["repo"]["full_name"] != event.repository,
        )
        try:
            run.places, run.left_out = self.plan(source, written)
        except CallRefused as refused:
            run.refusal = str(refused)
        self._start(run)

    def plan(self, source: Source, written: Document, *, failing: bool = True) -> tuple[dict[str, Place], list[str]]:
        """Return the jobs that a workflow leads to, and what this machine cannot show of them, in sentences.

        Args:
            source: Where the workflow is.
            written: What it says.
            failing: Whether their steps fail, where those of this runner do.

        Raises:
            CallRefused: GitHub would start none of them.
        """
        workflow, said = self._fit(source, written, failing=failing)

        def find(caller: Source, uses: str) -> tuple[Source, Document]:
            at, found = hosted_workflows.find_called(self.hub, caller, uses)
            fitted, more = self._fit(at, found, failing=failing)
            said.extend(more)
            return at, fitted

        return calls.flatten(source, workflow, find), said

    def _fit(self, source: Source, written: Document, *, failing: bool = True) -> tuple[Document, list[str]]:
        containers = self.settings.containers
        volumes = None if containers is None else containers.volumes
        own = (source.repository, source.sha)
        fitted, said = workflow_files.fit(written, volumes=volumes, left_out=self.settings.left_out, own=own)
        faults = self.settings.faults
        return fitted if faults is None or not failing else faults.place(fitted), said

    def rerun(self, run: Run, *, only_failed: bool = True) -> Run:
        """Run a run again, by default those of its jobs that failed and all that need them.

        GitHub runs the workflow as it was, at the commit that it was for.
        """
        again = Run(
            next(self._numbers), run.path, run.workflow, run.places, run.event,
            self.folder / f"{run.number}-{run.attempt + 1}", run.head, run.fork, run.attempt + 1, run.id,
            left_out=run.left_out, refusal=run.refusal,
        )  # fmt: skip
        if only_failed:
            again.jobs = run.kept()
        self._start(again)
        return again

    def _start(self, run: Run) -> None:
        thread = Thread(target=self._guard, args=(run,), name=f"run {run.number}")
        checks.report(self.hub, run, "queued")
        with self._changed:
            self.runs.append(run)
            waits = workflows.concurrency(run.workflow, run.contexts())
            if waits is not None:
                self._join(run, waits)
            self._threads.append(thread)
        thread.start()

    def _join(self, run: Run, waits: Concurrency) -> None:
        """Put a run into its group; those that it takes the place of are cancelled."""
        group = self._groups.setdefault(f"{run.repository} {waits.group}", [])
        superseded = list(group) if waits.cancels else [] if waits.keeps_all else group[1:]
        group.append(run)
        for other in superseded:
            self.cancel(other)

    def cancel(self, run: Run) -> None:
        """Cancel a run: end its jobs, but for those whose condition is then still true."""
        run.cancel()
        for job in list(run.jobs.values()):
            if job.process is not None and job.result is None and self._ends(run, job):
                act.stop(job.process)

    def _ends(self, run: Run, job: Job) -> bool:
        """Return whether a job ends, or does not begin, because its run is cancelled."""
        written = run.places[job.id].written
        return run.is_cancelled() and (self._closed or not workflows.outlasts_cancellation(written))

    def _guard(self, run: Run) -> None:
        try:
            self._take_turn(run)
            if not run.is_cancelled():
                self._execute(run)
        except BaseException as error:  # noqa: BLE001 - raised by `wait`, in the thread that calls it
            self._errors.append(error)
        finally:
            conclusion = checks.conclusion(run)
            checks.report(self.hub, run, "completed", conclusion)
            with self._changed:
                run.ended, run.conclusion = time.monotonic(), conclusion
                for group in self._groups.values():
                    if run in group:
                        group.remove(run)
                self._changed.notify_all()

    def _take_turn(self, run: Run) -> None:
        group = next((runs for runs in self._groups.values() if run in runs), [run])
        with self._changed:
            self._changed.wait_for(lambda: group[0] is run or run.is_cancelled())

    def _execute(self, run: Run) -> None:
        repository = self.hub.state.repository(run.repository)
        run.started = time.monotonic()
        checks.report(self.hub, run, "in_progress")
        if repository is None or run.refusal is not None:
            return
        hosted_workflows.check_out(repository, run.event.sha, run.folder / "repository")
        with ThreadPoolExecutor(len(run.places)) as pool:
            while not run.is_done():
                for name in run.ready():
                    run.jobs[name] = Job(name, queued=time.monotonic())
                    pool.submit(self._guard_job, run, run.jobs[name])
                with self._changed:
                    self._changed.wait(0.5)

    def _guard_job(self, run: Run, job: Job) -> None:
        try:
            self._run_job(run, job)
        except BaseException as error:  # noqa: BLE001 - raised by `wait`, in the thread that calls it
            self._errors.append(error)
            job.result = Result("failure")
        finally:
            job.ended = time.monotonic()
            with self._changed:
                self._changed.notify_all()

    def _run_job(self, run: Run, job: Job) -> None:
        place = run.places[job.id]
        level = None if self._closed else run.skipped_at(place)
        if level is not None:
            job.result, job.started = Result("skipped"), time.monotonic()
            checks.skipped(self.hub, run, job, level)
            return
        with self._machines, jobs.machine(self.settings, run, job) as settings:
            job.started = time.monotonic() - sum(job.spent.values())
            if self._ends(run, job):
                job.result = Result("cancelled")
                return
            checks.begin(self.hub, run, job)
            refusal = jobs.refusal(self.hub, run, place)
            if refusal is not None:
                self._end(run, job, act.Outcome(Result("failure"), [], refusal, 0))
                return
            task = jobs.make_task(self.hub, settings, self._downloads, run, job)
            try:
                outcome = act.run(task, place.ids, lambda process: self._started(run, job, process))
            finally:
                self.hub.end_id_tokens(task.environment)
                self.settings.artifacts.end(task.environment)
            ended = time.monotonic()
        if self.settings.cold is not None:  # a runner's job has ended before its machine goes
            job.added = outcome.added + time.monotonic() - ended
        self._end(run, job, outcome)

    def _end(self, run: Run, job: Job, outcome: act.Outcome) -> None:
        verdict = Result("cancelled") if self._ends(run, job) else outcome.result
        job.spent |= outcome.spent
        job.steps, job.log = outcome.steps, run.folder / f"{job.id.replace('/', '-')}.log"
        job.log.write_text(outcome.log, encoding="utf-8")
        checks.end(self.hub, run, job, verdict)
        job.result = verdict

    def _started(self, run: Run, job: Job, process: Popen[str]) -> None:
        job.process = process
        if self._ends(run, job):
            act.stop(process)

    def wait(self, timeout: float = 600) -> None:
        """Wait until nothing runs, and raise what went wrong with the runner itself.

        Raises:
            TimeoutError: Something still runs.
        """
        with self._changed:
            idle = self._changed.wait_for(lambda: all(run.conclusion for run in self.runs), timeout)
        if self._errors:
            raise self._errors[0]
        if not idle:
            raise TimeoutError(f"Still running: {[run.name for run in self.runs if not run.conclusion]}.")

    def close(self) -> None:
        """End what still runs, and start nothing more."""
        self._closed = True
        for run in self.runs:
            if run.conclusion is None:
                self.cancel(run)
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._services.close()
