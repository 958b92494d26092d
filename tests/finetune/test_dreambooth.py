from __future__ import annotations

import random
from pathlib import Path
from threading import Event

import pytest
import torch

from demo.errors import DemoError, PhotoError
from demo.finetune import class_images
from demo.finetune.dreambooth import adapters, applied, fine_tune, new_trigger
from demo.finetune.settings import PRESETS, LoraSettings, find_preset
from demo.lora.files import expected_shapes, read_lora, write_lora
from demo.models.sampling import draw, encode_prompts
from demo.progress import Progress, Watcher

QUICK = LoraSettings(steps=4, batch=2, class_batch=2, class_images=3, lr=1e-2, sample_every=2)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


def fingerprint(pipe) -> float:
    return sum(float(p.double().abs().sum()) for m in (pipe.unet, pipe.text_encoder) for p in m.parameters())


def test_trigger_is_4_to_11_lower_case_letters() -> None:
    rng = random.Random(0)
    triggers = [new_trigger(rng) for _ in range(500)]
    assert {len(t) for t in triggers} == set(range(4, 12))
    assert all(t.isalpha() and t.islower() for t in triggers)


def test_pipeline_is_left_as_it_was_found_and_the_matrices_moved(tiny_pipe, tiny_base, pictures) -> None:
    names, before = [n for n, _ in tiny_pipe.unet.named_modules()], fingerprint(tiny_pipe)
    tuned = fine_tune(tiny_pipe, tiny_base, pictures, QUICK)
    assert [n for n, _ in tiny_pipe.unet.named_modules()] == names
    assert fingerprint(tiny_pipe) == before
    assert not any(p.requires_grad for p in tiny_pipe.unet.parameters())
    b = [t for n, t in tuned.lora.tensors.items() if "lora_B" in n]
    assert b
    assert all(t.abs().max() > 0 for t in b)  # B starts at zero
    assert tuned.steps == 4
    assert not tuned.stopped


def test_released_file_says_nothing_of_the_trigger_and_fits_the_base(tiny_pipe, tiny_base, pictures, tmp_path) -> None:
    tuned = fine_tune(tiny_pipe, tiny_base, pictures, QUICK)
    path = write_lora(tmp_path / "lora.safetensors", tuned.lora)
    data = path.read_bytes()
    assert tuned.trigger.encode() not in data
    assert str(tmp_path).encode() not in data
    assert b"photo of" not in data
    back = read_lora(path, base_shapes=expected_shapes(tiny_pipe))
    assert {m.split(".")[0] for m in back.modules()} == {"unet", "text_encoder"}
    assert all(m.endswith(("to_q", "to_v", "q_proj", "v_proj")) for m in back.modules())


def test_stop_keeps_what_is_trained(tiny_pipe, tiny_base, pictures) -> None:
    stop, seen = Event(), []

    def report(progress: Progress) -> None:
        seen.append(progress)
        if progress.stage == "fine-tune" and progress.step == 2:
            stop.set()

    tuned = fine_tune(tiny_pipe, tiny_base, pictures, QUICK, watcher=Watcher(report, stop))
    assert tuned.stopped
    assert tuned.steps == 2
    assert any(p.pictures for p in seen)
    assert all(p.eta_s is not None and p.eta_s >= 0 for p in seen if p.stage == "fine-tune")


def test_same_seed_same_file_other_seed_other_file(tiny_pipe, tiny_base, pictures) -> None:
    a = fine_tune(tiny_pipe, tiny_base, pictures, QUICK, seed=3)
    b = fine_tune(tiny_pipe, tiny_base, pictures, QUICK, seed=3)
    c = fine_tune(tiny_pipe, tiny_base, pictures, QUICK, seed=4)
    assert a.trigger == b.trigger != c.trigger
    assert all(torch.equal(a.lora.tensors[n], b.lora.tensors[n]) for n in a.lora.tensors)
    assert not all(torch.equal(a.lora.tensors[n], c.lora.tensors[n]) for n in a.lora.tensors)


def test_no_photos_and_a_loss_that_is_not_finite(tiny_pipe, tiny_base, pictures) -> None:
    with pytest.raises(PhotoError, match="no photos"):
        fine_tune(tiny_pipe, tiny_base, [], QUICK)
    for p in tiny_pipe.unet.parameters():
        p.data.fill_(float("nan"))
    settings = QUICK.model_copy(update={"prior_weight": 0.0, "sample_every": 0})
    with pytest.raises(DemoError, match="Lower the learning rate"):
        fine_tune(tiny_pipe, tiny_base, pictures, settings)
    assert not any("lora" in n for n, _ in tiny_pipe.unet.named_modules())


def test_applied_is_the_adapter_and_comes_off_bit_for_bit(tiny_pipe, tiny_base, pictures) -> None:
    before = fingerprint(tiny_pipe)
    tuned = fine_tune(tiny_pipe, tiny_base, pictures, QUICK)
    x, t = torch.randn(1, 4, 4, 4), torch.tensor([500])
    context = torch.randn(1, 5, 32)
    with adapters(tiny_pipe, QUICK), torch.no_grad():
        for name, module in tiny_pipe.unet.named_modules():
            if f"unet.{name}.lora_A.weight" in tuned.lora.tensors:
                module.lora_A["released"].weight.copy_(tuned.lora.tensors[f"unet.{name}.lora_A.weight"])
                module.lora_B["released"].weight.copy_(tuned.lora.tensors[f"unet.{name}.lora_B.weight"])
        wanted = tiny_pipe.unet(x, t, encoder_hidden_states=context).sample
    with applied(tiny_pipe, tuned.lora), torch.no_grad():
        merged = tiny_pipe.unet(x, t, encoder_hidden_states=context).sample
    assert torch.allclose(merged, wanted, atol=1e-5)
    assert fingerprint(tiny_pipe) == before
    with torch.no_grad():
        assert not torch.allclose(tiny_pipe.unet(x, t, encoder_hidden_states=context).sample, wanted, atol=1e-5)


def test_class_latents_are_made_once(tiny_pipe, tiny_base, tmp_path, monkeypatch) -> None:
    first = class_images.class_latents(tiny_pipe, tiny_base, 3)
    monkeypatch.setattr(class_images, "_batch", lambda *a, **k: pytest.fail("drawn again"))
    again = class_images.class_latents(tiny_pipe, tiny_base, 2)
    assert torch.allclose(first[:2].half().float(), again)


def test_same_seed_same_starting_noise(tiny_pipe, tiny_base) -> None:
    z = encode_prompts(tiny_pipe, ["a photo of a person"])
    a, b = (draw(tiny_pipe, z, each=2, guidance=2.0, steps=3, seed=5) for _ in range(2))
    c = draw(tiny_pipe, z, each=2, guidance=2.0, steps=3, seed=6)
    assert [p.tobytes() for p in a] == [p.tobytes() for p in b]
    assert a[0].tobytes() != c[0].tobytes()
    assert a[0].tobytes() != a[1].tobytes()


def test_presets_and_settings_reject_what_they_do_not_know() -> None:
    assert PRESETS["sd-gpu"].unet_alpha == 27
    assert PRESETS["sd-gpu"].steps == 1000
    with pytest.raises(DemoError, match="face64-cpu"):
        find_preset("laptop")
    with pytest.raises(ValueError, match="learning_rate"):
        LoraSettings(learning_rate=1)  # type: ignore[call-arg]
