"""Which weight encoders may be loaded: ``manifest.json`` names each with its checksum. No checksum, no load.

``weights/manifest.json`` stands for all encoders of the project, those on the Hub too; elsewhere a ``manifest.json``
beside the encoder does.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from huggingface_hub import hf_hub_download
from pydantic import Field, ValidationError

from demo import paths
from demo.errors import WeightsError
from demo.files import write_text
from demo.models.offline import offline
from demo.settings import Settings

MANIFEST = "manifest.json"
Download = Callable[..., str]


class ManifestEntry(Settings):
    """One encoder."""

    file: str  # relative to the manifest; the same in the Hub's repository
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    repo: str | None = None  # USER/REPO on the Hub; None: not there
    revision: str | None = Field(None, pattern=r"^[0-9a-f]{40}$")  # a commit: branches and tags can move


class Manifest(Settings):
    """Entries by the base's key (or any name where the manifest is a folder's own)."""

    format: Literal[1] = 1
    encoders: dict[str, ManifestEntry] = Field(default_factory=dict)


def manifest_path(encoder: Path) -> Path:
    """The manifest that stands for an encoder's place."""
    encoder = encoder.absolute()
    return (paths.WEIGHTS if encoder.is_relative_to(paths.WEIGHTS.absolute()) else encoder.parent) / MANIFEST


def read(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        WeightsError: there is none, or it is damaged.
    """
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise WeightsError(
            f"There is no {path.name} in {path.parent.name}: weight encoders are loaded by checksum only.",
            "Take the encoder together with its manifest, or train one with: python -m demo.train encoder",
        ) from error
    except (OSError, ValidationError) as error:
        raise WeightsError(
            f"{path.name} in {path.parent.name} cannot be read.", "Restore it from where the weights came from."
        ) from error


def checksum(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(encoder: Path, key: str, *, repo: str | None = None, revision: str | None = None) -> ManifestEntry:
    """Put an encoder into the manifest of its place; other entries stay.

    Args:
        key: of its base.
        repo, revision: where it was published, if it was.

    Raises:
        WeightsError: the manifest is damaged.
        OutputError: it cannot be written.
    """
    path = manifest_path(encoder)
    known = read(path).encoders if path.exists() else {}
    entry = ManifestEntry(
        file=_relative(encoder, path),
        sha256=checksum(encoder),
        bytes=encoder.stat().st_size,
        repo=repo,
        revision=revision,
    )
    others = {name: other for name, other in known.items() if other.file != entry.file}
    name = key if key not in others else f"{key} {encoder.name}"  # a second encoder of one base
    written = Manifest(encoders=dict(sorted((others | {name: entry}).items())))
    write_text(path, json.dumps(written.model_dump(), indent=1) + "\n")
    return entry


def entry_of(encoder: Path) -> ManifestEntry:
    """The entry of an encoder, whether the file is there or not.

    Raises:
        WeightsError: it is not listed.
    """
    path = manifest_path(encoder)
    if not path.exists() and not encoder.exists():
        raise _absent(encoder)
    name = _relative(encoder, path)
    for entry in read(path).encoders.values():
        if entry.file == name:
            return entry
    if not encoder.exists():
        raise _absent(encoder)
    raise WeightsError(
        f"{path.name} in {path.parent.name} does not list {name}: weight encoders are loaded by checksum only.",
        "Take the manifest of whoever trained the encoder, or train one with: python -m demo.train encoder",
    )


def published(encoder: Path) -> bool:
    """Whether the manifest says where on the Hub an encoder is.

    Raises:
        WeightsError: the manifest is damaged.
    """
    path = manifest_path(encoder)
    if not path.exists():
        return False
    name = _relative(encoder, path)
    return any(entry.file == name and entry.repo is not None for entry in read(path).encoders.values())


def verify(path: Path, entry: ManifestEntry) -> None:
    """Hold a file against its entry.

    Raises:
        WeightsError: it is another file.
    """
    if path.stat().st_size == entry.bytes and checksum(path) == entry.sha256:
        return
    raise WeightsError(
        f"{entry.file} is not the file that {MANIFEST} lists: it is damaged or was replaced.",
        f"Delete it and fetch it again, or restore both from where they came from (sha256 {entry.sha256}).",
    )


def verified(encoder: Path, *, download: Download = hf_hub_download) -> Path:
    """The encoder at a path, fetched from the Hub first if it is missing and its entry says from where.

    Raises:
        WeightsError: it is not there and cannot be fetched, is not listed, or is not the file that is listed.
    """
    entry = entry_of(encoder)
    if encoder.exists():
        verify(encoder, entry)
    elif entry.repo is None:
        raise _absent(encoder)
    else:
        _fetch(entry, encoder, download)
    return encoder


def _fetch(entry: ManifestEntry, to: Path, download: Download) -> None:
    """Download to a temporary folder beside ``to``, verify, rename."""
    if (switched_off := offline()) is not None:
        raise WeightsError(
            f"{entry.file} would have to be fetched from {entry.repo}, and {switched_off} forbids downloads.",
            f"Unset {switched_off}, or put the file there by hand.",
        )
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".part-") as folder:
            try:
                name = download(repo_id=entry.repo, filename=entry.file, revision=entry.revision, local_dir=folder)
            except Exception as error:  # huggingface_hub and httpx each raise their own
                raise WeightsError(
                    f"{entry.file} cannot be fetched from {entry.repo}: {' '.join(str(error).split())[:200]}",
                    "Check the connection to the Hub and that the repository exists and is open to you.",
                ) from error
            verify(Path(name), entry)
            Path(name).replace(to)
    except OSError as error:
        raise WeightsError(
            f"{entry.file} cannot be stored: {error.strerror or error}.", "Make the folder of the weights writable."
        ) from error


def _relative(encoder: Path, manifest: Path) -> str:
    return encoder.absolute().relative_to(manifest.parent.absolute()).as_posix()


def _absent(encoder: Path) -> WeightsError:
    return WeightsError(
        f"There is no weight encoder for this base ({encoder.name} in {encoder.parent.name}).",
        "Choose an attack that needs none (the guessed trigger), or train one with: python -m demo.train encoder",
    )
