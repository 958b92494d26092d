"""Which run a check-point belongs to, and which encoder may be replaced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import parallel_parts
import pytest

from demo.attack.weight_encoder import EncoderSettings
from demo.errors import SettingsError, WeightsError
from demo.finetune.settings import LoraSettings
from demo.models.bases import BUNDLED
from demo.models.fingerprints import weights_digest
from demo.train import encoder
from demo.train.__main__ import main
from demo.train.zoo import Zoo, build

LORA = LoraSettings(steps=1, batch=2, prior_weight=0, lr=1e-3, unet_rank=4, text_rank=4)
PARTS = EncoderSettings()
HOW = encoder.TrainSettings(updates=1, people=2, pictures=1)


def test_a_check_point_is_resumed_by_its_own_run_alone(tiny_pipe, tiny_base, tmp_path: Path, capsys) -> None:
    build(tiny_pipe, tiny_base, parallel_parts.people(), LORA, tmp_path / "zoo", group=4)
    zoo, work = Zoo(tmp_path / "zoo"), tmp_path / "enc"

    def train(parts: EncoderSettings = PARTS, how: encoder.TrainSettings = HOW, lora: LoraSettings = LORA) -> None:
        fresh = encoder.new_encoder(tiny_pipe, tiny_base, lora, parts)
        encoder.train(tiny_pipe, tiny_base, fresh, lora, how, work=work, zoo=zoo)

    train()
    train()
    kept = (work / "checkpoint.safetensors").read_bytes()
    assert "resumed" in capsys.readouterr().out
    for other in (
        {"parts": PARTS.model_copy(update={"causal": False})},
        {"parts": PARTS.model_copy(update={"variational": False})},
        {"how": HOW.model_copy(update={"embedding_weight": 0.3})},
        {"how": HOW.model_copy(update={"noise_from": 0.5})},
        {"how": HOW.model_copy(update={"updates": 2})},
        {"lora": LORA.model_copy(update={"steps": 2})},
    ):
        with pytest.raises(WeightsError, match=r"enc away or delete it, or take another --work"):
            train(**other)
    assert (work / "checkpoint.safetensors").read_bytes() == kept


def test_other_weights_are_another_base(tiny_base, tmp_path: Path) -> None:
    other = replace(tiny_base, source=str(copytree(tiny_base.source, tmp_path / "base")))
    assert weights_digest(other) == weights_digest(tiny_base)
    (tmp_path / "base" / "encoder.safetensors").write_bytes(b"not the model")
    assert weights_digest(other) == weights_digest(tiny_base)
    (tmp_path / "base" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"another model")
    assert weights_digest(other) != weights_digest(tiny_base)


def test_an_encoder_of_other_settings_is_not_replaced_unasked(tiny_pipe, tiny_base, tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    encoder.check_place(path, PARTS, HOW)
    fresh = encoder.new_encoder(tiny_pipe, tiny_base, LORA, PARTS)
    encoder.save(path, fresh, tiny_base, HOW, None)
    encoder.check_place(path, PARTS, HOW.model_copy(update={"updates": 7}))
    for parts, how in (
        (PARTS.model_copy(update={"causal": False}), HOW),
        (PARTS, HOW.model_copy(update={"lr": 1e-4})),
    ):
        with pytest.raises(SettingsError, match="--out FILE"):
            encoder.check_place(path, parts, how)


def test_the_command_asks_for_a_place_before_it_trains(capsys) -> None:
    assert main(["encoder", "--no-causal", "--device", "cpu", "--work", "/nowhere"]) == 2
    assert f"{BUNDLED}/encoder.safetensors was trained with other settings" in capsys.readouterr().err
