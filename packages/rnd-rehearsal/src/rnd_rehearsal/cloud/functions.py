"""Lambda: runs a function's real code in a process of its own, with its role's credentials and nothing else.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote

from rnd_rehearsal.cloud import signing
from rnd_rehearsal.cloud.account import Denied
from rnd_rehearsal.python_programs import Program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fake_github.loopback import Answer
    from rnd_rehearsal.cloud.account import Account, Session

INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
SECONDS = 3600  # that the credentials of an execution environment last
RENEWED = 600  # seconds before their end
# Reads one event a line, and writes one answer a line; what the function prints is its log.
PROGRAM = """\
import contextlib, importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(importlib.import_module(module), name)
for line in sys.stdin:
    with contextlib.redirect_stdout(sys.stderr):
        try:
            answer = {"answer": handler(json.loads(line), None)}
        except Exception as error:
            answer = {"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}
    print(json.dumps(answer), flush=True)
"""


@dataclass
class Function:
    """A function.

    Attributes:
        name: Its name.
        code: The folder of its code: a package.
        handler: As in `broker.handler.handle`.
        role: The ARN of its role.
        environment: Its variables.
        place: A folder for its code and its log.
    """

    name: str
    code: Path
    handler: str
    role: str
    environment: dict[str, str]
    place: Path
    _process: Program | None = None
    _events: IO[str] | None = None
    _answers: IO[str] | None = None
    _until: datetime = field(default_factory=lambda: datetime.now(UTC))
    _lock: Lock = field(default_factory=Lock)

    @property
    def log(self) -> Path:
        """What the function prints."""
        return self.place / "log"

    def call(self, account: Account, event: object) -> dict[str, Any]:
        """Run the function for one event, in a process that is kept for the next."""
        with self._lock:
            if self._process is None or self._process.poll() is not None or datetime.now(UTC) >= self._until:
                self._start(account)
            if self._events is None or self._answers is None:
                raise Denied("ServiceException", "The function did not start.")
            self._events.write(json.dumps(event) + "\n")
            self._events.flush()
            line = self._answers.readline()
        if not line:
            return {"error": {"errorType": "Runtime.ExitError", "errorMessage": "The function exited."}}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self, account: Account) -> None:
        self.close()
        self.place.mkdir(parents=True, exist_ok=True)
        target = self.place / "code" / self.code.name
        if not target.exists():
            shutil.copytree(self.code, target, ignore=shutil.ignore_patterns("__pycache__"))
        session = account.give(account.roles[self.role], self.name, SECONDS)
        self._until = datetime.now(UTC) + timedelta(seconds=SECONDS - RENEWED)
        variables = {**self.environment, **_credentials(session), "AWS_REGION": account.region, "NO_PROXY": "127.0.0.1"}
        (events, feeding), (reading, answers) = os.pipe(), os.pipe()
        command = ("-I", "-c", PROGRAM, str(target.parent), self.handler)
        with self.log.open("ab") as log:
            self._process = Program(*command, env=variables, stdin=events, stdout=answers, stderr=log.fileno())
        os.close(events)
        os.close(answers)
        self._events, self._answers = os.fdopen(feeding, "w"), os.fdopen(reading)

    def close(self) -> None:
        """End the process, which ends with its events."""
        for stream in (self._events, self._answers):
            if stream is not None:
                stream.close()
        if self._process is not None:
            self._process.wait()
        self._process = self._events = self._answers = None


@dataclass
class Lambda:
    """The service.

    Attributes:
        functions: By name.
    """

    account: Account
    functions: dict[str, Function] = field(default_factory=dict)

    def deploy(self, function: Function) -> None:
        """Add a function, or replace the one of its name, whose process ends."""
        former = self.functions.get(function.name)
        self.functions[function.name] = function
        if former is not None:
            former.close()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        try:
            session = signing.verify(self.account, "lambda", method, target, headers, body)
            found = INVOKE.fullmatch(target)
            if found is None or method != "POST":
                raise Denied("UnknownOperationException", f"{method} {target} is not implemented")
            name = unquote(found[1]).rpartition(":")[2]
            self.account.check(session, "lambda:InvokeFunction", self.account.arn("lambda", f"function:{name}"))
            function = self.functions.get(name)
            if function is None:
                raise Denied("ResourceNotFoundException", f"Function not found: {name}")
            try:
                event = json.loads(body or b"{}")
            except ValueError as error:
                raise Denied("InvalidRequestContentException", "Could not parse request body into json") from error
            result = function.call(self.account, event)
        except Denied as denied:
            status = {"ResourceNotFoundException": 404, "InvalidRequestContentException": 400}.get(denied.code, 403)
            return _say(status, {"Message": denied.message}, {"x-amzn-ErrorType": denied.code})
        failed = {"X-Amz-Function-Error": "Unhandled"} if "error" in result else {}
        return _say(200, result.get("answer", result.get("error")), {**failed, "X-Amz-Executed-Version": "$LATEST"})


def _credentials(session: Session) -> dict[str, str]:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return dict(zip(names, session.key, strict=True))


def _say(status: int, document: object, headers: Mapping[str, str]) -> Answer:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(document).encode()
