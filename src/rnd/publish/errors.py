"""Errors of publishing; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import RndError


class PackageInvalid(RndError):
    """What was built is not fit to be published; the message names the file and everything that is wrong with it.

    Its metadata breaks a rule of the core metadata specification, it carries another name or version than
    `pyproject.toml`, or an index could not render its README.
    """

    code = "package-invalid"
    hint = "Mend pyproject.toml or the README, then run the same command again; nothing was uploaded."


class DigestMismatch(RndError):
    """Something else is published under this version already; the message names both digests.

    A version never names two contents, since nobody could say which of them was installed, tested or shipped. Packages
    are compared by their bytes, images by what they are made from.
    """

    code = "digest-mismatch"
    hint = "Publish from the commit that the version was published from, or publish the next version."


class PackageMissing(RndError):
    """The package index has no wheel of the version that the image is to hold."""

    code = "package-missing"
    hint = "Publish it with `rnd release package`, from the same commit, then run the same command again."


class ImageBuildFailed(RndError):
    """`docker/build.py` could not build the image; what it says at the end is shown."""

    code = "image-build-failed"
    hint = "Mend what it complains of; `docker/build.py` builds the same by hand. Nothing was pushed."


class RegistryRefused(RndError):
    """The image registry refused a request: not signed in, not permitted, or another rule, such as immutable tags."""

    code = "registry-refused"
    hint = "Check the address, the credentials and what they permit, then run the same command again."


class RegistryUnavailable(RndError):
    """The image registry could not be reached, cut the connection or had a fault of its own, time after time."""

    code = "registry-unavailable"
    hint = "Run the same command later; what has arrived by then is not pushed again."


class IndexRefused(RndError):
    """The package index refused a request: credentials missing, expired or without the permission, or another rule."""

    code = "index-refused"
    hint = "Check the address, the credentials and what they permit, then run the same command again."


class IndexUnavailable(RndError):
    """The package index could not be reached, cut the connection or had a fault of its own, time after time."""

    code = "index-unavailable"
    hint = "Run the same command later; what has arrived by then is not uploaded again."


class TagTaken(RndError):
    """The tag of the release is there already, on another commit; the message names both.

    A tag is never moved: what was published from the one commit would be taken for the other's.
    """

    code = "tag-taken"
    hint = (
        "Bring the branch up to date: the next version will be a higher one. Or release from the commit that it names."
    )
