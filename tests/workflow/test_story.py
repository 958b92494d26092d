"""The whole story on a tiny random base: nothing is recognised, and the report says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from demo.attack.registry import AttackSettings
from demo.attack.weight_encoder import EncoderSettings, save_encoder
from demo.defences.registry import choose
from demo.defences.release import card_path
from demo.errors import LoraFileError, WeightsError
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, write_lora
from demo.models.bases import Base
from demo.paths import PEOPLE
from demo.train.encoder import new_encoder
from demo.verdicts.story import Agreement, StoryGrade
from demo.workflow import story

QUICK = LoraSettings(steps=2, batch=2, class_batch=1, class_images=2, sample_every=0, unet_rank=4)


@pytest.fixture
def tiny_world(tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    encoder = save_encoder(
        tmp_path / "encoder.safetensors", new_encoder(tiny_pipe, tiny_base, QUICK, EncoderSettings())
    )
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: encoder)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    monkeypatch.setattr(story, "find_base", lambda key: tiny_base)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    return tiny_pipe


def test_from_photos_to_verdict(
    tiny_world, pictures: list[Image.Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(base: Base) -> Agreement:
        raise WeightsError("agreement.json cannot be read.", "Restore it.")

    monkeypatch.setattr(story, "load_agreement", damaged)
    tuned = story.tune(pictures, tmp_path / "lora.safetensors", base_key="tiny", settings=QUICK)
    released = story.open_lora(tmp_path / "lora.safetensors", base_key="tiny")
    settings = AttackSettings(samples=3)
    ruler = ["dlib_distance", "dlib_place"]
    report = story.compare(released, tuned.trigger, pictures, base_key="tiny", settings=settings, metrics=ruler)
    arms = {arm.key: arm for arm in report.arms}
    assert list(arms) == ["dreambooth", "encoder", "class_prompt", "random_trigger", "random_lora", "chance"]
    assert len(arms["encoder"].pictures) == 3
    assert all(0 <= arm.best < len(arm.pictures) for arm in report.arms)
    assert set(report.metrics) == set(arms)
    assert report.verdict.grade not in (None, StoryGrade.NOT_MEASURED)
    assert report.ceiling is not None
    assert report.ceiling.photos == len(pictures)
    assert "agreement.json cannot be read. Restore it." in report.notes  # no reason to give no verdict
    assert any("another person" in note for note in report.notes)  # two controls are missing, and it is said
    assert tuned.trigger not in str(report.settings)
    assert len(report.seen) == len(released.tensors)
    assert {"attack", "metrics"} <= set(report.seconds)


def test_a_defence_leaves_its_ledger_beside_the_file(tiny_world, pictures, tmp_path: Path) -> None:
    out, ledger = tmp_path / "lora.safetensors", tmp_path / "lora.ledger.json"
    defence = choose("dpdm", noise_multiplier=3.0)
    tuned = story.tune(pictures, out, base_key="tiny", settings=QUICK, defence=defence)
    kept = json.loads(ledger.read_text(encoding="utf-8"))
    assert tuned.ledger is not None
    assert (kept["defence"], kept["steps"]) == ("dpdm", 2)
    assert kept["person_epsilon"] == tuned.ledger.person_epsilon > kept["photo_epsilon"] > 0
    assert tuned.trigger not in ledger.read_text(encoding="utf-8")
    story.tune(pictures, out, base_key="tiny", settings=QUICK)
    assert not ledger.exists()  # it said nothing of the new file


def test_a_model_card_lies_beside_the_file_and_gives_nothing_away(tiny_world, pictures, tmp_path: Path) -> None:
    out = tmp_path / "lora.safetensors"
    tuned = story.tune(pictures, out, base_key="tiny", settings=QUICK)
    card = card_path(out).read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: diffusers\n")
    assert f"{len(tuned.lora.modules())} layers of" in card
    assert 'weight_name="lora.safetensors"' in card
    for secret in (tuned.trigger, str(tmp_path), Path.home().name + "/"):
        assert secret not in card


def test_without_the_trigger_there_is_no_dreambooth_line(tiny_world, pictures, tmp_path: Path) -> None:
    story.tune(pictures, tmp_path / "lora.safetensors", base_key="tiny", settings=QUICK)
    released = story.open_lora(tmp_path / "lora.safetensors", base_key="tiny")
    found = story.attack(released, base_key="tiny", settings=AttackSettings(samples=2))
    report = story.compare(
        released,
        None,
        pictures,
        base_key="tiny",
        settings=AttackSettings(samples=2),
        reconstruction=found,
        metrics=["dlib_distance"],
    )
    assert "dreambooth" not in [arm.key for arm in report.arms]
    assert next(arm for arm in report.arms if arm.key == "encoder").pictures is found.pictures


def test_a_lora_for_another_base_is_refused(tiny_world, tmp_path: Path) -> None:
    import torch

    name = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v"
    foreign = LoraWeights(
        tensors={f"{name}.lora_A.weight": torch.zeros(4, 768), f"{name}.lora_B.weight": torch.zeros(32, 4)},
        alphas={name: 4.0},
        metadata={},
    )
    path = write_lora(tmp_path / "foreign.safetensors", foreign)
    with pytest.raises(LoraFileError, match=r"foreign\.safetensors"):
        story.open_lora(path, base_key="tiny")


def test_the_stories_of_a_stand_come_with_a_sheet(tiny_world, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from demo.evaluate import attract
    from demo.origin import is_drawn, read_drawn

    base = story.find_base("tiny")
    monkeypatch.setattr(attract, "find_base", story.find_base)
    tune = story.tune
    monkeypatch.setattr(story, "tune", lambda photos, out, **how: tune(photos, out, settings=QUICK, **how))
    monkeypatch.setattr(attract, "AttackSettings", lambda: AttackSettings(samples=2))
    folder = PEOPLE / "examples" / "00"
    told = attract.write_story(folder, tmp_path / "out", "tiny", tmp_path)
    assert [path.name for path in told.written] == ["00-file.webp", "00-drawn.webp"]
    assert all(path.is_file() for path in told.written)
    assert told.owner.size == told.stranger.size == (base.side, base.side)
    sheet = read_drawn(attract.write_sheet(tmp_path / attract.SHEET, [told, told]))
    assert sheet.size == (4 * attract.SHEET_SIDE, 2 * attract.SHEET_SIDE)
    assert is_drawn(sheet)
