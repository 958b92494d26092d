"""The pre-flight: an estimate of a job, and a refusal with what to do instead."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock

import torch
from huggingface_hub.constants import HF_HUB_CACHE

from demo.errors import PreflightError
from demo.finetune.class_images import BATCH, stored
from demo.finetune.settings import LoraSettings, find_preset
from demo.hardware.devices import Device, Placement, choose_device, choose_dtype, choose_placement, find_device
from demo.hardware.zero_gpu import lent, zero_gpu
from demo.models.architectures import Architecture
from demo.models.bases import BUNDLED, Base
from demo.models.fingerprints import downloaded
from demo.models.load import architecture_of
from demo.models.sampling import AT_ONCE
from demo.preflight.cost import NOTHING, Cost, Dry
from demo.preflight.probe import Speed, measure

LONGEST_H = 12.0  # hours; a job beyond is refused
GUIDED = 2  # rows of the UNet for one picture
CONTEXT = 1.0e9  # bytes that an accelerator's libraries take for themselves
SLACK = 1.2  # of an accelerator's memory: what its allocator cannot use
CARDS = (4, 6, 8, 10, 12, 16, 24, 32, 40, 48, 80, 96)  # GB, usual sizes of a GPU's memory

_dries: dict[str, Dry] = {}
_lock = RLock()


@dataclass(frozen=True)
class Estimate:
    """Of a job on a device. Bytes and seconds are estimates; downloads take as long as the connection does."""

    job: str
    device: Device
    parameters: int  # of the base
    weights: float  # bytes
    memory: float  # bytes at the peak, weights included
    seconds: float
    download: float  # bytes; 0 where the base is on this machine
    placement: Placement = "whole"

    @property
    def sentence(self) -> str:
        """For people."""
        where = f"on {self.device.name}" if self.device.kind != "cpu" else f"on {_cores(self.device)}"
        fetched = f", after a download of {gigabytes(self.download)}" if self.download else ""
        needed = f"about {duration(self.seconds)} and {gigabytes(self.memory)} of memory"
        return f"Estimate: {self.job} takes at least {needed} {where}{fetched}."

    @property
    def card(self) -> int:
        """GB of the smallest usual GPU that would do."""
        live, weights = self.memory - self.weights, self.weights
        if self.device.kind == "cpu":  # 32-bit numbers there, 16-bit ones on a GPU
            live, weights = CONTEXT + SLACK * live / 2, weights / 2
        return next((size for size in CARDS if live + weights <= 0.95e9 * size), CARDS[-1])


def estimate_tuning(
    base: Base, settings: LoraSettings | None = None, *, device: Device | None = None, speed: Speed | None = None
) -> Estimate:
    """Fine-tuning, with the class images that are still to be drawn and the live samples. Defences are not counted.

    Time: operations, memory traffic and calls, counted on the meta device (:mod:`demo.preflight.cost`), over what
    this device was measured to do in a second (:mod:`demo.preflight.probe`).

    Raises:
        WeightsError: the base's configuration cannot be had.
    """
    settings = settings or find_preset(base.preset)
    device = device or find_device()
    dry = dry_of(architecture_of(base), choose_dtype(device))
    step = dry.step(settings)
    prior = settings.class_images if settings.prior_weight and not stored(base, settings.class_images) else 0
    samples = (settings.steps - 1) // settings.sample_every if settings.sample_every else 0
    tuned = step * settings.steps
    decoded = BATCH if device.kind == "cpu" else 1  # a GPU too small for more decodes one by one
    work = drawn(dry, prior, BATCH, base.sampling_steps, decoded)
    work += drawn(dry, samples, 1, max(8, base.sampling_steps // 2))
    return estimated("fine-tuning", base, dry, device, speed, tuned + work)


def estimate_drawing(
    base: Base,
    pictures: int,
    *,
    steps: int | None = None,
    precise: bool = False,
    device: Device | None = None,
    speed: Speed | None = None,
) -> Estimate:
    """Drawing pictures, as an attack does.

    Args:
        precise: in fp32 on an accelerator, too.

    Raises:
        WeightsError: the base's configuration cannot be had.
    """
    device = device or find_device()
    dry = dry_of(architecture_of(base), torch.float32 if precise else choose_dtype(device))
    on_cpu = device.kind == "cpu"
    at_once, decoded = (pictures, pictures) if on_cpu else (AT_ONCE, 1)
    work = drawn(dry, pictures, at_once, steps or base.sampling_steps, decoded)
    found = estimated("drawing", base, dry, device, speed, work)
    live = found.memory - found.weights
    if choose_placement(device, found.weights, live) == "whole":
        return found
    largest = max(_bytes(module) for module in (dry.unet, dry.text_encoder, dry.vae))
    return replace(found, placement="offloaded", memory=largest + live)  # one model alone, and what it works on


def check(estimate: Estimate, base: Base) -> Estimate:
    """The estimate, if the job can be done.

    Raises:
        PreflightError: too little memory or disk, or more than :data:`LONGEST_H` hours.
    """
    device = estimate.device
    job = f"{estimate.job.capitalize()} with {base.title}"
    gpu = f"Choose the bundled base '{BUNDLED}', or a machine with a GPU of {estimate.card} GB"
    if estimate.memory > device.free:
        what = "RAM" if device.kind == "cpu" else f"memory of {device.name}"
        raise PreflightError(
            f"{job} would take about {gigabytes(estimate.memory)} of {what} (estimated); {gigabytes(device.free)} are "
            "free.",
            f"{gpu}, or free memory.",
        )
    if estimate.download > (room := free_disk()):
        raise PreflightError(
            f"{base.title} is a download of {gigabytes(estimate.download)}; {gigabytes(room)} are free on the disk.",
            f"Make room in the Hub's cache (HF_HOME), or choose the bundled base '{BUNDLED}'.",
        )
    if estimate.seconds > LONGEST_H * 3600:
        where = device.name if device.kind != "cpu" else f"{_cores(device)} without a GPU"
        raise PreflightError(
            f"{job} would take about {duration(estimate.seconds)} on {where} (estimated).",
            f"{gpu}, or set fewer steps.",
        )
    return estimate


def check_tuning(base: Base, settings: LoraSettings | None = None, *, held: float = 0.0) -> None:
    """Refuse a fine-tuning that this machine cannot do. Not examined: bundled bases, which fit any machine, and
    ZeroGPU's, which is not here yet.

    Args:
        held: bytes in use that are the job's own or go before it begins (:func:`demo.workflow.pipeline_cache.held`).

    Raises:
        PreflightError: see :func:`check`; or the models would have to lie in the CPU's memory, where none is trained.
    """
    if base.bundled or zero_gpu():
        return
    device = _with(held)
    check(estimate_tuning(base, settings, device=device), base)
    _check_whole(estimate_drawing(base, AT_ONCE, device=device), base)


def check_drawing(base: Base, pictures: int, steps: int | None = None, *, held: float = 0.0) -> None:
    """Refuse a drawing that this machine cannot do. Not examined: bundled bases, which fit any machine, and
    ZeroGPU's, which is not here yet.

    Args:
        held: see :func:`check_tuning`.

    Raises:
        PreflightError: see :func:`check`.
    """
    if not base.bundled and not zero_gpu():
        check(estimate_drawing(base, pictures, steps=steps, device=_with(held)), base)


def placement_for(base: Base, device: str = "auto", *, precise: bool = False, whole: bool = False) -> Placement:
    """How to lay out a base's pipeline for drawing on this machine.

    Args:
        whole: it is to be trained, too, for which all of it has to be on the device.

    Raises:
        PreflightError: it does not fit however it is laid out; or not whole where that is asked for.
    """
    if base.bundled or lent() or choose_device(device).type == "cpu":
        return "whole"
    found = check(estimate_drawing(base, AT_ONCE, precise=precise, device=find_device(device)), base)
    if whole:
        _check_whole(found, base)
    return found.placement


def _check_whole(drawing: Estimate, base: Base) -> None:
    """Refuse to train what would be laid out in the CPU's memory."""
    device = drawing.device
    if drawing.placement == "offloaded":
        raise PreflightError(
            f"Training needs the whole of {base.title} in the memory of {device.name}; {gigabytes(device.free)} are "
            "free.",
            f"Choose the bundled base '{BUNDLED}', or a machine with a GPU of {drawing.card} GB, or free memory.",
        )


