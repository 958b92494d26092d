"""Which weights figures and files belong to, in a few digits."""

from __future__ import annotations

import hashlib
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from demo.models.bases import ENCODER, EXAMPLE, Base

TRAINED_ON = ("unet", "text_encoder")  # of a base, by LoRAs and weight encoders
AGREEMENT = "agreement.json"  # how often verdicts agree, measured with the weights
NOT_FIGURES = {
    AGREEMENT,
    "README.md",
    "samples.png",
    "story.webp",
    "other-person.safetensors",
    "gate.json",
    "manifest.json",
    "photo-count.safetensors",
    EXAMPLE,
}  # files of a base that no figure depends on


def fingerprint(base: Base, *, encoder: bool = True) -> str:
    """What figures of a base depend on beside settings, as 12 digits: they change when it is trained anew.

    Of a base in a folder every file counts: weights, encoder, class images, CLIP. Of one from the Hub the commit that
    was downloaded counts, once there is one.

    Args:
        encoder: whether its weight encoder counts; False for what that has no part in.
    """
    apart = NOT_FIGURES if encoder else NOT_FIGURES | {ENCODER}
    said = f"{base}".replace(str(base.folder), "")
    if base.tau != 1:  # no part of a base's repr, which LoRAs and encoders are known by: they do not depend on it
        said += f" tau={base.tau}"
    if base.own_folder:
        said = said.replace(base.key, "")  # which has the files' dates in it
    digest = hashlib.sha256(said.encode())
    folders = {folder for folder in (base.folder, Path(base.source)) if folder.is_dir()}
    for folder in sorted(folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in apart:
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    if not Path(base.source).is_dir():
        digest.update(_commit(base).encode())
    return digest.hexdigest()[:12]


def _commit(base: Base) -> str:
    """The commit of what the Hub's cache holds of a base; empty where it holds nothing yet."""
    found = try_to_load_from_cache(base.source, "model_index.json", revision=base.revision)
    return Path(found).parent.name if isinstance(found, str) else ""


def downloaded(base: Base) -> bool:
    """Whether loading needs no download, as far as one file tells."""
    return Path(base.source).is_dir() or bool(_commit(base))


def weights_digest(base: Base) -> str:
    """12 digits of what LoRAs and encoders are trained on, UNet and text encoder: of their files, or of the commit."""
    folder, found = Path(base.source), hashlib.sha256()
    if not folder.is_dir():
        found.update(f"{base.source} {base.revision}".encode())
        return found.hexdigest()[:12]
    for path in sorted(path for part in TRAINED_ON for path in (folder / part).rglob("*") if path.is_file()):
        found.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:12]
