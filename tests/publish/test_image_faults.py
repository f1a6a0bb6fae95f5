"""What can go wrong on the way to a registry, really done: afterwards one more run completes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rnd_rehearsal.registry import Cut, just_act
from tests.helpers.creation_faults import fork
from tests.helpers.image_sandbox import IMAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_github.loopback import Answer
    from tests.helpers.image_sandbox import Sandbox

    Act = Callable[[], Answer]

pytestmark = pytest.mark.usefixtures("small_image")
ANY = 1000
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TOKEN, SEE, CREATE = "GetAuthorizationToken", "DescribeRepositories", "CreateRepository"
UPLOAD = "POST .*/blobs/uploads/.*"
LOOK, CONFIG = "GET .*/manifests/0.1.0", "GET .*/blobs/sha256:.*"
PUSH, STABLE, LATEST = "PUT .*/manifests/0.1.0", "PUT .*/manifests/stable", "PUT .*/manifests/latest"


@pytest.fixture(autouse=True)
def published(sandbox: Sandbox) -> None:
    sandbox.publish()


def say(status: int, code: str, message: str = "as it was told") -> Callable[[Act], Answer]:
    """Return what answers with an error, in the forms of both a registry and AWS."""
    content = {"errors": [{"code": code, "message": message}], "__type": code, "message": message}
    headers = {"Content-Type": "application/json"}
    return lambda _: (status, headers, json.dumps(content).encode())


def cut(_: Act) -> Answer:
    """End the connection before the registry acts."""
    raise Cut


def cut_late(act: Act) -> Answer:
    """End the connection once it has acted."""
    act()
    raise Cut


def say_late(status: int, code: str) -> Callable[[Act], Answer]:
    """Return what acts, and then answers with an error, as if somebody else had been faster."""
    return lambda act: (act(), say(status, code)(act))[1]


IMMUTABLE = say(400, "TAG_INVALID", "The image tag '0.1.0' already exists and cannot be overwritten.")
DENIED, UNAVAILABLE, THROTTLED = say(403, "DENIED"), say(503, "UNAVAILABLE"), say(400, "ThrottlingException")


@dataclass
class Injection:
    """What goes wrong, with the requests that match a pattern, for some times."""

    pattern: str
    answer: Callable[[Act], Answer]
    times: int = 1

    def __call__(self, request: str, act: Act) -> Answer:
        if self.times and re.fullmatch(self.pattern, request):
            self.times -= 1
            return self.answer(act)
        return act()


def assert_complete(sandbox: Sandbox, *options: str) -> None:
    """One more run completes, and the one after finds nothing to do; the version is there once.

    The user passes the digest of an image that is already there.
    """
    sandbox.registry.around = just_act
    assert sandbox.complete("--quiet", *options) == 0
    images = sandbox.images()
    assert set(images) == {"0.1.0", "stable", "latest"}
    assert len(set(images.values())) == 1
    asked: list[str] = []

    def listen(request: str, act: Act) -> Answer:
        asked.append(request)
        return act()

    sandbox.registry.around = listen
    assert sandbox.release("--quiet", "--digest", images["0.1.0"], *options) == 0
    assert asked
    assert {request.split()[0] for request in asked} == {TOKEN, SEE, "GET"}
    assert sandbox.images() == images


@pytest.mark.parametrize(
    ("pattern", "answer", "code"),
    [
        (TOKEN, say(400, "ExpiredTokenException"), "aws-refused"),
        (SEE, say(400, "AccessDeniedException"), "aws-refused"),
        (CREATE, say(400, "AccessDeniedException"), "aws-refused"),
        (LOOK, DENIED, "registry-refused"),
        (UPLOAD, DENIED, "registry-refused"),
        (PUSH, DENIED, "registry-refused"),
        (PUSH, IMMUTABLE, "registry-refused"),
        (STABLE, DENIED, "registry-refused"),
        (LATEST, IMMUTABLE, "registry-refused"),
    ],
)
def test_a_refusal_is_final(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], pattern: str, answer: Callable[[Act], Answer], code: str
) -> None:
    injection = Injection(pattern, answer)
    sandbox.registry.around = injection
    assert sandbox.release("--quiet") == 1
    assert f"error[{code}]: " in capsys.readouterr().err
    assert injection.times == 0
    assert_complete(sandbox)


@pytest.mark.parametrize(
    ("pattern", "answer"),
    [
        (TOKEN, say(500, "ServerException")),
        (CREATE, THROTTLED),
        (CREATE, cut_late),
        (LOOK, UNAVAILABLE),
        (CONFIG, cut),
        (PUSH, UNAVAILABLE),
        (PUSH, cut),
        (PUSH, cut_late),
        (PUSH, say_late(400, "TAG_INVALID")),
        (STABLE, cut),
        (LATEST, cut_late),
    ],
)
def test_a_fault_by_chance_is_tried_again(sandbox: Sandbox, pattern: str, answer: Callable[[Act], Answer]) -> None:
    """Or is a success, where the image of this run has arrived anyway."""
    injection = Injection(pattern, answer)
    sandbox.registry.around = injection
    assert sandbox.release("--quiet") == 0
    assert injection.times == 0
    assert_complete(sandbox)


@pytest.mark.parametrize("builder", ["docker", "buildah"], indirect=True)
@pytest.mark.parametrize(("pattern", "answer", "code"), [(UPLOAD, DENIED, 1), (PUSH, cut_late, 0)])
def test_in_a_repository_of_an_earlier_version_the_builder_pushes(
    sandbox: Sandbox,
    builder: str,
    capsys: pytest.CaptureFixture[str],
    pattern: str,
    answer: Callable[[Act], Answer],
    code: int,
) -> None:
    """Each builder reports a failure in its own words."""
    script = sandbox.folder / "docker" / "build.py"
    script.write_text(script.read_text().replace('"--save"', "'--save'"))
    sandbox.commit("build: as it was")
    sandbox.registry.around = Injection(pattern, answer, times=ANY if code else 1)
    assert sandbox.release("--quiet", "--builder", builder) == code
    assert ("error[registry-refused]: " in capsys.readouterr().err) is bool(code)
    assert_complete(sandbox, "--builder", builder)


@pytest.mark.parametrize("pattern", [PUSH, LATEST])
def test_a_fault_time_after_time(sandbox: Sandbox, capsys: pytest.CaptureFixture[str], pattern: str) -> None:
    injection = Injection(pattern, cut, times=ANY)
    sandbox.registry.around = injection
    assert sandbox.release() == 1
    said = capsys.readouterr().err
    assert "error[registry-unavailable]: " in said
    assert said.count("Trying again") == 3
    assert_complete(sandbox)


def push_another(sandbox: Sandbox) -> str:
    """Let the registry have another image under the version, and return its digest."""
    config = b'{"config": {"Labels": {"rnd.inputs": "sha256:another"}}}'
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}).encode()
    for method, path, body in (
        ("POST", f"blobs/uploads/?digest={digest}", config),
        ("PUT", "manifests/0.1.0", manifest),
    ):
        headers = {"Content-Type": MANIFEST, "Authorization": f"Basic {sandbox.registry.basic}"}
        assert sandbox.registry.answer(method, f"/v2/{sandbox.name}/{path}", headers, body)[0] == 201
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def test_somebody_else_is_faster_with_another_image(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    there: list[str] = []

    def overtake(act: Act) -> Answer:
        there.append(push_another(sandbox))
        return act()

    sandbox.registry.around = Injection(PUSH, overtake)
    for _ in range(2):
        assert sandbox.release("--quiet") == 1
        said = capsys.readouterr().err
        assert f"error[digest-mismatch]: {sandbox.repository}:0.1.0 was made from sha256:another, and here" in said
    assert sandbox.images() == {"0.1.0": there[0]}


def start_in_a_copy(command: Callable[[], object], copies: list[int]) -> None:
    """Start a command in a copy of this process that leads a group, once the list has the id of the copy."""
    reading, writing = os.pipe()
    copy = fork()
    if copy == 0:
        os.setpgid(0, 0)
        os.read(reading, 1)
        try:
            command()
        finally:
            os._exit(0)
    copies.append(copy)
    os.write(writing, b".")
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("pattern", [CREATE, UPLOAD, PUSH, STABLE, LATEST])
@pytest.mark.parametrize("moment", ["before the registry acts", "after it"])
def test_killed(sandbox: Sandbox, pattern: str, moment: str) -> None:
    def kill(act: Act) -> Answer:
        if moment == "after it":
            act()
        os.killpg(copies[0], signal.SIGKILL)
        raise Cut

    sandbox.registry.around = Injection(pattern, kill)
    copies: list[int] = []
    start_in_a_copy(lambda: sandbox.release("--quiet"), copies)
    _, status = os.waitpid(copies[0], 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert_complete(sandbox)


def test_interrupted(sandbox: Sandbox) -> None:
    def interrupt(_: Act) -> Answer:
        running.terminate()
        running.wait()
        raise Cut

    sandbox.registry.around = Injection(PUSH, interrupt)
    command = [sys.executable, "-m", "rnd", *IMAGE]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        _, said = running.communicate()
    assert running.returncode == 130
    assert "error[interrupted]" in said
    assert_complete(sandbox)