def dry_of(architecture: Architecture, dtype: torch.dtype) -> Dry:
    """The models on the meta device, built once for each architecture and type."""
    key = f"{architecture} {dtype}"
    with _lock:
        if key not in _dries:
            _dries[key] = Dry(architecture, dtype)
        return _dries[key]


def free_disk() -> float:
    """Bytes free where the Hub's cache lies."""
    place = Path(HF_HUB_CACHE).expanduser()
    while not place.exists():
        place = place.parent
    return float(shutil.disk_usage(place).free)


def gigabytes(size: float) -> str:
    """Such as '0.3 GB', '12 GB'."""
    return f"{size / 1e9:.0f} GB" if size >= 9.95e9 else f"{max(size / 1e9, 0.1):.1f} GB"


def duration(seconds: float) -> str:
    """Such as '40 s', '12 min', '1.5 h'."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.3g} h"


def drawn(dry: Dry, pictures: int, at_once: int, steps: int, decoded: int | None = None) -> Cost:
    """Of so many pictures, ``at_once`` in a batch, decoded ``decoded`` at a time (by default as many)."""
    if not pictures:
        return NOTHING
    at_once = min(at_once, pictures)
    decoded = min(decoded or at_once, at_once)
    return dry.denoise(GUIDED * at_once) * (steps * pictures / at_once) + dry.decode(decoded) * (pictures / decoded)


def estimated(job: str, base: Base, dry: Dry, device: Device, speed: Speed | None, cost: Cost) -> Estimate:
    """Of some work with a base's models on a device."""
    speed = speed or measure(torch.device(device.kind), dry.dtype)
    return Estimate(
        job=job,
        device=device,
        parameters=dry.parameters,
        weights=dry.weights,
        memory=dry.weights + _held(device, cost.peak),
        seconds=speed.seconds(cost),
        download=0.0 if downloaded(base) else 4.0 * dry.parameters,  # the Hub's files hold 32-bit numbers
    )


def _with(held: float) -> Device:
    """This machine's device, as if what is held were free."""
    device = find_device()
    return replace(device, free=device.free + held)


def _held(device: Device, live: float) -> float:
    return live if device.kind == "cpu" else CONTEXT + SLACK * live


def _bytes(module: torch.nn.Module) -> float:
    return float(sum(parameter.numel() * parameter.element_size() for parameter in module.parameters()))


def _cores(device: Device) -> str:
    return f"{device.cores} CPU core{'' if device.cores == 1 else 's'}"


def told(base: Base, settings: LoraSettings, *, held: float = 0.0) -> str:
    """For people, before they begin: the estimate of fine-tuning, or why it would be refused.

    Nothing on ZeroGPU, whose GPU is not here to be measured; nothing for a bundled base. Its steps are so small that
    what surrounds the arithmetic takes longer (44 s where 16 s were reckoned), and its first ones tell within seconds.

    Args:
        held: see :func:`check_tuning`.
    """
    if base.bundled or zero_gpu():
        return ""
    try:
        return check(estimate_tuning(base, settings, device=_with(held)), base).sentence
    except PreflightError as error:
        return str(error)
