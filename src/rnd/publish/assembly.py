"""Assemble an image from an environment and a package, and upload what of it a registry does not have.

The same commit gives the same image, on every machine and with every builder: layers have no times
(`rnd.publish.layers`), and the configuration has only the commit's. The environment, which has all dependencies, is
kept in the same repository under a tag that is the digest of what it is made from (`read_environment_key`). While that
does not change, no build installs or uploads it again, and a machine that has nothing does not even fetch it.

Only jobs reuse environments: the tags that a job of `main` finds in the repository of candidates are those of jobs of
`main`, since no other identity can write there. What a person builds and pushes is always built in full.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rnd import git
from rnd.errors import RndError
from rnd.publish.archives import open_archive
from rnd.publish.containers import refers_to_environment, reuses_parts, run_script
from rnd.publish.digests import digest_of
from rnd.publish.errors import ImageInvalid
from rnd.publish.inputs import read_environment_key
from rnd.publish.known_layers import recall, remember
from rnd.publish.layers import BLOCK, Layer, has_entries, write_layer
from rnd.publish.registry import Blob, Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rnd.publish.archives import Archive
    from rnd.publish.build import Build
    from rnd.publish.target import Target

    Config = dict[str, Any]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
# https://github.com/opencontainers/image-spec/blob/main/config.md; builders add more, such as their own version.
PLATFORM = ("architecture", "os", "os.version", "os.features", "variant")
SETTINGS = (
    *("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal"),
    *("Healthcheck", "OnBuild", "Shell"),
)
ANNOTATION = "org.opencontainers.image."
OF_COMMIT = tuple(f"{ANNOTATION}{name}" for name in ("version", "revision", "created"))
OF_BUILDER = "io.buildah."


@dataclass(frozen=True)
class Part:
    """An image or a part of one, whose layers the registry has.

    Attributes:
        config: Its configuration, as far as it does not depend on the layers, the commit or the builder.
        layers: Its layers, the lowest first.
    """

    config: Config
    layers: tuple[Layer, ...]


def assemble(target: Target, build: Build, labels: Mapping[str, str]) -> Image:
    """Build an image and upload its parts; return it, for the caller to tag.

    Args:
        target: Where it goes.
        build: How it is built.
        labels: The labels of this image, beyond those of the Dockerfile.

    Raises:
        ImageBuildFailed: A part cannot be built.
        RegistryRefused: The registry says no.
        RegistryUnavailable: It could not be reached.
        RndError: See `run_script` and `read_environment_key`.
    """
    base = _run(target, build, "--target=base", "--list-layers")
    if reuses_parts(build.root):
        environment, reference = _environment(target, build, base)
        package = _build(target, build, "package", (), *reference)
        whole = Part(environment.config, (*environment.layers, *package.layers))
    else:
        whole = _build(target, build, "image", base)
    created = git.run(build.root, "log", "-1", "--format=%cI").strip()
    return _upload(target, whole, {**labels, f"{ANNOTATION}created": created})


def _environment(target: Target, build: Build, base: Sequence[str]) -> tuple[Part, tuple[str, ...]]:
    """Return the environment, from the registry if a job has left it there, and how a build refers to that one."""
    key = read_environment_key(build.root, base, build.changing)
    tag = f"environment-{key[:32]}"
    if build.reuses and (found := target.registry.look(target.name, tag)):
        reference = f"ENVIRONMENT={target.registry.host}/{target.name}@{found.digest}"
        return _read(target, found), (f"--build-arg={reference}",) if refers_to_environment(build.root) else ()
    part = _build(target, build, "environment", base)
    if build.reuses:
        image = _upload(target, part, {})
        try:
            target.registry.tag(target.name, image, tag)
        except RndError:  # another job was faster; its environment has the same digest
            if target.registry.look(target.name, tag) is None:
                raise
    return part, ()


def _read(target: Target, image: Image) -> Part:
    """Return what an image in the registry consists of."""
    try:
        manifest = json.loads(image.manifest)
        config = json.loads(target.registry.read_blob(target.name, manifest["config"]["digest"]))
        blobs = [Blob(one["digest"], one["size"]) for one in manifest["layers"]]
        layers = map(Layer, config["rootfs"]["diff_ids"], blobs)
        return Part(_plain(config), tuple(layers))
    except (ValueError, KeyError, TypeError) as error:
        raise ImageInvalid(f"{target.called(image.digest)} is not an environment: {error!r}.") from error


def _build(target: Target, build: Build, stage: str, base: Sequence[str], *arguments: str) -> Part:
    """Build a stage of the Dockerfile, and upload its layers."""
    with TemporaryDirectory(prefix="rnd-image-") as folder:
        file = Path(folder, "image.tar")
        _run(target, build, f"--target={stage}", f"--save={file}", *arguments)
        with open_archive(file) as archive:
            if archive.diff_ids[: len(base)] != list(base):
                raise ImageInvalid(f"The lowest layers of the stage {stage} are not those of its base image.")
            layers = [
                _upload_layer(target, archive, number, Path(folder, "layer"), exact=number < len(base))
                for number in range(len(archive.layers))
            ]
            return Part(_plain(archive.config), tuple(layer for layer in layers if layer))


def _run(target: Target, build: Build, *arguments: str) -> list[str]:
    inputs = build.inputs
    given = (
        *(f"--tag={inputs.project}:build", f"--version={inputs.version}"),
        *(f"--sha256={digest}" for digest in sorted(inputs.wheels.values())),
    )
    return run_script(build.root, [*arguments, *given, *build.arguments], target.registry, build.variables)


def _upload_layer(target: Target, archive: Archive, number: int, path: Path, *, exact: bool) -> Layer | None:
    """Upload a layer of an archive; None if it holds nothing."""
    source = archive.diff_ids[number]
    known = recall(source, exact=exact)
    if known is not None and target.registry.has_blob(target.name, known.blob):
        return known
    with archive.layer(number) as content:
        if not exact and not has_entries(content):
            return None
        layer = write_layer(content, path, exact=exact)
    target.registry.put_blob(target.name, layer.blob, partial(_chunks, path))
    remember(source, layer, exact=exact)
    return layer


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            yield data


def _plain(config: Config) -> Config:
    """Return a configuration without what depends on the layers, the commit or the builder."""
    given = {name: value for name in SETTINGS if (value := config.get("config", {}).get(name))}
    if "Env" in given:  # each name is there once; builders differ in the order
        given["Env"] = sorted(given["Env"])
    labels = {
        name: value
        for name, value in given.get("Labels", {}).items()
        if name not in OF_COMMIT and not name.startswith(OF_BUILDER)
    }
    platform = {name: config[name] for name in PLATFORM if config.get(name)}
    return {**platform, "config": {**given, "Labels": labels}}


def _upload(target: Target, part: Part, labels: Mapping[str, str]) -> Image:
    """Upload the configuration of an image whose layers the registry has; return the image with its manifest."""
    config: dict[str, Any] = {
        **part.config,
        "config": {**part.config["config"], "Labels": {**part.config["config"]["Labels"], **labels}},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in part.layers]},
    }
    if created := labels.get(f"{ANNOTATION}created"):
        config["created"] = created
    content = _encode(config)
    described = Blob(digest_of(content), len(content))
    target.registry.put_blob(target.name, described, lambda: iter([content]))
    manifest = _encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _describe(CONFIG, described),
            "layers": [_describe(LAYER, layer.blob) for layer in part.layers],
        }
    )
    return Image(digest_of(manifest), MANIFEST, manifest, config["config"]["Labels"])


def _describe(kind: str, blob: Blob) -> dict[str, Any]:
    return {"mediaType": kind, "digest": blob.digest, "size": blob.size}


def _encode(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
