from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.errors import PhotoError, SettingsError, Stopped, WeightsError
from demo.models.bases import BUNDLED, Base, find_base
from demo.models.load import load_pipeline
from demo.models.sampling import draw_prompt
from demo.paths import WEIGHTS
from demo.photos.ingest import read_photos
from demo.progress import Watcher
from demo.shake.gate.decision import Gate, best_threshold, calibrate, judge, load_gate, refuse_drawn
from demo.shake.gate.evidence import Evidence, EvidenceSettings, detail, evidence
from demo.workflow import story


def made(decoder: float, denoiser: float, seed: int = 0, n: int = 5) -> Evidence:
    generator = torch.Generator().manual_seed(seed)
    return Evidence(*(level + 0.1 * torch.randn(n, generator=generator) for level in (decoder, denoiser)))


def sets(decoder: float, denoiser: float, count: int) -> list[Evidence]:
    return [made(decoder, denoiser, seed) for seed in range(count)]


def test_evidence_is_lower_for_what_the_model_can_make(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, pictures: list[Image.Image]
) -> None:
    found = evidence(tiny_pipe, tiny_base, pictures, EvidenceSettings(batch=2))
    assert found.decoder.shape == found.denoiser.shape == (5,)
    whole = evidence(tiny_pipe, tiny_base, pictures)
    torch.testing.assert_close(found.decoder, whole.decoder, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(found.denoiser, whole.denoiser, rtol=1e-3, atol=1e-4)

    class Perfect:
        sample = tiny_pipe.image_processor.preprocess(pictures[:1])

    tiny_pipe.vae.decode = lambda *_: Perfect  # the decoder makes the first picture whatever it is given
    own, other = (evidence(tiny_pipe, tiny_base, [p]).decoder.item() for p in (pictures[0], pictures[1]))
    assert own < other - 5


def test_decoder_error_is_a_share_of_the_detail_there_is(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, pictures: list[Image.Image]
) -> None:
    pixels = tiny_pipe.image_processor.preprocess(pictures[:1])
    torch.testing.assert_close(detail(pixels / 2 + 0.1), detail(pixels) / 4, rtol=1e-3, atol=1e-6)
    assert detail(torch.full((1, 3, 16, 16), 0.3)).item() == pytest.approx(0, abs=1e-9)
    pale = Image.eval(pictures[0], lambda v: v // 2 + 64)  # half the contrast
    found = []
    for picture in (pictures[0], pale):
        x = tiny_pipe.image_processor.preprocess([picture])
        tiny_pipe.vae.decode = lambda *_, x=x: type("Decoded", (), {"sample": x + 0.2 * (x - x.mean())})
        found.append(evidence(tiny_pipe, tiny_base, [picture]).decoder.item())
    assert found[1] == pytest.approx(found[0], abs=0.1)


@pytest.mark.slow
def test_shipped_gate_passes_the_examples_and_refuses_its_own_drawings() -> None:
    base = find_base(BUNDLED)
    gate, pipe = load_gate(base), load_pipeline(base, "cpu")
    own = draw_prompt(pipe, base, base.class_prompt, 6, seed=3)
    assert judge(gate, pipe, base, own).drawn
    for folder in sorted(p for p in (WEIGHTS / "people" / "examples").iterdir() if p.is_dir()):
        paths = sorted(folder.glob("*.webp"))
        photos = [p.aligned for p in read_photos(paths, side=base.side, minimum=3, maximum=20)]
        assert not judge(gate, pipe, base, photos).drawn, folder.name


def test_evidence_takes_any_size_and_stops(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, pictures: list[Image.Image]
) -> None:
    big = [p.resize((32, 32)) for p in pictures[:2]]
    assert torch.isfinite(evidence(tiny_pipe, tiny_base, big).denoiser).all()
    assert len(evidence(tiny_pipe, tiny_base, []).decoder) == 0
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        evidence(tiny_pipe, tiny_base, pictures, watcher=Watcher(stop=stop))


def test_scores_are_in_deviations_of_photographs(tiny_base: Base) -> None:
    gate = calibrate(tiny_base, sets(-8, -3, 6), sets(-5, -2, 6))
    assert gate.value(made(-5, -2)) == pytest.approx(0, abs=1.5)
    assert gate.value(made(-8, -2), "decoder") == pytest.approx(3 / gate.decoder.deviation, rel=0.1)
    assert gate.value(made(-8, -2), "denoiser") == pytest.approx(0, abs=1.5)
    both = gate.value(made(-7, -3), "both")
    assert both == pytest.approx(gate.value(made(-7, -3), "decoder") + gate.value(made(-7, -3), "denoiser"))


def test_calibrated_gate_tells_sets_it_has_not_seen(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, pictures: list[Image.Image]
) -> None:
    gate = calibrate(tiny_base, sets(-8, -3, 6), sets(-5, -2, 6))
    assert gate.value(made(-8, -3, seed=99)) > gate.threshold > gate.value(made(-5, -2, seed=99))
    real = evidence(tiny_pipe, tiny_base, pictures)
    own = Evidence(real.decoder - 3, real.denoiser - 1)
    gate = calibrate(tiny_base, [own], [real])
    decision = judge(gate, tiny_pipe, tiny_base, pictures)
    assert not decision.drawn
    assert decision.sentence.startswith("Accepted")
    harsh = gate.model_copy(update={"threshold": -1.0})
    assert judge(harsh, tiny_pipe, tiny_base, pictures).sentence.startswith("Refused")
    with pytest.raises(SettingsError, match="Calibrate"):
        judge(gate, tiny_pipe, replace(tiny_base, key="other"), pictures)
    with pytest.raises(SettingsError, match="no pictures"):
        judge(gate, tiny_pipe, tiny_base, [])


def test_threshold_lies_in_the_gap() -> None:
    assert best_threshold([5.0, 6.0], [0.0, 1.0]) == 3
    assert best_threshold([1.0, 5.0, 6.0], [0.0, 2.0, 2.5]) == 3.75
    assert best_threshold([2.0], [2.0]) == 2


def test_calibration_needs_both_kinds(tiny_base: Base) -> None:
    for drawn, real in ((sets(-8, -3, 1), []), ([], sets(-5, -2, 1)), (sets(-8, -3, 1), [made(-5, -2, n=1)])):
        with pytest.raises(SettingsError, match="both kinds"):
            calibrate(tiny_base, drawn, real)


def test_comes_back_from_its_file(tiny_base: Base, tmp_path: Path) -> None:
    gate = calibrate(tiny_base, sets(-8, -3, 3), sets(-5, -2, 3), score="decoder")
    path = gate.save(tmp_path / "gate.json")
    assert load_gate(tiny_base, path) == gate
    assert isinstance(load_gate(tiny_base, path), Gate)
    path.write_text('{"format": "lora-leak-gate/2"}')
    with pytest.raises(WeightsError, match="cannot be read"):
        load_gate(tiny_base, path)
    with pytest.raises(WeightsError, match="no gate"):
        load_gate(tiny_base)


def test_a_set_that_the_model_drew_is_refused_before_any_step(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = calibrate(tiny_base, sets(-9, -6, 4), sets(-3, -2, 4))
    for drawn in (True, False):
        level = -9.0 if drawn else -3.0
        monkeypatch.setattr("demo.shake.gate.decision.evidence", lambda *_, level=level, **__: made(level, level / 1.5))
        if drawn:
            with pytest.raises(PhotoError, match="drawn by the model"):
                refuse_drawn(gate, tiny_pipe, tiny_base, pictures)
        else:
            refuse_drawn(gate, tiny_pipe, tiny_base, pictures)


def test_a_story_with_a_gate_asks_it_first(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "find_base", lambda key: tiny_base)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    with pytest.raises(WeightsError, match="no gate"):
        story.tune(pictures, None, base_key="tiny", gate=True)
    monkeypatch.setattr(story, "load_gate", lambda base: calibrate(tiny_base, sets(-9, -6, 4), sets(-3, -2, 4)))
    monkeypatch.setattr("demo.shake.gate.decision.evidence", lambda *_, **__: made(-9, -6))
    steps: list[object] = []

    def begun(*_: object, **__: object) -> None:
        steps.append(1)
        raise Stopped

    monkeypatch.setattr(story, "fine_tune_part", begun)
    with pytest.raises(PhotoError, match="Refused"):
        story.tune(pictures, None, base_key="tiny", gate=True)
    assert not steps
    with pytest.raises(Stopped):
        story.tune(pictures, None, base_key="tiny")
    assert steps
