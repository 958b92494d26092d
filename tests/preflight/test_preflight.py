"""Estimates follow from counts and speeds; refusals say what to do. Real architectures, on the meta device."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from demo.errors import PreflightError
from demo.finetune.settings import LoraSettings, find_preset
from demo.hardware.devices import Device
from demo.models.bases import BASES, BUNDLED, Base
from demo.preflight import check as preflight
from demo.preflight.check import check, estimate_drawing, estimate_tuning, told
from demo.preflight.cost import Cost, counted
from demo.preflight.probe import Speed, measure
from demo.preflight.shaking import estimate_shaking
from demo.session import services
from demo.shake.model import ShakeSettings
from demo.shake.plan import planned
from demo.workflow import story

SLOW = Speed(products=5e9, convolutions=4e9, bytes=1e9, calls=2e4)  # two cores that share the machine
FAST = Speed(products=5e13, convolutions=3e13, bytes=5e11, calls=1e5)
LAPTOP = Device("cpu", "x86_64", 4e9, 1e9, 2)
WORKSTATION = Device("cpu", "x86_64", 64e9, 60e9, 8)
CARD = Device("cuda", "a card", 12e9, 11.5e9, 8, bfloat16=True)


def test_operations_are_counted() -> None:
    with torch.device("meta"):
        linear, conv = nn.Linear(30, 50, bias=False), nn.Conv2d(3, 7, 3, padding=1, bias=False)
        x, picture = torch.empty(20, 30), torch.empty(2, 3, 8, 8)
        with counted() as found, torch.no_grad():
            y = linear(x)
            conv(picture)
            del y
            query = torch.empty(1, 2, 10, 4)
            nn.functional.scaled_dot_product_attention(query, query, query)
    cost = found.cost()
    assert cost.flops == 2 * 20 * 30 * 50 + 2 * (2 * 2 * 10 * 10 * 4)
    assert cost.convolved == 2 * (2 * 8 * 8) * 7 * 3 * 9
    assert cost.peak == 4 * (20 * 50 + 2 * 7 * 8 * 8)  # what is alive at once


def test_fused_attention_has_a_backward_pass_and_keeps_no_scores() -> None:
    with torch.device("meta"):
        query = torch.empty(1, 1, 1000, 4, requires_grad=True)
        with counted() as found:
            nn.functional.scaled_dot_product_attention(query, query, query).sum().backward()
    assert found.cost().flops == 3.5 * 4 * 1000 * 1000 * 4
    assert query.grad is not None
    assert found.cost().peak < 4 * 1000 * 1000


def test_costs_add_up() -> None:
    one = Cost(1, 2, 3, 4, 5)
    assert one * 3 + Cost(1, 1, 1, 1, 9) == Cost(4, 7, 10, 13, 9)
    assert Speed(10, 10, 10, 10).seconds(one) == pytest.approx(1.0)


def test_a_device_is_measured() -> None:
    found = measure(torch.device("cpu"), torch.float32)
    assert min(found.products, found.convolutions, found.bytes, found.calls) > 1e3


def test_the_bundled_base_is_never_refused() -> None:
    base = BASES[BUNDLED]
    tuned = check(estimate_tuning(base, device=LAPTOP, speed=SLOW), base)
    assert tuned.memory < 0.5e9
    assert (tuned.download, tuned.placement) == (0, "whole")
    assert tuned.parameters < 12e6
    assert 10 < tuned.seconds < 3600
    assert tuned.sentence.startswith("Estimate: fine-tuning takes at least about ")
    check(estimate_drawing(base, 8, device=LAPTOP, speed=SLOW), base)
    assert told(base, find_preset(base.preset)) == ""


@pytest.fixture(scope="module")
def sd14() -> Base:
    return BASES["sd14"]


def test_stable_diffusion_needs_memory_a_gpu_or_another_base(sd14: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "downloaded", lambda base: False)
    small = estimate_tuning(sd14, device=LAPTOP, speed=SLOW)
    assert small.parameters == 859_520_964 + 123_060_480 + 83_653_863
    assert small.weights == 4 * small.parameters
    with pytest.raises(PreflightError, match=r"of RAM \(estimated\)") as caught:
        check(small, sd14)
    assert BUNDLED in caught.value.remedy
    assert "GPU of" in caught.value.remedy
    slow = estimate_tuning(sd14, device=WORKSTATION, speed=SLOW)
    assert slow.seconds > 100 * estimate_tuning(sd14, device=WORKSTATION, speed=FAST).seconds
    with pytest.raises(PreflightError, match="without a GPU"):
        check(slow, sd14)
    tuned = estimate_tuning(sd14, device=CARD, speed=FAST)
    monkeypatch.setattr(preflight, "free_disk", lambda: 1e9)
    with pytest.raises(PreflightError, match="on the disk"):
        check(tuned, sd14)
    monkeypatch.setattr(preflight, "free_disk", lambda: 1e12)
    check(tuned, sd14)
    assert "after a download of 4.3 GB" in tuned.sentence
    assert tuned.card <= 12
    assert tuned.card <= small.card <= 16  # of what a CPU's 32-bit numbers would be on a GPU


def test_drawing_fits_smaller_cards_model_by_model(sd14: Base) -> None:
    found = [estimate_drawing(sd14, 8, device=replace(CARD, free=free), speed=FAST) for free in (11.5e9, 3.5e9)]
    assert [estimate.placement for estimate in found] == ["whole", "offloaded"]
    assert found[0].memory > found[1].memory


def test_what_is_trained_is_laid_out_whole_or_refused(sd14: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "measure", lambda *_: FAST)
    monkeypatch.setattr(preflight, "downloaded", lambda base: True)
    monkeypatch.setattr(preflight, "choose_device", lambda *_: torch.device("cuda"))
    monkeypatch.setattr(preflight, "find_device", lambda *_: replace(CARD, free=4.6e9))
    assert preflight.placement_for(sd14) == "offloaded"
    with pytest.raises(PreflightError, match="Training needs the whole of"):
        preflight.placement_for(sd14, whole=True)
    monkeypatch.setattr(preflight, "find_device", lambda *_: CARD)
    assert preflight.placement_for(sd14, whole=True) == "whole"


def test_a_card_draws_many_pictures_a_few_at_a_time(sd14: Base) -> None:
    few, many = (estimate_drawing(sd14, pictures, device=CARD, speed=FAST) for pictures in (10, 32))
    assert many.memory == few.memory < 6e9
    assert many.seconds == pytest.approx(3.2 * few.seconds)
    assert estimate_drawing(sd14, 10, precise=True, device=CARD, speed=FAST).memory > 1.5 * few.memory


def test_no_base_is_trained_that_lies_elsewhere(sd14: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "measure", lambda *_: FAST)
    monkeypatch.setattr(preflight, "downloaded", lambda base: True)
    plain = find_preset(sd14.preset).model_copy(update={"prior_weight": 0.0, "sample_every": 0, "batch": 1})
    needed = estimate_tuning(sd14, plain, device=CARD, speed=FAST).memory
    drawing = estimate_drawing(sd14, 10, device=CARD, speed=FAST).memory
    free = max(needed, drawing)
    monkeypatch.setattr(preflight, "find_device", lambda *_: replace(CARD, free=free + 1))
    preflight.check_tuning(sd14, plain)
    if needed < drawing:  # it would fit, were the models where they are needed
        monkeypatch.setattr(preflight, "find_device", lambda *_: replace(CARD, free=(needed + drawing) / 2))
        with pytest.raises(PreflightError, match="needs the whole of"):
            preflight.check_tuning(sd14, plain)
        preflight.check_tuning(sd14, plain, held=drawing)  # its own models are there already


def test_shaking_whole_models_takes_more_than_a_card_for_lora_has(sd14: Base) -> None:
    found = {}
    for key in ("lora", "end_to_end"):
        settings = ShakeSettings(methods=(key,))
        found[key] = estimate_shaking(sd14, settings, planned(settings), device=CARD, speed=FAST)
    assert found["end_to_end"].memory - found["lora"].memory == pytest.approx(3 * found["lora"].weights)
    assert found["lora"].weights == 4 * found["lora"].parameters  # in 32 bits
    with pytest.raises(PreflightError, match=r"Shaking with .* of memory of a card"):
        check(found["end_to_end"], sd14)
    more = ShakeSettings(methods=("lora", "end_to_end"))
    assert estimate_shaking(sd14, more, planned(more), device=CARD, speed=FAST).seconds > found["lora"].seconds


def test_more_steps_take_longer_and_nothing_is_kept_from_one_to_the_other(sd14: Base) -> None:
    preset = find_preset("face64-cpu")
    base = BASES[BUNDLED]
    once = estimate_tuning(base, preset.model_copy(update={"sample_every": 0}), device=LAPTOP, speed=SLOW)
    twice = estimate_tuning(
        base, preset.model_copy(update={"sample_every": 0, "steps": 400}), device=LAPTOP, speed=SLOW
    )
    assert twice.seconds == pytest.approx(2 * once.seconds)
    assert twice.memory == once.memory


def test_a_refused_job_does_not_begin(tiny_base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "find_base", lambda key: tiny_base)
    monkeypatch.setattr(story, "pipeline", lambda key, **_: pytest.fail("a model was loaded"))
    monkeypatch.setattr(preflight, "find_device", lambda *_: replace(LAPTOP, free=1e4))
    with pytest.raises(PreflightError, match="RAM"):
        story.tune([], None, base_key="tiny", settings=LoraSettings(steps=1))


def test_what_is_told_counts_what_is_held_and_says_nothing_of_a_gpu_elsewhere(
    sd14: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "measure", lambda *_: FAST)
    monkeypatch.setattr(preflight, "downloaded", lambda base: True)
    monkeypatch.setattr(preflight, "find_device", lambda *_: replace(CARD, free=2e9))
    settings = find_preset(sd14.preset)
    assert "free memory" in told(sd14, settings)
    assert told(sd14, settings, held=9e9).startswith("Estimate: fine-tuning takes")
    monkeypatch.setattr(services, "held", lambda key: {"sd14": 9e9}[key])
    assert services.estimate_here(sd14, settings) == told(sd14, settings, held=9e9)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert told(sd14, settings) == ""


def test_words() -> None:
    assert [preflight.duration(s) for s in (0.2, 40, 600, 5400)] == ["1 s", "40 s", "10 min", "1.5 h"]
    assert [preflight.gigabytes(b) for b in (1e6, 2.34e9, 12.2e9)] == ["0.1 GB", "2.3 GB", "12 GB"]
