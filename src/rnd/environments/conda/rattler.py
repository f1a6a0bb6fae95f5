"""Solves environments, and installs them without a conda client: the only caller of py-rattler.

py-rattler finds the credentials of private channels itself: `RATTLER_AUTH_FILE`, the system keyring,
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
    from datetime import timedelta
    from pathlib import Path
    from typing import TypeVar

    import rattler

    from rnd.environments.conda.specification import Specification

    Result = TypeVar("Result")

# Python's names of platforms, and conda's (https://docs.conda.io, "platforms" of a channel).
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
        EnvironmentInvalid: The platform is not supported.
    """
    system = machine.system(), machine.machine()
    if system not in PLATFORMS:
        raise EnvironmentInvalid(f"Conda environments are not supported on {' '.join(system)}.")
    return PLATFORMS[system]


def is_installed() -> bool:
    """Return whether py-rattler is installed."""
    from importlib.util import find_spec

    return find_spec("rattler") is not None


def solve(specification: Specification, locked: Path, cooldown: timedelta | None = None) -> list[LockedPackage]:
    """Find packages that satisfy the requirements on every platform.

    Args:
        specification: The requirements.
        locked: The path of the lock file; if it exists, its versions are kept where possible.
        cooldown: How old a package must be, where its channel says how old it is.

    Raises:
        EnvironmentInvalid: A requirement is not a valid match specification.
        Unsolvable: The channels have no compatible set of packages.
        PackagesUnavailable: A channel does not respond, or is not a channel.
    """
    rattler = _library()
    before = rattler.LockFile.from_path(locked).default_environment() if locked.exists() else None

    async def solve_all() -> list[LockedPackage]:
        gateway = rattler.Gateway(client=rattler.Client.default_client())
        solved: list[LockedPackage] = []
        for platform in specification.requests:
            solved += await _solve_one(rattler, gateway, specification, platform, before, cooldown)
        return solved

    return _run(solve_all())


async def _solve_one(
    rattler: Any,  # noqa: ANN401 - the module, which is missing without the extra
    gateway: rattler.Gateway,
    specification: Specification,
    platform: str,
    before: rattler.Environment | None,
    cooldown: timedelta | None,
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
            exclude_newer=cooldown or None,
            timestamp_policy="allow-missing",
        )
    except rattler.exceptions.SolverError as error:
        raise Unsolvable(f"For {platform}: {_sentence(error)}") from error
    except rattler.exceptions.InvalidMatchSpecError as error:
        raise EnvironmentInvalid(f"A requirement in environment.yml is not valid: {_sentence(error)}") from error
    return [_locked(record, platform) for record in solution]


def lock(folder: Path, cooldown: timedelta | None = None) -> None:
    """Solve the requirements of a repository and write its lock file.

    Args:
        folder: The repository.
        cooldown: See `solve`.

    Raises:
        RndError: See `read_specification` and `solve`.
    """
    specification = read_specification(folder)
    write_lock(folder, specification, solve(specification, folder / LOCK, cooldown))


def install(folder: Path, prefix: Path, platform: str) -> None:
    """Create an environment with exactly the locked packages.

    Args:
        folder: The folder of the lock file.
        prefix: The environment's folder, which must not exist.
        platform: The platform of this machine.

    Raises:
        PackagesUnavailable: A package could not be downloaded, or its digest differs from the locked one.
        DiskFull: The disk is full.
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
    """Run a coroutine, and convert the exceptions of py-rattler to errors of the catalogue."""
    from rattler import exceptions

    try:
        return asyncio.run(work)
    except (exceptions.GatewayError, exceptions.FetchRepoDataError, exceptions.InvalidChannelError) as error:
        raise PackagesUnavailable(
            f"A channel could not be read: {_sentence(error)}",
            "Check the channels in environment.yml, the network and your credentials, then re-run the command.",
        ) from error
    except exceptions.InstallerError as error:
        kind = DiskFull if NO_SPACE in str(error) else PackagesUnavailable
        raise kind(f"A locked package could not be installed: {_sentence(error)}") from error


def _virtual_packages(rattler: Any, packages: Mapping[str, str]) -> list[rattler.GenericVirtualPackage]:  # noqa: ANN401
    found = []
    for name, value in packages.items():
        version, _, build = value.partition(" ")
        found.append(
            rattler.GenericVirtualPackage(
                rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build or "0")
            )
        )
    return found


def _locked(record: rattler.RepoDataRecord, platform: str) -> LockedPackage:
    if record.md5 is None or record.sha256 is None:
        missing = "MD5" if record.md5 is None else "SHA-256"
        raise Unsolvable(
            f"The channel has no {missing} digest of {record.file_name}, which the lock file requires.",
            "Re-index the channel with a tool that writes digests, such as conda-index or rattler-index.",
        )
    return LockedPackage(
        name=record.name.normalized,
        version=str(record.version),
        platform=platform,
        url=record.url,
        md5=record.md5.hex(),
        sha256=record.sha256.hex(),
        dependencies={name: version for name, _, version in (need.partition(" ") for need in record.depends)},
    )


def _sentence(error: Exception) -> str:
    """Return the message of an error with a full stop; multi-line causes are kept."""
    return str(error).strip().rstrip(".") + "."
