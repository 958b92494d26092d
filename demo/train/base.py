"""``python -m demo.train base``: data, VAE, CLIP, UNet as separate, resumable stages, then the pipeline folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPModel, CLIPTokenizer

from demo.errors import WeightsError
from demo.files import write_tensors
from demo.models.bases import BUNDLED
from demo.paths import WEIGHTS
from demo.train import clip, data, decoder, unet, vae
from demo.train.data import Faces

SHIPPED = WEIGHTS / BUNDLED
UNMEASURED = 1.0  # diffusers' default scaling factor, of an autoencoder with a new code
NEAR = 0.1  # of a code's length: how far the same picture's may be, whose pixels were shrunk in another way
DECODER = "decoder.safetensors"
SHARD = "9MB"  # the Hub takes larger files only through large-file storage


def run_data(faces: Path, work: Path) -> None:
    """Stage ``data``."""
    table = data.build(faces, work).table
    print(f"data: {len(table)} pictures, {table['name'].nunique()} people", flush=True)


def run_vae(work: Path) -> None:
    """Stage ``vae``: a new code, where there is none yet. One that is there stays: everything else is trained on it."""
    if not model_folder(work, "vae").exists():
        vae.new_autoencoder(data.load(work).pixels).save_pretrained(work / "vae" / "model")


def run_clip(work: Path, pictures: int, device: str) -> None:
    """Stage ``clip``: without a check-point it goes on from the towers and the vocabulary that are there."""
    folder, start = model_folder(work, "clip"), None
    if is_fresh(work, "clip") and folder.exists():
        start = (
            CLIPModel.from_pretrained(folder, dtype=torch.float32),
            CLIPTokenizer.from_pretrained(folder),
        )
    model, tokenizer = clip.train(data.load(work), work=work, pictures=pictures, device=device, start=start)
    model.save_pretrained(work / "clip" / "model")
    tokenizer.save_pretrained(work / "clip" / "model")


def model_folder(work: Path, part: str) -> Path:
    """Where a stage's model lies: in ``work``, or what the project ships, so that a fresh machine can carry on."""
    own = work / part / "model"
    return own if own.exists() else SHIPPED / part


def is_fresh(work: Path, part: str) -> bool:
    """Whether a stage has no check-point yet."""
    return not (work / part / "checkpoint.safetensors").exists()


def cached_latents(faces: Faces, autoencoder: AutoencoderTiny, work: Path, device: str) -> Tensor:
    """Unscaled latents of the pictures and of their mirror images, (2, n, c, 8, 8), fp16; made once for a data set."""
    path, source = work / "unet" / "latents.safetensors", work / "faces64.npy"
    if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
        mirrored = replace(faces, pixels=np.ascontiguousarray(faces.pixels[:, :, ::-1]))
        both = torch.stack([vae.encode(autoencoder, part, device=device) for part in (faces, mirrored)])
        write_tensors(path, {"latents": both})
    return load_file(path)["latents"]


def curriculum(work: Path, device: str, **how: float) -> unet.Curriculum:
    """What the UNet learns from: pictures, latents, and the text tower; the scale of the latents is measured once.

    Args:
        how: how errors count, see :class:`demo.train.unet.Curriculum`.
    """
    faces = data.load(work)
    autoencoder = AutoencoderTiny.from_pretrained(model_folder(work, "vae"), dtype=torch.float32)
    latents = cached_latents(faces, autoencoder, work, device)
    scale = float(autoencoder.config.scaling_factor)
    if scale == UNMEASURED:
        scale = 1 / float(latents[0, ::7].float().square().mean().sqrt())
        autoencoder.register_to_config(scaling_factor=scale)
        autoencoder.save_pretrained(work / "vae" / "model")
    model = CLIPModel.from_pretrained(model_folder(work, "clip"), dtype=torch.float32)
    tokenizer = CLIPTokenizer.from_pretrained(model_folder(work, "clip"))
    return unet.Curriculum(faces, latents.float().mul(scale).half(), clip.text_half(model), tokenizer, **how)


