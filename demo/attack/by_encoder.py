"""The paper's attack: the weight encoder's embedding in place of the text embedding."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from transformers import CLIPTextModel

from demo.attack.drawing import draw_embeddings
from demo.attack.manifest import published
from demo.attack.settings import AttackSettings
from demo.attack.weight_encoder import WeightEncoder, load_encoder
from demo.finetune.settings import find_preset
from demo.lora.files import LoraWeights
from demo.models.bases import ENCODER, Base
from demo.models.sampling import compute_device
from demo.progress import UNWATCHED, Watcher


def encoder_path(base: Base) -> Path:
    """Where the encoder of a base lies: in the folder of a base that its user brought, else under ``weights/``."""
    folder = Path(base.source)
    return (folder if folder.is_dir() else base.folder) / ENCODER


def has_encoder(base: Base) -> bool:
    """Whether there is an encoder for a base: a file, or an entry that says where on the Hub it is."""
    path = encoder_path(base)
    return path.exists() or published(path)


# Of a text encoder: the weight encoder that was loaded for it, and from which state of which file. It goes with the
# pipeline, of which it holds no part.
_LOADED: WeakKeyDictionary[CLIPTextModel, tuple[tuple[Path, int], WeightEncoder]] = WeakKeyDictionary()


def bundled_encoder(base: Base, pipe: StableDiffusionPipeline) -> WeightEncoder:
    """The pretrained encoder of a base, loaded once for each pipeline."""
    path = encoder_path(base)
    state = (path, path.stat().st_mtime_ns if path.exists() else 0)
    found = _LOADED.get(pipe.text_encoder)
    if found is None or found[0] != state:
        found = (state, load_encoder(path, pipe.text_encoder, base))
        _LOADED[pipe.text_encoder] = found
    return found[1]


def embeddings(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    encoder: WeightEncoder | None = None,
) -> torch.Tensor:
    """Samples of the weight encoder's posterior, (samples, tokens, width)."""
    device = compute_device(pipe)
    encoder = (encoder or bundled_encoder(base, pipe)).to(device)
    pairs = {layer: (a.to(device), b.to(device)) for layer, (a, b) in encoder.pairs([released]).items()}
    tuned = settings.fine_tuning_steps or find_preset(base.preset).steps
    with torch.no_grad():
        mean, logvar = encoder.posterior(pairs, torch.tensor([tuned]))
        shape = (settings.samples, *mean.shape[1:])
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(settings.seed)).to(mean)
        return mean + (logvar / 2).exp() * noise if encoder.settings.variational else mean.expand(shape)


def weight_encoder(
    released: LoraWeights,
    pipe: StableDiffusionPipeline,
    base: Base,
    settings: AttackSettings,
    *,
    watcher: Watcher = UNWATCHED,
) -> list[Image.Image]:
    """The paper's attack: the encoder's embedding in place of the text embedding. UNet matrices only."""
    context = embeddings(released, pipe, base, settings)
    return draw_embeddings(released, pipe, base, context, settings, "encoder", watcher)
