"""The weight encoder: LoRA matrices in, an embedding out that makes the fine-tuned model draw the person.

The paper, section IV-A: matrix encoders, task token, timestep embedding, a frozen CLIP text
transformer with re-trained positions, mean and log-variance. Every part can be switched off.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from diffusers.models.embeddings import get_timestep_embedding
from pydantic import Field
from safetensors import safe_open
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from demo.attack.cross_attention_readout import CrossAttentionReadout
from demo.attack.manifest import record, verified
from demo.attack.matrix_encoders import MATRIX_ENCODERS, Pairs
from demo.errors import LoraFileError, WeightsError
from demo.files import write_tensors
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.models.fingerprints import weights_digest
from demo.settings import Settings

FORMER = {"echo": "readout"}  # names in encoders that were written earlier


class EncoderSettings(Settings):
    """Which parts the encoder has. The paper's: matrices='conv', clip, variational, timestep."""

    matrices: Literal["conv", "linear", "probes"] = "probes"
    probes: int = Field(24, ge=1, le=256)  # on either side of B A
    first: int | None = Field(None, ge=1)  # only the first n matrices (the paper, Table IV)
    length: int | None = Field(None, ge=1)  # tokens of z; None: one for everything that is read
    clip: bool = True
    causal: bool = True  # the text transformer's own mask
    variational: bool = True
    timestep: bool = True
    readout: bool = False  # read the cross-attention updates backwards, too (demo.attack.cross_attention_readout)
    start_at_prompt: bool = True  # begin at the embedding of a prompt with a guessed trigger


