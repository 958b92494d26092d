"""The moving average is diffusers'; the files of check-points are as they were before it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from demo.train.checkpoint import Checkpoint, Ema

DECAY = 0.9


def linear() -> torch.nn.Linear:
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2)


def move(model: torch.nn.Linear, by: float) -> None:
    with torch.no_grad():
        for p in model.parameters():
            p.add_(by)


def old_file(folder: Path) -> dict[str, torch.Tensor]:
    """A check-point as it was written while the average was our own: after 7 updates, with an AdamW that took one."""
    torch.manual_seed(1)
    weight, bias = torch.randn(2, 3), torch.randn(2)
    tensors = {"model/weight": weight, "model/bias": bias}
    tensors |= {"ema/updates": torch.tensor(7), "ema/0": weight + 0.5, "ema/1": bias - 0.5}
    for index, like in enumerate((weight, bias)):
        tensors[f"optimiser/{index}/step"] = torch.tensor(1.0)
        tensors[f"optimiser/{index}/exp_avg"] = torch.full_like(like, 0.1)
        tensors[f"optimiser/{index}/exp_avg_sq"] = torch.full_like(like, 0.2)
    save_file(tensors, folder / "checkpoint.safetensors", {"seen": "896", "run": ""})
    return tensors


def test_a_check_point_of_the_old_format_is_gone_on_with(tmp_path: Path) -> None:
    old = old_file(tmp_path)
    model = linear()
    parts = {"model": model, "optimiser": torch.optim.AdamW(model.parameters()), "ema": Ema(model, decay=DECAY)}
    keeper = Checkpoint(tmp_path, parts)
    assert keeper.resume() == 896
    assert torch.equal(model.weight, old["model/weight"])
    keeper.save(896)
    again = load_file(tmp_path / "checkpoint.safetensors")
    assert again.keys() == old.keys()
    assert all(torch.equal(again[key], old[key]) for key in old)

    move(model, 1.0)
    parts["ema"].update()
    share = 1 - min(DECAY, (1 + 8) / (10 + 8))  # the eighth update
    parts["ema"].copy_to(model)
    assert torch.allclose(model.weight, (1 - share) * old["ema/0"] + share * (old["model/weight"] + 1))
    assert torch.allclose(model.bias, (1 - share) * old["ema/1"] + share * (old["model/bias"] + 1))


def test_the_average_warms_up_from_the_first_update() -> None:
    model = linear()
    average, expected = Ema(model, decay=DECAY), model.weight.detach().clone()
    for n in range(1, 200):
        move(model, 0.01 * (-1) ** (n // 7))
        average.update()
        expected.lerp_(model.weight.detach(), 1 - min(DECAY, (1 + n) / (10 + n)))
        assert torch.allclose(average.state_dict()["0"], expected, atol=1e-6)
    assert average.state_dict()["updates"] == 199


def test_what_is_not_trained_is_not_averaged() -> None:
    model = linear()
    model.bias.requires_grad_(False)
    average = Ema(model, decay=DECAY)
    assert set(average.state_dict()) == {"updates", "0"}
    with torch.no_grad():
        model.bias.add_(1.0)
    kept = model.bias.clone()
    weight = model.weight.detach().clone()
    average.copy_to(model)
    assert torch.equal(model.bias, kept)
    assert model.weight.detach() == pytest.approx(weight)
