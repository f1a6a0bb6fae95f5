"""Errors of publishing; see `rnd.errors`."""

from __future__ import annotations

from rnd.errors import RndError


class PackageInvalid(RndError):
    """The build cannot be published; the message lists the file and all of its problems.

    The metadata violates the core metadata specification, the name or version differs from `pyproject.toml`, or an
    index could not render the README.
    """

    code = "package-invalid"
    hint = "Fix pyproject.toml or the README and re-run; nothing was uploaded."


class DigestMismatch(RndError):
    """Other contents are already published under this version; the message lists both digests.

    Each version identifies one artifact, so that it is clear what was installed, tested or shipped. Packages are
    compared by their bytes, images by their inputs.
    """

    code = "digest-mismatch"
    hint = "Publish from the commit that the version was published from, or publish the next version."


class PackageMissing(RndError):
    """The package index has no wheel of the version that the image installs."""

    code = "package-missing"
    hint = "Publish it with `rnd release package`, from the same commit, then run the same command again."


class ImageMissing(RndError):
    """The registry does not have the image that is promoted, under the given digest."""

    code = "image-missing"
    hint = "Push it with `rnd release image --identity candidate` and pass the digest that this prints."


class ImageExists(RndError):
    """The registry already has an image under the version, which this run did not push.

    Its labels are not evidence: everybody who can push can set them.
    """

    code = "image-exists"
    hint = (
        "If it is the image that you pushed, re-run with `--digest` and the digest that your command printed. "
        "Otherwise, publish another version."
    )


class ImageInvalid(RndError):
    """An image cannot be published: it is malformed, has other layers than expected, or is not of the given version."""

    code = "image-invalid"
    hint = "Build the image of the version with `rnd release image --identity candidate`; nothing was published."


class ImageBuildFailed(RndError):
    """`docker/build.py` could not build the image; the end of its output is shown."""

    code = "image-build-failed"
    hint = "Fix the reported problem; run `docker/build.py` to reproduce the build. Nothing was pushed."


class RegistryRefused(RndError):
    """The image registry refused a request: not signed in, not permitted, or another rule, such as immutable tags."""

    code = "registry-refused"
    hint = "Check the address, the credentials and what they permit, then run the same command again."


class RegistryUnavailable(RndError):
    """The image registry could not be reached, closed the connection or returned server errors, on every attempt."""

    code = "registry-unavailable"
    hint = "Run the same command later; completed pushes are skipped."


class TagTaken(RndError):
    """The tag of the release already exists on another commit; the message lists both commits.

    Tags are never moved, since they identify the commit that was published.
    """

    code = "tag-taken"
    hint = (
        "Bring the branch up to date: the next version will be a higher one. Or release from the commit that it names."
    )


class WorkflowsDiffer(RndError):
    """GitHub refuses the release: the workflow files of its commit differ from those of the default branch.

    Such a release needs the permission *Workflows*, which `GITHUB_TOKEN` can never have, or the scope `workflow`; see
    https://docs.github.com/en/rest/releases/releases#create-a-release. Two quick merges of which the second changes a
    workflow lead to it.
    """

    code = "workflows-differ"
    hint = (
        "Run `rnd release publish` on that commit with a token that has the scope `workflow`, or let the GitHub App "
        "`release` make releases: docs/how-to/set-up-the-pipeline.md. What is published stays as it is."
    )