class WeightEncoder(nn.Module):
    """z ~ N(mean, exp(logvar)), a sequence of text-embedding tokens.

    Args:
        settings: the parts.
        shapes: layer -> (out, in) of the adapted UNet layers, in the file's canonical order.
        rank: of the LoRA.
        length: tokens of z; None for the whole sequence, which cross-attention takes at any length. Under the causal
            mask a token reads the matrices up to its own place alone: of a z cut shorter no token reads the others.
        text: configuration of the base's text encoder, whose transformer is used frozen.
    """

    def __init__(
        self,
        settings: EncoderSettings,
        shapes: dict[str, tuple[int, int]],
        rank: int,
        length: int | None,
        text: CLIPTextConfig,
    ) -> None:
        super().__init__()
        self.settings, self.shapes, self.rank = settings, shapes, rank
        hidden = text.hidden_size
        kind = MATRIX_ENCODERS[settings.matrices]
        self.matrices = kind(shapes, rank, hidden, settings.first, settings.probes)
        self.sequence = 1 + settings.timestep + self.matrices.tokens
        self.length = self.sequence if length is None else min(length, self.sequence)
        self.task = nn.Parameter(torch.zeros(1, 1, hidden))
        self.time = nn.Linear(hidden, hidden)
        self.positions = nn.Parameter(torch.randn(1, self.sequence, hidden) * 0.02)
        self.gain = nn.Parameter(torch.ones(()))  # of what is read, beside the positions
        self.mean = nn.Linear(hidden, hidden)
        self.logvar = nn.Linear(hidden, hidden)
        nn.init.eye_(self.mean.weight)
        nn.init.zeros_(self.mean.bias)
        nn.init.zeros_(self.logvar.weight)
        nn.init.constant_(self.logvar.bias, -6.0)
        self.readout = CrossAttentionReadout(shapes, hidden, self.length) if settings.readout else None
        self.transformer = CLIPTextModel(text) if settings.clip else None
        if self.transformer is not None:
            self.transformer.requires_grad_(False)

    @torch.no_grad()
    def use_text_encoder(self, text_encoder: CLIPTextModel, prompt_ids: Tensor | None = None) -> None:
        """Copy the frozen transformer; optionally start at one of several prompts (n, tokens)."""
        source = text_encoder
        if self.transformer is not None:
            self.transformer.load_state_dict(text_encoder.state_dict())
            source = self.transformer
        if not (self.settings.start_at_prompt and prompt_ids is not None):
            return
        ids = prompt_ids.to(source.device)  # the copy is not yet where the pipeline is
        target = (source.embeddings(input_ids=ids) if self.settings.clip else source(ids)[0]).float()
        # The one nearest to all others: the mean of prompts of different lengths is no prompt, and draws no face.
        flat = target.flatten(1)
        best = int(torch.cdist(flat, flat).sum(1).argmin())
        shared = min(self.sequence, target.shape[1])
        # The matrix tokens begin as small changes of the prompt's own tokens.
        self.positions[:, :shared] = target[best, :shared]
        self.positions[:, shared:] = target[best, -1:]
        self.gain.fill_(0.05 * float(self.positions.std()))  # tokens are of size 1, a prompt's far smaller
        if self.readout is not None:
            self.readout.start_at(text_encoder(prompt_ids[best : best + 1])[0][0])

    def pairs(self, loras: Sequence[LoraWeights]) -> dict[str, tuple[Tensor, Tensor]]:
        """Stack released files: layer -> A (K, r, in), B (K, out, r) with alpha / r folded into B.

        Ranks other than the encoder's are brought to it by a truncated SVD of B A or by zero padding.

        Raises:
            LoraFileError: a layer that the encoder reads is not in a file.
        """
        for lora in loras:
            absent = [layer for layer in self.shapes if f"unet.{layer}.lora_A.weight" not in lora.tensors]
            if absent:
                raise LoraFileError(
                    f"The LoRA lacks {len(absent)} of the {len(self.shapes)} layers that the weight encoder reads, "
                    f"first {absent[0]}.",
                    "Fine-tune as this base's preset does, or attack with the class prompt.",
                )
        out = {}
        for layer in self.shapes:
            stacked = [_to_rank(lora, f"unet.{layer}", self.rank) for lora in loras]
            out[layer] = (torch.stack([a for a, _ in stacked]), torch.stack([b for _, b in stacked]))
        return out

    def posterior(self, pairs: Pairs, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of z, each (K, length, hidden).

        Args:
            steps: (K,), number of fine-tuning steps (the paper's timestep).
        """
        tokens = self.matrices(pairs)
        parts = [self.task.expand(len(tokens), -1, -1)]
        if self.settings.timestep:
            hidden = self.task.shape[-1]
            parts.append(self.time(get_timestep_embedding(steps.to(tokens.device).float(), hidden))[:, None])
        x = self.gain * torch.cat([*parts, tokens], dim=1) + self.positions
        if self.transformer is not None:
            mask = None
            if self.settings.causal:
                mask = torch.full((x.shape[1], x.shape[1]), float("-inf"), device=x.device).triu(1)[None, None]
            x = self.transformer.encoder(inputs_embeds=x, attention_mask=mask).last_hidden_state
            x = self.transformer.final_layer_norm(x)
        x = x[:, : self.length]
        mean = self.mean(x) if self.readout is None else self.mean(x) + self.readout(pairs)
        return mean, self.logvar(x).clamp(-20, 4)

    def forward(self, pairs: Pairs, steps: Tensor, noise: Tensor | None = None) -> Tensor:
        """A sample z = mean + exp(logvar / 2) * noise, (K, length, hidden); the mean if not variational."""
        mean, logvar = self.posterior(pairs, steps)
        if not self.settings.variational:
            return mean
        noise = torch.randn_like(mean) if noise is None else noise
        return mean + (logvar / 2).exp() * noise


def _to_rank(lora: LoraWeights, module: str, rank: int) -> tuple[Tensor, Tensor]:
    a, b = (matrix.float() for matrix in lora.matrices(module))
    b = b * (lora.alphas[module] / len(a))
    if len(a) > rank:
        u, s, vh = torch.linalg.svd(b @ a, full_matrices=False)
        root = s[:rank].sqrt()
        return root[:, None] * vh[:rank], u[:, :rank] * root
    if len(a) < rank:
        missing = rank - len(a)
        a = torch.cat([a, a.new_zeros(missing, a.shape[1])])
        b = torch.cat([b, b.new_zeros(len(b), missing)], dim=1)
    return a, b


def save_encoder(path: Path, encoder: WeightEncoder, notes: dict[str, str] | None = None) -> Path:
    """Write an encoder, fp16, and its checksum into the manifest of its place.

    The frozen transformer is the base's own and is left out.

    Args:
        notes: go into the header; ``base`` is the key in the manifest, by default the folder's name.
    """
    tensors = {k: v.half() for k, v in encoder.state_dict().items() if not k.startswith("transformer.")}
    described = {
        "settings": encoder.settings.model_dump(),
        "shapes": encoder.shapes,
        "rank": encoder.rank,
        "length": encoder.length,
    }
    notes = notes or {}
    write_tensors(path, tensors, {"encoder": json.dumps(described), **notes})
    record(path, notes.get("base", path.parent.name))
    return path


def _present(key: str) -> str:
    """The name of a tensor of today's encoder, from that in a file."""
    part, dot, rest = key.partition(".")
    return FORMER.get(part, part) + dot + rest


def load_encoder(path: Path, text_encoder: CLIPTextModel, base: Base | None = None) -> WeightEncoder:
    """Read an encoder that was trained for the base that ``text_encoder`` belongs to; the Hub's is fetched first.

    Args:
        base: whose weights the encoder has to be trained for, as far as the file says for which it was.

    Raises:
        WeightsError: no such file, not the one that the manifest lists, or not an encoder for this base.
    """
    with safe_open(verified(path), framework="pt") as file:
        notes = file.metadata() or {}
        tensors = {_present(key): file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    if "encoder" not in notes:
        raise WeightsError(f"{path.name} is not a weight encoder.", "Take the file from weights/ of this project.")
    if base is not None and "weights" in notes and notes["weights"] != weights_digest(base):
        raise WeightsError(
            f"{path.name} was trained for other weights than those of {base.title}.", "Train it anew, or fetch its own."
        )
    try:
        described = json.loads(notes["encoder"])
        shapes = {layer: (int(o), int(i)) for layer, (o, i) in described["shapes"].items()}
        settings = EncoderSettings(**{FORMER.get(key, key): value for key, value in described["settings"].items()})
        encoder = WeightEncoder(settings, shapes, described["rank"], described["length"], text_encoder.config)
        encoder.use_text_encoder(text_encoder)
        found = encoder.load_state_dict(tensors, strict=False)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:  # of another version, or of another width
        raise WeightsError(f"{path.name} does not fit this base model.", "Take the encoder of this base.") from error
    missing = [key for key in found.missing_keys if not key.startswith("transformer.")]
    if missing or found.unexpected_keys:
        raise WeightsError(f"{path.name} does not fit its own description.", "Fetch the file again.")
    return encoder.to(text_encoder.device).eval()
