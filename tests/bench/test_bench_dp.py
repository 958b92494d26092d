"""The bench measures what it says: turns, peaks, agreement; and the architecture is Stable Diffusion 1.4's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from demo.bench import __main__, dp, models
from demo.bench.opacus_step import OpacusStep, largest_difference
from demo.defences.dpdm import Dpdm, DpStep
from demo.errors import SettingsError
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask
from demo.models.architectures import SD14
from demo.models.sampling import token_ids

QUICK = LoraSettings(unet_rank=2, text_rank=2, batch=2, class_batch=1, lr=1e-2)


@pytest.fixture
def problem(tiny_pipe, tiny_base) -> Iterator[FineTuningTask]:
    torch.set_num_threads(1)
    ids = token_ids(tiny_pipe, [tiny_base.instance_prompt.format(trigger="qzx")])
    prior = torch.randn(3, 4, 4, 4)
    with models.problem_of(tiny_pipe, prior, ids, token_ids(tiny_pipe, [tiny_base.class_prompt]), QUICK) as found:
        yield found


def test_opacus_and_this_project_clip_the_same_sums(problem) -> None:
    assert dp.agreement(problem) < 1e-4
    assert problem.optimiser.param_groups[0]["lr"] == QUICK.lr


def test_opacus_takes_part_in_fp16_too(tiny_pipe, tiny_base) -> None:
    ids = token_ids(tiny_pipe, [tiny_base.class_prompt])
    sums = []
    for dtype in (torch.float32, torch.float16):
        tiny_pipe.unet.to(dtype)
        with models.problem_of(tiny_pipe, torch.zeros(3, 4, 4, 4), ids, ids, QUICK) as problem:
            step = OpacusStep(Dpdm(epsilon=None, noise_multiplier=1.0, noise_seed=3), problem)
            step._backward(problem.photos)
            sums.append([step._gradients.private, step._gradients.public])
            step.close()
    assert largest_difference(*sums) < 0.05


def test_the_difference_is_seen_where_there_is_one(problem, monkeypatch) -> None:
    """Opacus without the text encoder's class row would be a different sum."""
    begin = OpacusStep.__call__

    def spoilt(self: OpacusStep) -> float | None:
        found = begin(self)
        self.sums = [total * 1.01 for total in self.sums]
        return found

    monkeypatch.setattr(OpacusStep, "__call__", spoilt)
    assert dp.agreement(problem) == pytest.approx(0.0099, abs=1e-3)
    assert largest_difference([torch.zeros(2)], [torch.zeros(2)]) == 0


def test_every_variant_takes_its_turn_and_leaves_nothing_behind(problem, monkeypatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(
        dp,
        "VARIANTS",
        {n: (lambda p, n=n, make=make: (order.append(n), make(p))[1]) for n, make in dp.VARIANTS.items()},
    )
    seconds = dp.alternated(problem, list(dp.VARIANTS), 2)
    assert order == ["plain", "ours", "opacus", "ours", "opacus", "plain"]
    assert {name: len(found) for name, found in seconds.items()} == {"plain": 2, "ours": 2, "opacus": 2}
    assert all(s.wall > 0 and s.cpu > 0 for found in seconds.values() for s in found)
    assert isinstance(problem.pipe.unet, UNet2DConditionModel)
    assert not any(module._forward_hooks for module in problem.pipe.unet.modules())
    assert not any(hasattr(p, "grad_sample") for p in problem.parameters)


def test_a_batch_of_dp_sgd_is_as_large_as_a_plain_one(problem) -> None:
    step = DpStep(dp.defence(), problem)
    step()
    rows = step.gradients
    step.close()
    assert rows.shape == (QUICK.batch, sum(p.numel() for p in problem.parameters))
    assert (rows.norm(dim=1) > 0).all()


@pytest.mark.slow  # the kernel's own high-water mark lags when other processes press on memory
def test_peaks_are_peaks() -> None:
    dp.forget_peak()
    before = dp.peak_resident()
    held = torch.ones(10_000_000)  # 40 MB
    high = dp.peak_resident()
    del held
    assert 35 < high - before < 80
    dp.forget_peak()
    assert dp.peak_resident() < high - 20


def test_rows_compare_rounds_and_peaks() -> None:
    slow, fast = [[dp.Seconds(k * s, 3 * k * k) for s in (1.0, 2.0, 20.0)] for k in (2, 1)]
    found = dp.row(slow, fast, {"before_mb": 100, "peak_mb": 160}, {"before_mb": 100, "peak_mb": 140})
    assert found["time_ratio"] == found["time_ratio_low"] == found["time_ratio_high"] == 2.0
    assert found["cpu_time_ratio"] == 4.0
    assert found["memory_ratio"] == pytest.approx(160 / 140, abs=1e-4)
    assert found["step_memory_ratio"] == 1.5
    assert "x 2.000 time" in dp.words(found, against=True)
    assert "time" not in dp.words(found, against=False)


def test_what_does_not_run_is_said_and_the_rest_is_measured(problem, monkeypatch, capsys) -> None:
    def broken(*_: object) -> None:
        raise TypeError("no such hook\nand more")

    from contextlib import nullcontext

    monkeypatch.setattr(dp, "OpacusStep", broken)
    monkeypatch.setattr(dp, "MODELS", {"tiny": lambda device, latent: nullcontext(problem)})
    monkeypatch.setattr(dp, "in_child", lambda *_: {"before_mb": 1.0, "peak_mb": 2.0})
    found = dp.price("tiny", "cpu", None, 1)
    printed = capsys.readouterr().out
    assert found["opacus"] == {"failed": "TypeError: no such hook"}
    assert "does not run here: TypeError: no such hook" in printed
    assert found["ours"]["memory_ratio"] == 1.0
    assert "this project" in printed


def test_the_architecture_is_stable_diffusion_14s() -> None:
    with torch.device("meta"):
        unet, text = UNet2DConditionModel(**SD14.unet), CLIPTextModel(CLIPTextConfig(**SD14.text))
    assert sum(p.numel() for p in unet.parameters()) == 859_520_964
    assert sum(p.numel() for p in text.parameters()) == 123_060_480
    assert models.sd_side(torch.device("cuda")) == 64


def test_too_little_memory_is_said_before_anything_is_built(monkeypatch, capsys) -> None:
    monkeypatch.setattr(models, "free_memory", lambda: 1e9)
    monkeypatch.setattr(models, "choose_device", lambda device: torch.device("cpu"))
    with pytest.raises(SettingsError, match="10 GB"), models.sd14():
        pass
    assert __main__.main(["dp", "--child", "sd14:plain"]) == 2
    assert "GPU" in capsys.readouterr().err
