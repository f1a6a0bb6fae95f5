"""The part of the catalogue of errors that versions and releases have; see `rnd.errors`. Touches nothing."""

from __future__ import annotations

from rnd.errors import ExitCode, RndError


class ShallowHistory(RndError):
    """The clone is shallow: commits and tags are missing, and a version derived without them would be wrong."""

    code = "shallow-history"
    remedy = (
        "Fetch the rest: `git fetch --unshallow --tags`; in a workflow, check out with `fetch-depth: 0` "
        "(`filter: tree:0` keeps it quick)."
    )


class VersionTaken(RndError):
    """The version that comes next is released already, from commits that the head does not hold.

    The branch is behind the one that releases come from, or the commit is older than the release.
    """

    code = "version-taken"
    remedy = "Bring the branch up to date with the one that releases come from, then run the same command again."


class VersionMismatch(RndError):
    """The version in `pyproject.toml` or `uv.lock` is not the one that comes next."""

    code = "version-mismatch"
    remedy = "Write it with `rnd version set`, and commit; `rnd version explain` says why it is that one."
    exit_code = ExitCode.DIFFERENCE


class TitleMismatch(RndError):
    """A pull request's title and its commits ask for different versions.

    A squash merge keeps the title, a rebase keeps the commits, so the version would depend on how the pull request is
    merged.
    """

    code = "title-mismatch"
    remedy = "Give the title the type of the highest commit, or add a commit of the type that the title has."
    exit_code = ExitCode.DIFFERENCE


class NotGreen(RndError):
    """A job of the pipeline failed, was cancelled, or was skipped without a reason that is known to be a good one."""

    code = "not-green"
    remedy = "Open each job that is named, mend what it found, and push; or run the failed jobs again."


class ManifestInvalid(RndError):
    """`pyproject.toml` or `uv.lock` cannot be read, has no version of ours, or could not be rewritten safely."""

    code = "manifest-invalid"
    remedy = 'Give pyproject.toml a `[project]` table with a name and `version = "X.Y.Z"`, then run `uv lock`.'


class PackageInvalid(RndError):
    """What was built is not fit to be published; the message names the file and everything that is wrong with it.

    Its metadata breaks a rule of the core metadata specification, it carries another name or version than
    `pyproject.toml`, or an index could not render its README.
    """

    code = "package-invalid"
    remedy = "Mend pyproject.toml or the README, then run the same command again; nothing was uploaded."


class DigestMismatch(RndError):
    """Something else is published under this version already; the message names both digests.

    A version never names two contents, since nobody could say which of them was installed, tested or shipped. Packages
    are compared by their bytes, images by what they are made from.
    """

    code = "digest-mismatch"
    remedy = "Publish from the commit that the version was published from, or publish the next version."


class PackageMissing(RndError):
    """The package index has no wheel of the version that the image is to hold."""

    code = "package-missing"
    remedy = "Publish it with `rnd release package`, from the same commit, then run the same command again."


class ImageBuildFailed(RndError):
    """`docker/build.py` could not build the image; what it says at the end is shown."""

    code = "image-build-failed"
    remedy = "Mend what it complains of; `docker/build.py` builds the same by hand. Nothing was pushed."


class RegistryRefused(RndError):
    """The image registry refused a request: not signed in, not permitted, or another rule, such as immutable tags."""

    code = "registry-refused"
    remedy = "Check the address, the credentials and what they permit, then run the same command again."


class RegistryUnavailable(RndError):
    """The image registry could not be reached, cut the connection or had a fault of its own, time after time."""

    code = "registry-unavailable"
    remedy = "Run the same command later; what has arrived by then is not pushed again."


class IndexRefused(RndError):
    """The package index refused a request: credentials missing, expired or without the permission, or another rule."""

    code = "index-refused"
    remedy = "Check the address, the credentials and what they permit, then run the same command again."


class IndexUnavailable(RndError):
    """The package index could not be reached, cut the connection or had a fault of its own, time after time."""

    code = "index-unavailable"
    remedy = "Run the same command later; what has arrived by then is not uploaded again."


class TagTaken(RndError):
    """The tag of the release is there already, on another commit; the message names both.

    A tag is never moved: what was published from the one commit would be taken for the other's.
    """

    code = "tag-taken"
    remedy = (
        "Bring the branch up to date: the next version will be a higher one. Or release from the commit that it names."
    )
