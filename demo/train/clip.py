"""Stage ``clip``: a small CLIP trained on the captions.

Its text half is the text encoder of the bundled base; both halves ship as the bundled CLIP-I / CLIP-T.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTextModel, CLIPTokenizer

from demo.faces.faces128 import SIDE
from demo.train.data import WORK, Faces
from demo.train.precision import mixed_precision
from demo.train.training_run import TrainingRun

VOCABULARY = 2048
LENGTH = 32  # tokens
WIDTH = 192
LAYERS = 4
MEAN = STD = [0.5, 0.5, 0.5]
START, END = "<|startoftext|>", "<|endoftext|>"


def new_tokenizer(texts: list[str]) -> CLIPTokenizer:
    """CLIP's byte-level BPE with a vocabulary of its own: any string tokenizes, random letters too."""
    raw = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token=END))
    raw.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pattern = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pattern, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 256,
        initial_alphabet=alphabet,
        end_of_word_suffix="</w>",
        special_tokens=[START, END],
        show_progress=False,
    )
    raw.train_from_iterator(texts, trainer)
    import json

    model = json.loads(raw.to_str())["model"]
    vocabulary: dict[str, int] = model["vocab"]
    for letter in alphabet:  # every single character, within and at the end of a word
        for token in (letter, letter + "</w>"):
            vocabulary.setdefault(token, len(vocabulary))
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in model["merges"]]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=LENGTH)


def new_clip(tokenizer: CLIPTokenizer) -> CLIPModel:
    """An untrained CLIP for 64-pixel faces."""
    common = {
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
    }
    text = common | {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": LENGTH,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "projection_dim": 128,
    }
    vision = common | {"image_size": SIDE, "patch_size": 8, "projection_dim": 128}
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=128))


def image_processor() -> CLIPImageProcessor:
    """Preprocessing of the vision half: 64 pixels, [-1, 1]."""
    return CLIPImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}, image_mean=MEAN, image_std=STD
    )


def tokens(tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    """Padded token ids, (n, LENGTH)."""
    out = tokenizer(texts, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt")
    return out.input_ids


def train(
    faces: Faces,
    *,
    work: Path = WORK,
    pictures: int = 60_000,
    batch: int = 128,
    lr: float = 1e-3,
    device: str = "cpu",
    seed: int = 0,
    start: tuple[CLIPModel, CLIPTokenizer] | None = None,
) -> tuple[CLIPModel, CLIPTokenizer]:
    """Contrastive training (Radford et al. 2021, fig. 3) to ``pictures`` pairs in all, resuming from ``work``.

    Args:
        start: weights to begin from, and the vocabulary that they know.
    """
    torch.manual_seed(seed)
    if start is not None:
        start[1].save_pretrained(work / "clip" / "tokenizer")
    tokenizer = _tokenizer(faces, work, seed)
    model = (start[0] if start is not None else new_clip(tokenizer)).to(device).train()
    if torch.device(device).type == "cpu":
        model.set_attn_implementation("eager")  # torch's fused attention is several times slower in bfloat16 there
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.98), weight_decay=0.05)
    run = TrainingRun(
        "clip",
        model,
        [optimiser],
        work,
        pictures=pictures,
        batch=batch,
        decay=0.998,
        every_seconds=240,
        every_steps=20,
        unit="pairs",
        besides=f" of {math.log(batch):.3f}",
    )
    rng = np.random.default_rng([seed, run.seen])
    while run.goes_on:
        falling = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * run.seen / pictures))
        run.set_rate(min(1, (run.seen + batch) / 6000) * falling)
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(100))
        rows = np.unique(faces.draw(rng, batch))
        x = torch.from_numpy(faces.pixels[rows]).to(device).permute(0, 3, 1, 2).float().div(127.5).sub(1)
        if rng.random() < 0.5:
            x = x.flip(3)
        ids = tokens(tokenizer, faces.captions(rng, rows))
        longest = int((ids != tokenizer.pad_token_id).sum(1).max()) + 1  # causal: what follows the end is never seen
        ids = ids[:, :longest].to(device)
        with mixed_precision(device):
            loss = model(input_ids=ids, pixel_values=x, return_loss=True).loss
        run.step(loss)
    run.end()
    return model.cpu().eval(), tokenizer


def text_half(model: CLIPModel) -> CLIPTextModel:
    """The text encoder of a trained CLIP, as an ordinary CLIPTextModel."""
    text = CLIPTextModel(model.config.text_config)
    missing = text.load_state_dict(_text_state(model, text), strict=True)
    assert not missing.missing_keys
    return text.eval()


def _text_state(model: CLIPModel, text: CLIPTextModel) -> dict[str, torch.Tensor]:
    state = {k: v for k, v in model.state_dict().items() if k.startswith("text_model.")}
    if not any(k.startswith("text_model.") for k in text.state_dict()):
        state = {k.removeprefix("text_model."): v for k, v in state.items()}
    return state


def _tokenizer(faces: Faces, work: Path, seed: int) -> CLIPTokenizer:
    folder = work / "clip" / "tokenizer"
    if not (folder / "tokenizer.json").exists():
        texts = faces.captions(np.random.default_rng(seed), np.arange(len(faces)))
        new_tokenizer(texts).save_pretrained(folder)
    return CLIPTokenizer.from_pretrained(folder)
