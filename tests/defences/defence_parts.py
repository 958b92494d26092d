"""A fine-tuning problem on a tiny pipeline, as the tests of defences take one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from demo.finetune.dreambooth import adapters
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask
from demo.models.bases import Base
from demo.models.sampling import token_ids


@contextmanager
def problem_on(
    pipe: StableDiffusionPipeline,
    base: Base,
    photos: Tensor,
    prior: Tensor,
    settings: LoraSettings,
    *,
    spread: float,
    lr: float = 1e-2,
) -> Iterator[FineTuningTask]:
    """With adapters on the pipeline, normal and of standard deviation ``spread``: were B zero, A had no gradient."""
    with adapters(pipe, settings) as parameters:
        for p in parameters:
            p.data = spread * torch.randn(p.shape, dtype=photos.dtype)
        yield FineTuningTask(
            pipe,
            photos,
            prior,
            token_ids(pipe, [base.instance_prompt.format(trigger="qzx")]),
            token_ids(pipe, [base.class_prompt]),
            settings,
            parameters,
            torch.optim.SGD(parameters, lr=lr),
            seed=0,
        )
