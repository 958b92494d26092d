"""Identity by the paper's recogniser: InceptionResnetV1 trained on VGGFace2 (facenet-pytorch).

Its weights are a download in PyTorch's own format: they are checked against a SHA-256 and read with
``weights_only=True``, which runs no code from the file.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demo.errors import WeightsError
from demo.metrics.base import Context, Metric, paper_scaling
from demo.models.networks import Unavailable, torch_device
from demo.models.offline import offline
from demo.stats.intervals import Array, cosine

FILE = "20180402-114759-vggface2.pt"
URL = f"https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/{FILE}"
SHA256 = "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b"
SAME_PERSON = 0.8  # cosine; the paper's 0.9 on its own scale
SIDE, BATCH = 160, 32
# The network's crop in the training framing: MTCNN's median box over 36 aligned pictures, with facenet-pytorch's margin
# of 14 in 160 pixels. Left, top, right, bottom in units of the frame.
BOX = (0.14, 0.07, 0.86, 1.0)
MODEL = "InceptionResnetV1, VGGFace2"
NEEDS = "package facenet-pytorch; weights from its release page (112 MB)"


def weights_file() -> Path:
    """Where facenet-pytorch keeps its weights: ``checkpoints`` in the torch cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return Path(os.environ.get("TORCH_HOME", cache / "torch")).expanduser() / "checkpoints" / FILE


def missing() -> Unavailable | None:
    """Why the network cannot be had, or None if it is here or may be downloaded."""
    if find_spec("facenet_pytorch") is None:
        return Unavailable("facenet-pytorch is not installed.")
    switched_off = offline()
    if weights_file().is_file() or switched_off is None:
        return None
    return Unavailable(f"{MODEL} is not in the torch cache (checkpoints/{FILE}), and {switched_off} forbids downloads.")


def embed(images: Sequence[Image.Image], device: str = "auto") -> Array:
    """Unit embeddings of pictures in the training framing, (n, 512).

    Raises:
        WeightsError: the weights are missing, damaged or not the ones expected.
    """
    import torch

    place = torch_device(device)
    network = _network(weights_file(), place)
    faces = torch.from_numpy(np.array([_face(image) for image in images], dtype=np.float32)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        rows = [network(part.to(place)).float().cpu() for part in torch.split((faces - 127.5) / 128, BATCH)]
    return np.asarray(torch.cat(rows).numpy(), dtype=np.float64)


def _face(image: Image.Image) -> Any:
    left, top, right, bottom = (edge * image.width for edge in BOX)
    return np.asarray(
        image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, right, bottom))
    )


@lru_cache(maxsize=1)
def _network(file: Path, device: str) -> Any:
    import torch
    from facenet_pytorch import InceptionResnetV1

    if not file.is_file():
        _download(file)
    _check(file)
    try:
        # Not through the package's own loader: that one would run code from the file.
        state = torch.load(file, map_location="cpu", weights_only=True)
        state = {name: tensor for name, tensor in state.items() if not name.startswith("logits.")}
        network = InceptionResnetV1()
        network.load_state_dict(state)
    except (pickle.UnpicklingError, RuntimeError, AttributeError, OSError) as error:
        raise WeightsError(
            f"{file.name} in the torch cache does not hold {MODEL}.", "Delete it; it is then downloaded again."
        ) from error
    return network.eval().requires_grad_(False).to(device)


def _download(file: Path) -> None:
    if (reason := missing()) is not None:
        raise WeightsError(reason.reason, "Allow downloads once, or leave this metric out.")
    import torch

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            partial = Path(folder) / FILE
            torch.hub.download_url_to_file(URL, str(partial), progress=False)
            _check(partial)
            partial.replace(file)
    except OSError as error:
        raise WeightsError(
            f"{MODEL} cannot be downloaded from {URL}: {error}.", "Connect once, or leave this metric out."
        ) from error


def _check(file: Path) -> None:
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != SHA256:
        raise WeightsError(
            f"{file.name} in the torch cache is not {MODEL} (SHA-256 {found[:12]}..., expected {SHA256[:12]}...).",
            "Delete it; it is then downloaded again.",
        )


def _cosine(context: Context) -> Array:
    pictures, photos = (
        context.embed(MODEL, images, lambda some: embed(some, context.device))
        for images in (context.pictures, context.photos)
    )
    return np.asarray(cosine(pictures, photos).mean(1))


METRICS = (
    Metric(
        key="facenet_cosine",
        title="Face similarity, FaceNet",
        model=MODEL,
        scaling="plain cosine, mean over the photos",
        higher_is_better=True,
        needs=NEEDS,
        available=missing,
        score=_cosine,
        limits=(-1.0, 1.0),
    ),
    Metric(
        key="facenet_paper",
        title="Face similarity, FaceNet (paper's scaling)",
        model=MODEL,
        scaling="(cos+1)/2 as the paper's code, mean over the photos",
        higher_is_better=True,
        needs=NEEDS,
        available=missing,
        score=lambda context: paper_scaling(_cosine(context)),
        limits=(0.0, 1.0),
    ),
    Metric(
        key="facenet_accuracy",
        title="Rec. Acc. (paper)",
        model=MODEL,
        scaling="share of pictures with (cos+1)/2 > 0.9, that is mean cosine to the photos > 0.8",
        higher_is_better=True,
        needs=NEEDS,
        available=missing,
        score=lambda context: (_cosine(context) > SAME_PERSON).astype(np.float64),
        share=True,
    ),
)
