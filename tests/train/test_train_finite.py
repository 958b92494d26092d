"""What is not finite is neither kept in a check-point nor written into a zoo."""

from __future__ import annotations

from pathlib import Path

import parallel_parts
import pytest
import torch
from safetensors.torch import load_file

from demo.attack.weight_encoder import EncoderSettings
from demo.errors import WeightsError
from demo.finetune.settings import LoraSettings
from demo.train import encoder, zoo

LORA = LoraSettings(steps=1, batch=2, prior_weight=0, lr=1e-3, unet_rank=4, text_rank=4)


def test_an_update_that_is_not_finite_leaves_the_check_point_as_it_was(
    tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.build(tiny_pipe, tiny_base, parallel_parts.people(), LORA, tmp_path / "zoo", group=4)
    calls: list[float] = []
    sound = encoder.noise_error

    def broken(*given: object) -> torch.Tensor:
        calls.append(1.0 if len(calls) < 2 else float("nan"))
        return sound(*given) * calls[-1]

    monkeypatch.setattr(encoder, "noise_error", broken)
    fresh = encoder.new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings())
    settings = encoder.TrainSettings(updates=5, people=2, pictures=1)
    bank = zoo.Zoo(tmp_path / "zoo")
    with pytest.raises(WeightsError, match=r"Update 3: the loss is nan.*Lower --lr"):
        encoder.train(tiny_pipe, tiny_base, fresh, LORA, settings, work=tmp_path / "enc", zoo=bank, checkpoint_every=0)
    path = tmp_path / "enc" / "checkpoint.safetensors"
    assert parallel_parts.content(path)[1]["seen"] == "2"
    assert all(tensor.isfinite().all() for tensor in load_file(path).values())
    assert all(p.isfinite().all() for p in fresh.parameters())


def test_who_is_not_finite_is_left_out_of_a_zoo(
    tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    people, sound = parallel_parts.people(), zoo.encode_pictures
    broken = [people[1]]
    monkeypatch.setattr(
        zoo, "encode_pictures", lambda pipe, own: sound(pipe, own) * (float("nan") if own in broken else 1.0)
    )
    zoo.build(tiny_pipe, tiny_base, people, LORA, tmp_path, group=4)
    (path,) = tmp_path.iterdir()
    found = load_file(path)
    assert all(len(tensor) == 3 and tensor.isfinite().all() for tensor in found.values())
    assert torch.equal(found["latents"], torch.stack([sound(tiny_pipe, people[i]) for i in (0, 2, 3)]).half())
    assert "group 1: 1 left out" in capsys.readouterr().out
    assert zoo.Zoo(tmp_path).people == 3
    path.unlink()
    broken[:] = people
    with pytest.raises(WeightsError, match="Group 0 of the zoo"):
        zoo.build(tiny_pipe, tiny_base, people, LORA, tmp_path, group=4)
    assert list(tmp_path.iterdir()) == []
    assert not any("lora" in name.lower() for name, _ in tiny_pipe.unet.named_modules())
