"""The GPU bench on tiny models: everything runs, whatever fails is written down, and the plan follows its formula."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from demo.bench import __main__, gpu, gpu_rows, measure, plan
from demo.bench.diffusers_loop import DiffusersLoop
from demo.bench.random_base import noise_pictures
from demo.errors import DemoError, SettingsError
from demo.train.precision import computes_in

CPU = torch.device("cpu")


@pytest.fixture
def world(tmp_path: Path) -> gpu_rows.World:
    torch.set_num_threads(1)
    made = gpu.new_world(CPU, torch.float32, tmp_path, tiny=True)
    made.seconds, made.rounds = 0.0, 1
    return made


def rows(world: gpu_rows.World, section: str) -> Iterator[tuple[str, dict[str, object]]]:
    for name, row in gpu_rows.SECTIONS[section](world):
        yield name, row()


def test_a_step_beside_that_of_diffusers_script(world: gpu_rows.World) -> None:
    dict(rows(world, "matmul"))
    assert world.peak == world.peaks[torch.float32]
    assert world.training_peak == world.peaks[computes_in("cpu")]
    name, found = next(rows(world, "against diffusers"))
    assert name == "text encoder on"
    assert found["ratio"] == pytest.approx(found["theirs"]["seconds"] / found["ours"]["seconds"], rel=1e-6)
    assert found["met"] == (found["ratio"] >= gpu_rows.LORA_AIM)
    for side in (found["ours"], found["theirs"]):
        assert 0 < side["share_of_peak"] < 1
        assert side["flops"] > 0
        assert side["step_mb"] >= 0
        assert "peak_mb" not in side  # both loops are alive: it would be neither's
    assert found["theirs"]["flops"] > found["ours"]["flops"]  # the VAE encodes at every step
    assert not any(".lora_" in n for n, _ in world.pipe.unet.named_modules())


def test_diffusers_loop_trains_the_same_matrices(world: gpu_rows.World) -> None:
    pictures = noise_pictures(2, world.base.side)
    settings = world.settings.model_copy(update={"lr": 1e-2})
    with world.problem() as problem:
        ours = sorted(tuple(p.shape) for p in problem.parameters)
    loop = DiffusersLoop(world.pipe, pictures, pictures, *world.prompts(), settings)
    before = [p.detach().clone() for p in loop._parameters]
    assert sorted(tuple(p.shape) for p in before) == ours
    assert all(isinstance(loop(), float) for _ in range(3))
    names = [name for model in (loop._unet, loop._text) for name, p in model.named_parameters() if p.requires_grad]
    still = [name for name, a, b in zip(names, before, loop._parameters, strict=True) if torch.equal(a, b)]
    # At one pixel a token attends to itself alone, whatever its query: that gradient is nothing but rounding.
    assert all(".attn1.to_q.lora_B" in name for name in still)
    assert len(still) < len(names) / 10
    assert not any(p.requires_grad for p in world.pipe.unet.parameters())
    loop.close()


def test_encoder_rows_count_identities(world: gpu_rows.World) -> None:
    processors = {type(p) for p in world.pipe.unet.attn_processors.values()}
    found = dict(rows(world, "encoder"))
    literal, zoo = found["Algorithm 2 literally, K = 1"], found["zoo, K = 2"]
    assert zoo["seconds_per_identity"] == pytest.approx(zoo["seconds"] / 2)
    assert zoo["ratio"] > 0
    assert literal["flops"] > zoo["flops"] / 2 > 0  # it fine-tunes, too
    assert {type(p) for p in world.pipe.unet.attn_processors.values()} == processors


def test_lora_dp_and_attack_rows(world: gpu_rows.World) -> None:
    steps = gpu_rows.lora(world)
    named = {name: row for name, row in steps if name in {"batch 1", "batch 4, UNet alone, checkpointing"}}
    plain, spared = (row() for row in named.values())
    assert plain["gradients_finite"]
    assert 0 <= plain["gradients_zero"] < 0.5
    assert spared["flops"] > 2 * plain["flops"]  # four times the pictures, and forward passes anew
    assert not world.pipe.unet.is_gradient_checkpointing
    found = dict(rows(world, "dp-sgd"))
    assert list(found) == ["plain", "DP-SGD, K = 1"]
    found = dict(rows(world, "attack"))
    assert [row["pictures"] for row in found.values()] == [1, 8]


def test_half_precision_meets_no_other_type(tmp_path: Path) -> None:
    """What a GPU runs in: a base in fp16, adapters and encoder in fp32."""
    torch.set_num_threads(1)
    world = gpu.new_world(CPU, torch.float16, tmp_path, tiny=True)
    world.rounds = 1
    _, row = next(gpu_rows.against_diffusers(world))
    assert row()["ratio"] > 0
    for algorithm, people in (("algorithm2", 1), ("zoo", 2)):
        assert len(gpu_rows._updates(world, algorithm, people, 4)) == 1


def test_a_row_that_fails_stops_no_other_and_is_written(tmp_path: Path, monkeypatch, capsys) -> None:
    def broken() -> dict[str, object]:
        raise torch.OutOfMemoryError("CUDA out of memory.\nand more")

    def section(world: gpu_rows.World) -> Iterator[gpu_rows.Row]:
        """Some."""
        yield "broken", broken
        yield "whole", lambda: {"flop_per_s": 2e12, "side": 3}

    monkeypatch.setattr(gpu, "SECTIONS", {"first": section, "second": section})
    out = tmp_path / "gpu.json"
    assert __main__.main(["gpu", "--tiny", "--device", "cpu", "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert found["sections"]["second"] == {
        "broken": {"failed": "OutOfMemoryError: CUDA out of memory."},
        "whole": {"flop_per_s": 2e12, "side": 3},
    }
    assert found["warning"] == gpu.MEANINGLESS
    printed = capsys.readouterr().out
    assert json.loads(printed.splitlines()[-1]) == found
    assert "failed: OutOfMemoryError" in printed
    assert "2.00 TFLOP/s" in printed
    gpu.bench("cpu", tiny=True, limit_s=-1.0, out=out)
    assert "left_out" in json.loads(out.read_text())["sections"]["first"]["whole"]


def test_a_cpu_is_refused_kindly(capsys) -> None:
    assert __main__.main(["gpu", "--device", "cpu"]) == 2
    assert "--tiny" in capsys.readouterr().err


def test_sections_can_be_chosen(tmp_path: Path, capsys) -> None:
    out = tmp_path / "gpu.json"
    assert __main__.main(["gpu", "--tiny", "--device", "cpu", "--only", "matmul", "--out", str(out)]) == 0
    assert list(json.loads(out.read_text())["sections"]) == ["matmul"]
    assert __main__.main(["gpu", "--tiny", "--only", "matmull"]) == 2
    assert "against diffusers" in capsys.readouterr().err


def test_measures_are_what_they_say() -> None:
    layer, x = nn.Linear(8, 16, bias=False), torch.randn(4, 8)
    assert measure.flops(lambda: layer(x).sum().item()) == 2 * 4 * 8 * 16
    assert measure.matmul_peak(CPU, torch.float32, 64, 0.01) > 1e6
    found = measure.spread([1.0, 2.0, 4.0])
    assert (found["seconds"], found["per_s"], found["steps"]) == (2.0, 0.5, 3)
    assert len(measure.timed(lambda: None, CPU, 0.0)) == measure.LEAST
    with pytest.raises(DemoError, match="nan"):
        measure.warm(lambda: float("nan"), CPU)


FIGURES = {
    "what": "gpu",
    "warning": None,
    "device": "a GPU",
    "dtype": "float16",
    "sections": {
        "encoder": {
            plan.LITERAL: {"seconds_per_identity": 0.36, "seconds": 0.36, "people": 1, "flops": 6e12},
            "zoo, K = 8": {"seconds_per_identity": 0.036, "seconds": 0.288, "people": 8, "flops": 16e12},
            "zoo, K = 16": {"failed": "OutOfMemoryError"},
        },
        "lora": {plan.STEP: {"seconds": 0.09, "flops": 4e12}},
    },
}


def test_the_plan_follows_its_formula(tmp_path: Path, capsys) -> None:
    literal, zoo = plan.plans(FIGURES, price=3.0, updates=100_000, people=200)
    assert literal.hours == pytest.approx(100_000 * 0.36 / 3600)
    assert literal.cost == pytest.approx(30.0)
    assert zoo.hours == pytest.approx((200 * 1000 * 0.09 + 100_000 * 0.036) / 3600)
    from_there = plan.pays_from(literal, zoo, 100_000)
    assert 200 * 1000 * 0.09 + from_there * 0.036 == pytest.approx(from_there * 0.36)
    assert plan.pays_from(zoo, literal, 100_000) == float("inf")
    path = tmp_path / "gpu.json"
    path.write_text(json.dumps(FIGURES))
    assert __main__.main(["plan", "--figures", str(path), "--price", "3", "--people", "200"]) == 0
    said = capsys.readouterr().out
    assert "10.0 h" in said
    assert "Algorithm 2 meets 200 people" in said
    assert "from 55,556 updates on" in said


def test_a_plan_for_another_device_goes_by_the_operations(tmp_path: Path, capsys) -> None:
    literal, zoo = plan.plans(FIGURES, price=3.0, updates=100_000, people=200, flop_per_s=20e12)
    assert literal.hours == pytest.approx(100_000 * 6e12 / 20e12 / 3600)
    assert zoo.hours == pytest.approx((200 * 1000 * 4e12 + 100_000 * 2e12) / 20e12 / 3600)
    path = tmp_path / "gpu.json"
    path.write_text(json.dumps(FIGURES))
    asked = ["plan", "--figures", str(path), "--price", "3"]
    assert __main__.main([*asked, "--peak", "100", "--share", "0.2", "0.4"]) == 0
    said = capsys.readouterr().out
    assert "An estimate" in said
    assert "as measured" not in said
    assert said.index("20% of 100 TFLOP/s:") < said.index("8.3 h") < said.index("40% of 100 TFLOP/s:")
    assert __main__.main([*asked, "--peak", "100", "--share", "20"]) == 2
    assert "at most 1" in capsys.readouterr().err


def test_no_plan_without_figures(tmp_path: Path, capsys) -> None:
    with pytest.raises(SettingsError, match="tiny model"):
        plan.plans({**FIGURES, "warning": gpu.MEANINGLESS}, 1.0)
    with pytest.raises(SettingsError, match="no figures of encoder"):
        plan.plans({**FIGURES, "sections": {}}, 1.0)
    assert __main__.main(["plan", "--price", "1"]) == 2
    assert __main__.main(["plan", "--price", "1", "--figures", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().err
