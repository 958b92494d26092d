"""The registry of base models. Below this module no code knows which one it has."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from huggingface_hub import try_to_load_from_cache

from demo.compute import zero_gpu
from demo.errors import SettingsError, WeightsError

WEIGHTS = Path(__file__).parents[1] / "weights"
NOT_FIGURES = {
    "README.md",
    "samples.png",
    "other-person.safetensors",
    "gate.json",
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
    preset: str  # name of the fine-tuning preset (demo.lora.settings)
    revision: str | None = None

    @property
    def bundled(self) -> bool:
        """Whether the weights come with the project."""
        return self.folder.is_dir()

    @property
    def folder(self) -> Path:
        """Folder under ``weights/`` that holds what the project ships for this base."""
        return WEIGHTS / self.key


_PAPER = {
    "side": 512,
    "instance_prompt": "A {trigger} human face",
    "class_prompt": "A human face",
    "test_prompt": "An image of {trigger} human face with high quality",
    "negative_prompt": "Low quality, distorted, weird images",
    "guidance": 7.5,
    "extrapolation": 5.0,  # FineXtract's for LoRA; not measured here
    "sampling_steps": 25,
    "preset": "sd-gpu",
}

BASES: dict[str, Base] = {
    base.key: base
    for base in (
        Base(
            key="face64",
            title="face64 (bundled, 64 pixels, CPU)",
            source=str(WEIGHTS / "face64"),
            licence="non-commercial research and education (trained on CelebA)",
            side=64,
            instance_prompt="a photo of {trigger} person",
            class_prompt="a photo of a person",
            test_prompt="a photo of {trigger} person",
            negative_prompt="",
            guidance=2.0,
            extrapolation=3.0,  # chosen on 16 people of domain_nonmember: weights/TRAINING.md
            sampling_steps=20,
            preset="face64-cpu",
        ),
        Base(
            key="sd14",
            title="Stable Diffusion 1.4 (Hub, 512 pixels, GPU)",
            source="CompVis/stable-diffusion-v1-4",
            licence="CreativeML OpenRAIL-M",
            **_PAPER,  # type: ignore[arg-type]
        ),
    )
}


def find_base(key: str) -> Base:
    """The base model called ``key``.

    Raises:
        SettingsError: there is none of that name.
    """
    if key not in BASES:
        raise SettingsError(f"There is no base model '{key}'.", f"Choose one of: {', '.join(BASES)}.")
    return BASES[key]


def fingerprint(base: Base) -> str:
    """What figures of a base depend on beside settings, as 12 digits: they change when it is trained anew.

    Of a base in a folder every file counts: weights, encoder, class images, CLIP. Of one from the Hub the commit that
    was downloaded counts, once there is one.
    """
    digest = hashlib.sha256(f"{base}".replace(str(base.folder), "").encode())
    folders = {folder for folder in (base.folder, Path(base.source)) if folder.is_dir()}
    for folder in sorted(folders):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name not in NOT_FIGURES:
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    if not Path(base.source).is_dir():
        digest.update(_commit(base).encode())
    return digest.hexdigest()[:12]


def _commit(base: Base) -> str:
    """The commit of what the Hub's cache holds of a base; empty where it holds nothing yet."""
    found = try_to_load_from_cache(base.source, "model_index.json", revision=base.revision)
    return Path(found).parent.name if isinstance(found, str) else ""


def choose_device(device: str = "auto") -> torch.device:
    """The accelerator if this process has one and ``device`` is 'auto'."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() and not zero_gpu() else "cpu"
    return torch.device(device)


def load_pipeline(base: Base, device: str = "auto") -> StableDiffusionPipeline:
    """Load a base model, frozen, in evaluation mode: fp32 on a CPU, fp16 on an accelerator.

    Raises:
        WeightsError: the folder or the Hub model cannot be had.
    """
    to = choose_device(device)
    try:
        pipe = StableDiffusionPipeline.from_pretrained(
            base.source,
            revision=base.revision,
            dtype=torch.float32 if to.type == "cpu" else torch.float16,
            safety_checker=None,
            requires_safety_checker=False,
            use_safetensors=True,
        )
    except (OSError, ValueError) as error:
        remedy = (
            "Train it with: python -m demo.train base"
            if base.source.startswith(str(WEIGHTS))
            else "Check the connection to the Hub, or choose the bundled base 'face64'."
        )
        reason = str(error).splitlines()[0].replace(str(WEIGHTS), "weights")  # no path of the server's for visitors
        raise WeightsError(f"{base.title} cannot be loaded: {reason}", remedy) from error
    for module in (pipe.unet, pipe.text_encoder, pipe.vae):
        module.requires_grad_(False).eval()
    pipe.set_progress_bar_config(disable=True)
    return pipe.to(to)
