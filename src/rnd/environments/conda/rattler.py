"""Solving, and installing without any conda client: the only caller of py-rattler.

Credentials of private channels are for py-rattler's own chain to find: `RATTLER_AUTH_FILE`, the system's keyring,
`~/.rattler/credentials.json`, `~/.netrc`.
"""

from __future__ import annotations

import asyncio
import platform as machine
from typing import TYPE_CHECKING, Any

from rnd.environments.conda.lockfile import LOCK, LockedPackage, write_lock
from rnd.environments.conda.specification import read_specification
from rnd.environments.errors import EnvironmentInvalid, Unsolvable
from rnd.errors import DiskFull, ExtraMissing, PackagesUnavailable

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from pathlib import Path
    from typing import TypeVar

    import rattler

    from rnd.environments.conda.specification import Specification

    Result = TypeVar("Result")

# As conda calls what Python calls them (https://docs.conda.io, "platforms" of a channel).
PLATFORMS = {
    ("Linux", "x86_64"): "linux-64",
    ("Linux", "aarch64"): "linux-aarch64",
    ("Linux", "ppc64le"): "linux-ppc64le",
    ("Darwin", "x86_64"): "osx-64",
    ("Darwin", "arm64"): "osx-arm64",
}
NO_SPACE = "No space left on device"


def this_platform() -> str:
    """Return the platform of this machine, such as `linux-64`.

    Raises:
        EnvironmentInvalid: It is none that conda environments are locked for.
    """
    system = machine.system(), machine.machine()
    if system not in PLATFORMS:
        raise EnvironmentInvalid(f"A {' '.join(system)} machine is none that conda environments are locked for.")
    return PLATFORMS[system]


def is_installed() -> bool:
    """Say whether py-rattler is there."""
    from importlib.util import find_spec

    return find_spec("rattler") is not None


def solve(specification: Specification, locked: Path) -> list[LockedPackage]:
    """Find packages for every platform that fulfil what is asked for.

    Args:
        specification: What is asked for.
        locked: A lock file, if there is one: what it has is kept where it still fits.

    Raises:
        EnvironmentInvalid: A request is written in a way that conda does not read.
        Unsolvable: The channels have no packages that go together.
        PackagesUnavailable: A channel does not answer, or is none.
    """
    rattler = _library()
    before = rattler.LockFile.from_path(locked).default_environment() if locked.exists() else None

    async def solve_all() -> list[LockedPackage]:
        gateway = rattler.Gateway(client=rattler.Client.default_client())
        solved: list[LockedPackage] = []
        for platform in specification.requests:
            solved += await _solve_one(rattler, gateway, specification, platform, before)
        return solved

    return _run(solve_all())


async def _solve_one(
    rattler: Any,  # noqa: ANN401 - the module, which a user without the extra has not
    gateway: rattler.Gateway,
    specification: Specification,
    platform: str,
    before: rattler.Environment | None,
) -> list[LockedPackage]:
    records = before.conda_repodata_records() if before else {}
    try:
        solution = await rattler.solve(
            sources=[rattler.Channel(channel) for channel in specification.channels],
            specs=[rattler.MatchSpec(request, strict=False) for request in specification.requests[platform]],
            gateway=gateway,
            platforms=[platform, "noarch"],
            locked_packages=records.get(platform, []),
            virtual_packages=_virtual_packages(rattler, specification.virtual_packages.get(platform, {})),
        )
    except rattler.exceptions.SolverError as error:
        raise Unsolvable(f"For {platform}: {_sentence(error)}") from error
    except rattler.exceptions.InvalidMatchSpecError as error:
        raise EnvironmentInvalid(f"A request of environment.yml cannot be read: {_sentence(error)}") from error
    return [_locked(record, platform) for record in solution]


def lock(folder: Path) -> None:
    """Write the lock file of a repository, solved anew from what it asks for.

    Raises:
        RndError: As `read_specification` and `solve` have it.
    """
    specification = read_specification(folder)
    write_lock(folder, specification, solve(specification, folder / LOCK))


def install(folder: Path, prefix: Path, platform: str) -> None:
    """Make an environment of exactly the packages that are locked.

    Args:
        folder: Where the lock file is.
        prefix: The environment's folder, which is not there yet.
        platform: That of this machine.

    Raises:
        PackagesUnavailable: A package could not be fetched, or is not the one that was locked.
        DiskFull: There is no room for it.
    """
    rattler = _library()
    records = rattler.LockFile.from_path(folder / LOCK).default_environment().conda_repodata_records()
    _run(rattler.install(records[platform], prefix, show_progress=False, client=rattler.Client.default_client()))


def _library() -> Any:  # noqa: ANN401
    try:
        import rattler
    except ImportError as error:
        raise ExtraMissing.of("conda", "py-rattler") from error
    return rattler


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run something to its end, and turn what py-rattler raises into our catalogue."""
    from rattler import exceptions

    try:
        return asyncio.run(work)
    except (exceptions.GatewayError, exceptions.FetchRepoDataError, exceptions.InvalidChannelError) as error:
        raise PackagesUnavailable(
            f"A channel did not give what is asked for: {_sentence(error)}",
            "Check the channels in environment.yml, the network and your credentials, then run the same command again.",
        ) from error
    except exceptions.InstallerError as error:
        kind = DiskFull if NO_SPACE in str(error) else PackagesUnavailable
        raise kind(f"A locked package could not be installed: {_sentence(error)}") from error


def _virtual_packages(rattler: Any, packages: Mapping[str, str]) -> list[rattler.GenericVirtualPackage]:  # noqa: ANN401
    found = []
    for name, told in packages.items():
        version, _, build = told.partition(" ")
        found.append(
            rattler.GenericVirtualPackage(
                rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build or "0")
            )
        )
    return found


def _locked(record: rattler.RepoDataRecord, platform: str) -> LockedPackage:
    if record.md5 is None:
        raise Unsolvable(
            f"The channel tells no MD5 of {record.file_name}, which a lock needs.",
            "Index the channel anew, with a tool that writes digests, such as conda-index or rattler-index.",
        )
    return LockedPackage(
        name=record.name.normalized,
        version=str(record.version),
        platform=platform,
        url=record.url,
        md5=record.md5.hex(),
        sha256=record.sha256.hex() if record.sha256 else None,
        dependencies={name: version for name, _, version in (need.partition(" ") for need in record.depends)},
    )


def _sentence(error: Exception) -> str:
    """Return what an error says, as a sentence; a chain of causes stays on its lines."""
    return str(error).strip().rstrip(".") + "."
