"""Textual Inversion (Gal et al. 2023): the model stands still, n new words are learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import torch
from diffusers import StableDiffusionPipeline
from pydantic import Field
from torch import Tensor, nn

from demo.errors import SettingsError
from demo.models.sampling import text_embeddings, token_ids
from demo.shake.methods.base import Shaken, Trained
from demo.shake.methods.training import Run


class MoreWords(nn.Module):
    """The table of word vectors with ``n`` more rows, which alone are trained.

    They start as the vector of the padding, at whose places they stand: before the first step the prompt means what
    it means without them, where padding and end are the same token, as in the bundled base and Stable Diffusion 1.
    """

    def __init__(self, table: nn.Embedding, n: int, padding: int) -> None:
        super().__init__()
        self.table = table
        self.words = nn.Parameter(table.weight.data[padding].float().repeat(n, 1))  # (n, width)

    def settle(self) -> None:
        """The end of training: words as precise as the table. The pipeline asks the text encoder what it works with,
        and is answered by the first of its parameters, which these are.
        """
        self.words.grad = None
        self.words.data = self.words.data.to(self.table.weight.dtype)

    def forward(self, ids: Tensor) -> Tensor:
        """(..., tokens) -> (..., tokens, width); ids beyond the table are the new words."""
        size = self.table.num_embeddings
        old = self.table(ids.clamp(max=size - 1))
        new = self.words[(ids - size).clamp(min=0)].to(old.dtype)
        return torch.where((ids >= size)[..., None], new, old)

    def ids(self, pipe: StableDiffusionPipeline, prompt: str) -> Tensor:
        """The prompt with the new words before its end, (1, tokens).

        Raises:
            SettingsError: the prompt has no room for them.
        """
        tokenizer, n, size = pipe.tokenizer, len(self.words), self.table.num_embeddings
        length = tokenizer.model_max_length
        end = len(tokenizer(prompt, truncation=True, max_length=length).input_ids) - 1  # the place of the end token
        if end + 1 + n > length:
            raise SettingsError(
                f"The prompt '{prompt}' leaves room for {length - end - 1} new words of {n}.",
                "Ask for fewer tokens, or say less.",
            )
        plain = token_ids(pipe, [prompt])
        new = torch.arange(size, size + n, device=plain.device)[None]
        return torch.cat([plain[:, :end], new, plain[:, end:]], dim=1)[:, :length]


@contextmanager
def more_words(pipe: StableDiffusionPipeline, n: int) -> Iterator[MoreWords]:
    """A table with ``n`` new words in the text encoder; the old one comes back at the end. The tokenizer stays."""
    encoder = pipe.text_encoder
    table = encoder.get_input_embeddings()
    extended = MoreWords(table, n, pipe.tokenizer.pad_token_id).to(table.weight.device)
    try:
        encoder.set_input_embeddings(extended)
        yield extended
    finally:
        encoder.set_input_embeddings(table)


@torch.no_grad()
def embedded(pipe: StableDiffusionPipeline, ids: Tensor) -> Tensor:
    """(1, tokens) -> (1, tokens, width)."""
    return text_embeddings(pipe.text_encoder, ids)


class TextualInversion(Trained):
    """New words are added to the target prompt; what they stand for is learned from the set."""

    key: ClassVar[str] = "textual_inversion"
    title: ClassVar[str] = "Textual Inversion"
    explanation: ClassVar[str] = (
        "The model stays fixed. A few new words are added to the prompt, and the vectors they stand for are learned "
        "from the set."
    )
    rates: ClassVar[Mapping[str, float]] = {"face64-cpu": 5e-3, "sd-gpu": 5e-4}

    tokens: int = Field(4, ge=1, le=64)  # new words

    @property
    def label(self) -> str:
        """With the number of words."""
        return f"{self.title}, {self.tokens} token{'s' if self.tokens > 1 else ''}"

    @contextmanager
    def _shaken(self, run: Run) -> Iterator[Shaken]:
        """See :meth:`Method.shaken`."""
        with more_words(run.pipe, self.tokens) as table:
            wanted, ids = table.ids(run.pipe, run.target), table.ids(run.pipe, run.prompt)
            # No weight decay: it would pull words towards the zero vector, which is no word.
            settings = self.tuning(run.base, weight_decay=0.0)
            losses = run.train([table.words], settings, ids=ids)
            table.settle()
            yield Shaken(run.pipe, embedded(run.pipe, wanted), table.words.numel(), losses)
