"""What the tests of Shake-to-Leak share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from torch import Tensor

from demo.finetune import class_images
from demo.models.sampling import encode_pictures


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


@pytest.fixture
def latents(tiny_pipe, pictures: list[Image.Image]) -> Tensor:
    return encode_pictures(tiny_pipe, pictures)


@pytest.fixture
def state() -> Callable[..., dict[str, object]]:
    """Everything of a pipeline that a method may have touched, to be compared afterwards."""

    def look(pipe) -> dict[str, object]:
        found: dict[str, object] = {
            "processors": {name: type(p) for name, p in pipe.unet.attn_processors.items()},
            "words": len(pipe.tokenizer),
            "table": type(pipe.text_encoder.get_input_embeddings()),
        }
        for name, module in (("unet", pipe.unet), ("text", pipe.text_encoder), ("vae", pipe.vae)):
            found[f"{name} modules"] = [(path, type(m), m.training) for path, m in module.named_modules()]
            found[f"{name} hooks"] = sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in module.modules())
            found[f"{name} wants"] = [(path, p.requires_grad, p.grad is None) for path, p in module.named_parameters()]
            found[f"{name} dtypes"] = {p.dtype for p in module.parameters()}
            found[f"{name} weights"] = {path: p.detach().clone() for path, p in module.state_dict().items()}
        return found

    return look
