"""``python -m demo.evaluate base``: is the bundled model good enough to stand on?"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.faces import recognise
from demo.faces.faces128 import FACES128, decode, read_split
from demo.metrics.clip import MINI, embed_images
from demo.metrics.face_found import shows_face
from demo.models.bases import Base
from demo.models.planted import people_listing
from demo.models.sampling import draw_prompt, encode_pictures
from demo.paths import PEOPLE
from demo.stats.frechet import frechet_ci
from demo.stats.intervals import auc, bootstrap_mean_ci

BLOCKS = 20  # of a base's pictures, for the interval of their Frechet distance


def sample_class(pipe: StableDiffusionPipeline, base: Base, count: int, seed: int = 0) -> list[Image.Image]:
    """``count`` pictures of the class prompt."""
    pictures: list[Image.Image] = []
    while len(pictures) < count:
        pictures += draw_prompt(
            pipe, base, base.class_prompt, min(16, count - len(pictures)), seed=seed + len(pictures)
        )
    return pictures


def face_rate(pictures: list[Image.Image]) -> float:
    """Share of pictures in which MTCNN finds a face (seen at 256 pixels)."""
    return float(np.mean([shows_face(picture) for picture in pictures]))


def _shrunk(photo: Image.Image, side: int) -> Image.Image:
    return photo.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)


def autoencoder_identity(pipe: StableDiffusionPipeline, count: int = 500, folder: Path = FACES128) -> dict[str, float]:
    """dlib distance between held-out photos at the base's own size and the same decoded from their latents."""
    table = read_split(folder, "private")
    table = table.iloc[:: max(1, len(table) // count)].head(count)
    side = pipe.unet.config.sample_size * pipe.vae_scale_factor
    photos = [_shrunk(Image.open(io.BytesIO(blob)), side) for blob in table["image"]]
    decoded: list[Image.Image] = []
    with torch.no_grad():
        for i in range(0, len(photos), 50):
            z = encode_pictures(pipe, photos[i : i + 50]) / pipe.vae.config.scaling_factor
            x = pipe.vae.decode(z.to(pipe.vae.device, pipe.vae.dtype)).sample
            decoded += pipe.image_processor.postprocess(x, output_type="pil")
    gaps = np.linalg.norm(recognise.embed(photos) - recognise.embed(decoded), axis=1)
    interval = bootstrap_mean_ci(gaps)
    return {"mean": interval.estimate, "low": interval.low, "high": interval.high, "faces": float(len(gaps))}


def named_members(
    pipe: StableDiffusionPipeline, base: Base, each: int = 4, people: int | None = None
) -> dict[str, float]:
    """Are planted people drawn by their names closer to themselves than to each other?

    Returns:
        mean distance of pictures drawn with the name to the person's own pictures, to the others', and the
        share of people whose own pictures are the nearest of all.
    """
    listing = people_listing(PEOPLE)["planted"][:people]
    photos = []
    for person in listing:
        files = [PEOPLE / person["folder"] / f"{i:02d}.webp" for i in range(person["pictures"])]
        small = [_shrunk(Image.open(f), base.side) for f in files[::3]]
        photos.append(recognise.embed(small).mean(0))
    table = np.zeros((len(listing), len(listing)))
    for i, person in enumerate(listing):
        drawn = draw_prompt(pipe, base, f"a photo of {person['name']}", each, seed=i)
        table[i] = recognise.distances(recognise.embed(drawn), np.array(photos)).mean(0)
    own = np.diag(table)
    others = (table.sum(1) - own) / (len(table) - 1)
    gap = bootstrap_mean_ci(others - own)
    ranks = (table <= own[:, None]).sum(1)
    return {
        "own": float(own.mean()),
        "others": float(others.mean()),
        "gap": gap.estimate,
        "gap_low": gap.low,
        "gap_high": gap.high,
        "nearest_is_self": float((ranks == 1).mean()),
        "median_rank": float(np.median(ranks)),
        "people": float(len(table)),
    }


PAIRS = {  # attribute -> a caption that fits, one that does not
    "male": ("a photo of a man", "a photo of a woman"),
    "blond_hair": ("a photo of a person, with blond hair", "a photo of a person, with black hair"),
    "eyeglasses": ("a photo of a person, wearing eyeglasses", "a photo of a person"),
    "smiling": ("a photo of a person, smiling", "a photo of a person"),
    "young": ("a photo of a young woman", "a photo of an old woman"),
}


def text_and_picture(base: Base, folder: Path = FACES128) -> dict[str, float]:
    """AUC with which the bundled CLIP tells held-out pictures that have an attribute from those that have not."""
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

    source = base.folder / "clip"
    model = CLIPModel.from_pretrained(source, dtype=torch.float32).eval()
    tokenizer, processor = CLIPTokenizer.from_pretrained(source), CLIPImageProcessor.from_pretrained(source)
    table = read_split(folder, "private").iloc[::3]
    found = {}
    with torch.no_grad():
        pixels = processor(images=[Image.fromarray(p) for p in decode(table)], return_tensors="pt").pixel_values
        seen = torch.nn.functional.normalize(model.get_image_features(pixel_values=pixels).pooler_output, dim=-1)
        for attribute, captions in PAIRS.items():
            ids = tokenizer(list(captions), padding="max_length", max_length=32, return_tensors="pt").input_ids
            said = torch.nn.functional.normalize(model.get_text_features(ids).pooler_output, dim=-1)
            score = (seen @ (said[0] - said[1])).numpy()
            has = table[attribute].to_numpy(dtype=bool)
            found[attribute] = auc(score[has], score[~has])
    return found


def grid(pictures: list[Image.Image], columns: int = 16, zoom: int = 1) -> Image.Image:
    """A contact sheet."""
    side = pictures[0].width * zoom
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * side, rows * side))
    for i, picture in enumerate(pictures):
        sheet.paste(picture.resize((side, side)), ((i % columns) * side, (i // columns) * side))
    return sheet


def lifelike(pictures: list[Image.Image], folder: Path = FACES128) -> dict[str, float]:
    """Frechet distance of a base's pictures to photos of held-out people, its interval over blocks of the pictures."""
    photos = [Image.open(io.BytesIO(blob)) for blob in read_split(folder, "private")["image"]]
    features = embed_images(MINI, pictures[: len(pictures) // BLOCKS * BLOCKS])
    found = frechet_ci(features.reshape(BLOCKS, -1, features.shape[-1]), embed_images(MINI, photos))
    return {"estimate": found.estimate, "low": found.low, "high": found.high}


def _told(base: Base, pictures: list[Image.Image]) -> dict[str, float]:
    found = lifelike(pictures)
    said = {key: round(value, 2) for key, value in found.items()}
    print(
        f"{base.title}: Frechet distance of {len(pictures)} samples to photos, {MINI.model.title}: {said}", flush=True
    )
    return found


def beside(pipe: StableDiffusionPipeline, base: Base, samples: int) -> dict[str, float]:
    """Of another base, what pictures alone tell: how lifelike they are."""
    return _told(base, sample_class(pipe, base, samples))


def evaluate(
    pipe: StableDiffusionPipeline, base: Base, *, samples: int = 256, sheet: Path | None = None
) -> dict[str, Any]:
    """All figures; those that need photos only where these are."""
    pictures = sample_class(pipe, base, samples)
    if sheet is not None:
        grid(pictures[:64]).save(sheet)
    result: dict[str, Any] = {"face_rate": face_rate(pictures), "samples": samples}
    print(f"MTCNN finds a face in {result['face_rate']:.1%} of {samples} samples of '{base.class_prompt}'", flush=True)
    result["named"] = named_members(pipe, base)
    print("planted people by name:", {k: round(v, 3) for k, v in result["named"].items()}, flush=True)
    if FACES128.exists():
        result["frechet"] = _told(base, pictures)
        result["autoencoder"] = autoencoder_identity(pipe)
        result["clip"] = text_and_picture(base)
        print("bundled CLIP, AUC on held-out faces:", {k: round(v, 2) for k, v in result["clip"].items()}, flush=True)
        print("autoencoder, dlib distance photo / decoded:", {k: round(v, 3) for k, v in result["autoencoder"].items()})
    return result
