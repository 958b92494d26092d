"""What holds for every defence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from demo.defences.registry import DEFENCES, NoDefence, choose
from demo.defences.release import released
from demo.errors import SettingsError
from demo.finetune import class_images
from demo.finetune.dreambooth import FineTuned, fine_tune
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, expected_shapes, read_lora, write_lora
from demo.lora.ledger import write_ledger

SETTINGS = LoraSettings(
    unet_rank=2, text_rank=2, unet_alpha=3, text_alpha=2, steps=2, batch=2, class_batch=2, lr=1e-2, class_images=4,
    sample_every=0,
)  # fmt: skip


def test_all_of_them_are_there_and_none_comes_first() -> None:
    assert list(DEFENCES) == ["none", "dpdm", "dpgm", "gaussian", "truncate", "int8", "mp_lora", "smp_lora"]


@pytest.mark.parametrize("key", DEFENCES)
def test_every_defence_says_what_it_is(key: str) -> None:
    kind, chosen = DEFENCES[key], choose(key)
    assert isinstance(chosen, kind)
    assert chosen.key == key
    assert kind.title
    assert kind.explanation.endswith(".")
    assert chosen.label.startswith(kind.title)
    assert kind.has_epsilon == ("epsilon" in kind.model_fields)
    assert ("noise_seed" in kind.model_fields) == ("noise" in kind.model_fields)


def test_titles_are_told_apart() -> None:
    assert len({kind.title for kind in DEFENCES.values()}) == len(DEFENCES)


def refuse(word: str) -> None:
    pytest.fail(f"{word} is no strict JSON")


@pytest.mark.parametrize("key", DEFENCES)
def test_every_defence_tunes_and_releases_a_file_with_a_ledger(
    key: str, tiny_pipe, tiny_base, pictures, monkeypatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    defence = choose(key)
    defence.check(len(pictures), SETTINGS)
    tuned = fine_tune(tiny_pipe, tiny_base, pictures, SETTINGS, defence=defence)
    path = write_lora(tmp_path / "lora.safetensors", tuned.lora)
    back = read_lora(path, base_shapes=expected_shapes(tiny_pipe))
    assert all(torch.equal(back.tensors[name], tensor) for name, tensor in tuned.lora.tensors.items())
    assert back.alphas == pytest.approx(dict(tuned.lora.alphas))
    assert any(back.delta(module).abs().max() > 0 for module in back.modules())
    assert tuned.ledger is not None
    text = write_ledger(path, tuned.ledger).read_text(encoding="utf-8")
    ledger = json.loads(text, parse_constant=refuse)
    assert ledger["defence"] == key
    assert (ledger["steps"], ledger["photos"]) == (2, len(pictures))
    assert ledger["guarantee"] in {"proved", "nominal", "none"}
    assert all(sentence.endswith(".") for sentence in ledger["sentences"])
    assert (ledger["guarantee"] == "none") == (ledger["photo_epsilon"] is None)
    assert tuned.trigger not in text
    assert "seed" not in ledger["settings"]
    assert "noise_seed" not in ledger["settings"]


MODULE = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k"


@pytest.mark.parametrize("key", DEFENCES)
@pytest.mark.parametrize(("stored", "assumed"), [(False, True), (True, False), (False, False)])
def test_a_defence_keeps_what_is_known_of_the_alphas(key: str, stored: bool, assumed: bool) -> None:
    lora = LoraWeights(
        tensors={f"{MODULE}.lora_A.weight": torch.randn(2, 8), f"{MODULE}.lora_B.weight": torch.randn(8, 2)},
        alphas={MODULE: 2.0},
        metadata={"made by": "somebody"},
        stored_alphas=stored,
        assumed=assumed,
    )
    tuned = FineTuned(lora, "trigger", steps=2, stopped=False)
    given = [lora.unet(), choose(key).release(lora)]
    if choose(key).trains_plainly:
        given.append(released(tuned, choose(key), 4, SETTINGS).lora)
    for out in given:
        assert (out.assumed, out.stored_alphas, out.metadata) == (assumed, stored, lora.metadata)
        assert (out.assumption is not None) == assumed


def test_fields_of_weights_are_given_by_name_alone() -> None:
    with pytest.raises(TypeError):
        LoraWeights({}, {})  # type: ignore[misc]


def test_unknown_keys_and_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="truncate"):
        choose("magic")
    for key in DEFENCES:
        with pytest.raises(SettingsError, match="no setting called colour"):
            choose(key, colour="red")
    with pytest.raises(SettingsError, match="epsilon"):
        choose("truncate", epsilon=2.0)


def test_none_is_a_value_where_a_setting_may_be_none() -> None:
    assert choose("dpdm", noise_multiplier=2, epsilon=None).model_dump()["epsilon"] is None
    assert choose("dpdm", noise_multiplier=2).model_dump()["epsilon"] == 10
    with pytest.raises(SettingsError, match="rank"):
        choose("truncate", rank=None)
    assert choose() == NoDefence()
