"""The repository's own `docker/build.py`, which builds and pushes, and the credentials that it finds. Its only caller.

Docker, podman and buildah ask a helper program for them, which has them from its environment: so they are in no
argument and in no file, not even for a moment, and whatever else the user is signed in to stays as it is.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rnd import process
from rnd.errors import DiskFull, UsageError
from rnd.publish.errors import ImageBuildFailed, RegistryRefused, RegistryUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from rnd.publish.registry import Registry

SCRIPT, DOCKERFILE = Path("docker", "build.py"), Path("docker", "Dockerfile")
BASE_STAGE = re.compile(r"(?mi)^FROM \S+ AS base$")
LAST_STAGE = re.compile(
    r"(?m)^FROM environment AS image\n"
    r"COPY --from=package /app/(?P<folder>\.venv|\.conda)/ (?P=folder)/\s*\Z"
)
# https://github.com/docker/docker-credential-helpers: asked to `get`, it answers with a document.
HELPER = """\
#!/bin/sh
test "$1" = get && printf %s "$RND_REGISTRY_CREDENTIALS"
"""
# What build.py says when it is not the build that failed, or buildx where it does both.
PUSHING = re.compile(r" push ended with exit code|> pushing |failed to push")
REFUSED = re.compile(
    r"(?i)denied|unauthorized|forbidden|no basic auth|authentication required|tag.invalid|immutable|name.unknown"
    r"|not found|does not exist|\b40[0134]\b"
)


def run_script(
    root: Path, arguments: Sequence[str], registry: Registry, variables: Mapping[str, str | None]
) -> list[str]:
    """Run the repository's script to build an image, and return the lines that it prints.

    Args:
        root: The repository.
        arguments: Arguments of `docker/build.py`, without secrets.
        registry: The registry to pull from and, with `--push`, to push to.
        variables: Additional environment variables.

    Raises:
        UsageError: The repository has no `docker/build.py`.
        ImageBuildFailed: The build failed.
        RegistryRefused: The registry did not take the image.
        RegistryUnavailable: The push failed for another reason.
    """
    if not (root / SCRIPT).is_file():
        raise UsageError(f"{root} has no {SCRIPT}.", "Bring it in with `rnd update`, or `git restore` it.")
    with _signed_in(registry) as credentials:
        argv = (sys.executable, str(SCRIPT), *arguments)
        ended = process.attempt(*argv, cwd=root, extra={**process.without_secrets(), **variables, **credentials})
    if ended.returncode == 0:
        return ended.stdout.splitlines()
    said = _hide(process.last_words(ended), registry, variables)
    if "No space left on device" in said:
        raise DiskFull(f"The image could not be built:\n{said}")
    if not PUSHING.search(ended.stderr):
        raise ImageBuildFailed(f"The image could not be built:\n{said}")
    wrong = RegistryRefused if REFUSED.search(said) else RegistryUnavailable
    raise wrong(f"The image could not be pushed to {registry.host}:\n{said}")


def can_save(root: Path) -> bool:
    """Return whether the repository's files can write an image to a file; those of earlier versions only push."""
    files = (root / SCRIPT, root / DOCKERFILE)
    if not all(file.is_file() for file in files):
        return False
    script, dockerfile = (file.read_text(encoding="utf-8") for file in files)
    return '"--save"' in script and BASE_STAGE.search(dockerfile) is not None


def reuses_parts(root: Path) -> bool:
    """Return whether the last stage of the Dockerfile only adds the package to the environment.

    Where a team has added more, the image is built as a whole.
    """
    return LAST_STAGE.search((root / DOCKERFILE).read_text(encoding="utf-8")) is not None


def refers_to_environment(root: Path) -> bool:
    """Return whether the Dockerfile can take the environment from an image, as the one for conda does."""
    return re.search(r"(?m)^ARG ENVIRONMENT=", (root / DOCKERFILE).read_text(encoding="utf-8")) is not None


def _hide(text: str, registry: Registry, variables: Mapping[str, str | None]) -> str:
    """Take the credentials out of what others have said: a Dockerfile may be edited to say anything."""
    passwords = (registry.password, *(value for name, value in variables.items() if name.endswith("_PASSWORD")))
    for password in filter(None, passwords):
        text = text.replace(password, "[hidden]")
    return text


@contextmanager
def _signed_in(registry: Registry) -> Generator[dict[str, str]]:
    """Yield the variables by which a builder is signed in to a registry, and otherwise as the user has it."""
    if not registry.username:
        yield {}
        return
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""), "containers", "auth.json")
    auth = Path(os.environ.get("REGISTRY_AUTH_FILE") or runtime)
    with TemporaryDirectory(prefix="rnd-docker-") as name:
        folder = Path(name)
        for entry in own.iterdir() if own.is_dir() else ():  # plugins, contexts, and the builders of buildx
            (folder / entry.name).symlink_to(entry.resolve())
        _write_configuration(folder / "config.json", own / "config.json", registry.host)
        _write_configuration(folder / "auth.json", auth if auth.is_file() else own / "config.json", registry.host)
        helper = folder / "docker-credential-rnd"
        helper.write_text(HELPER, encoding="utf-8")
        helper.chmod(0o700)
        yield {
            "DOCKER_CONFIG": name,
            "REGISTRY_AUTH_FILE": str(folder / "auth.json"),
            "RND_REGISTRY_CREDENTIALS": json.dumps({"Username": registry.username, "Secret": registry.password}),
            "PATH": os.pathsep.join((name, process.environment()["PATH"])),
        }


def _write_configuration(path: Path, users: Path, host: str) -> None:
    """Write a user's configuration with our helper for one registry, which goes before all other ways to sign in."""
    try:
        content = json.loads(users.read_text(encoding="utf-8"))
    except FileNotFoundError:
        content = {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{users} cannot be read: {error}.", "Fix or remove that file.") from error
    content["credHelpers"] = {**content.get("credHelpers", {}), host: "rnd"}
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