def run_unet(work: Path, pictures: int, device: str, *, start: Path | None = None, seen: int = 0, **how: float) -> None:
    """Stage ``unet``, at a constant rate.

    Args:
        start: a file of weights to begin from where there is no check-point.
        seen: pictures that they have seen, if the file does not say so itself.
        how: see :func:`curriculum`.
    """
    weights = None
    if is_fresh(work, "unet") and start is not None:
        weights = unet.new_unet(vae.CHANNELS)
        weights.load_state_dict({name: tensor.float() for name, tensor in load_file(start).items()})
    taught = curriculum(work, device, **how)
    trained = unet.train(taught, work=work, pictures=pictures, device=device, start=weights, seen=seen)
    trained.save_pretrained(work / "unet" / "average")


def run_decoder(
    work: Path, pictures: int, device: str, *, faces: Path, start: Path | None = None, seen: int = 0, **how: float
) -> None:
    """Stage ``decoder``: 128 pixels from the code of the autoencoder that is there.

    Args:
        start: a file of a decoder's weights to begin from where there is no check-point.
        seen: pictures that they have seen.
        how: see :class:`demo.train.decoder.Weights`.
    """
    weights = None
    if is_fresh(work, "decoder") and start is not None:
        weights = decoder.read_decoder(start).train()
    code = AutoencoderTiny.from_pretrained(model_folder(work, "vae"), dtype=torch.float32)
    latents = cached_latents(data.load(work), code, work, device)
    photos = decoder.Pictures.of(faces)
    _check_pairs(photos, latents, code)
    trained = decoder.train(
        photos,
        latents,
        work=work,
        total=pictures,
        weights=decoder.Weights(**how),
        device=device,
        start=weights,
        seen=seen,
    )
    write_tensors(work / "decoder" / DECODER, dict(trained.state_dict()))


def _check_pairs(pictures: decoder.Pictures, latents: Tensor, code: AutoencoderTiny) -> None:
    """Raise a WeightsError if latents are of other pictures, such as of another ``--faces``: the last one is tried."""
    last = len(pictures) - 1
    same = latents.shape[1] == len(pictures)
    if same:
        small = torch.nn.functional.avg_pool2d(pictures[[last]], 2)
        own, other = vae.code_of(code, small)[0], latents[0, last].float()
        same = float((own - other).norm() / other.norm()) < NEAR
    if not same:
        raise WeightsError(
            "The latents in --work are not of the pictures in --faces.", "Make both anew: add --stage data."
        )


def run_cool(work: Path, pictures: int, device: str, **how: float) -> None:
    """Stage ``cool``: lower the rate to nothing in a copy; the result is what ``assemble`` takes."""
    unet.cool(curriculum(work, device, **how), work=work, pictures=pictures, device=device).save_pretrained(
        work / "unet" / "model"
    )


def assemble(work: Path, out: Path = SHIPPED) -> None:
    """Write the pipeline folder and the bundled CLIP, fp16, in shards.

    Raises:
        WeightsError: the scale of the latents was never measured.
    """
    autoencoder = AutoencoderTiny.from_pretrained(model_folder(work, "vae"), dtype=torch.float32)
    trained = work / "decoder" / DECODER
    if trained.exists():
        autoencoder = decoder.autoencoder(decoder.read_decoder(trained), autoencoder)
    if autoencoder.config.scaling_factor == UNMEASURED:
        raise WeightsError(
            f"The autoencoder in {work} has no scale of its latents.",
            "Measure it: python -m demo.train base --stage unet",
        )
    model = CLIPModel.from_pretrained(model_folder(work, "clip"), dtype=torch.float32)
    tokenizer = CLIPTokenizer.from_pretrained(model_folder(work, "clip"))
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=clip.text_half(model),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel.from_pretrained(model_folder(work, "unet")),
        scheduler=unet.new_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(torch.float16)
    pipeline.save_pretrained(out, max_shard_size=SHARD)
    model.half().save_pretrained(out / "clip", max_shard_size=SHARD)
    tokenizer.save_pretrained(out / "clip")
    clip.image_processor().save_pretrained(out / "clip")
    print(f"base: written to {out}", flush=True)


__all__ = ["assemble", "run_clip", "run_cool", "run_data", "run_decoder", "run_unet", "run_vae"]
