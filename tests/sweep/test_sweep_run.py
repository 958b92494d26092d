"""Sweeps on a tiny random base, with pixels in place of faces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import ClassVar

import numpy as np
import pytest
import torch

from demo.attack.registry import AttackSettings
from demo.attack.weight_encoder import EncoderSettings, save_encoder
from demo.defences import release
from demo.defences.base import Defence
from demo.defences.registry import choose
from demo.errors import PhotoError, SettingsError, WeightsError
from demo.faces import recognise
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.finetune.step import FineTuningTask, Step
from demo.lora.files import LoraWeights, read_lora
from demo.models.bases import BASES
from demo.progress import Progress, Watcher
from demo.sweep.model import Point, arm_keys, best_attack
from demo.sweep.run import CHANCE_ROUNDS, sweep
from demo.train.encoder import new_encoder
from demo.workflow import story

QUICK = LoraSettings(steps=2, batch=2, class_batch=1, class_images=2, sample_every=0, unet_rank=2, text_rank=2)
NONE, DPDM, INT8 = choose("none"), choose("dpdm", noise_multiplier=3), choose("int8")


class Broken(Defence):
    """Every loss is NaN."""

    key: ClassVar[str] = "broken"
    title: ClassVar[str] = "Broken"

    def training(self, problem: FineTuningTask) -> Step:
        class NanStep:
            def __call__(self) -> float:
                return float("nan")

            def close(self) -> None: ...

            def spent(self) -> None: ...

            def state_dict(self) -> dict[str, object]:
                return {}

            def load_state_dict(self, state: dict[str, object]) -> None: ...

        return NanStep()  # type: ignore[return-value]


class Large(Defence):
    """Needs more memory than there is."""

    key: ClassVar[str] = "large"
    title: ClassVar[str] = "Large"

    def training(self, problem: FineTuningTask) -> Step:
        raise torch.OutOfMemoryError("CUDA out of memory.")


class Refused(Defence):
    """Cannot be had."""

    key: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"

    def check(self, photos: int, settings: LoraSettings) -> None:
        raise SettingsError(f"Not with {photos} photos.", "Take more.")


class Infinite(Defence):
    """Releases what no reader takes."""

    key: ClassVar[str] = "infinite"
    title: ClassVar[str] = "Infinite"

    def release(self, lora: LoraWeights) -> LoraWeights:
        return LoraWeights(
            tensors={k: torch.full_like(v, torch.inf) for k, v in lora.tensors.items()}, alphas=lora.alphas, metadata={}
        )


@pytest.fixture
def tiny(tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    encoder = save_encoder(
        tmp_path / "encoder.safetensors", new_encoder(tiny_pipe, tiny_base, QUICK, EncoderSettings())
    )
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: encoder)
    monkeypatch.setitem(BASES, "tiny", tiny_base)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(
        recognise,
        "embed",
        lambda some: np.array([np.asarray(p.convert("L").resize((16, 8)), dtype=float).ravel() / 255 for p in some]),
    )
    monkeypatch.setattr("demo.sweep.run.point_name", lambda defence: defence.label)  # also those of no registry
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def run(photos, plan, **options):
    options = {"seed": 3, "attack": AttackSettings(samples=2), "metrics": ["dlib_distance"]} | options
    return sweep(photos, plan=plan, base_key="tiny", settings=QUICK, **options)


@pytest.mark.usefixtures("tiny")
def test_points_of_a_plan(pictures, tmp_path: Path) -> None:
    kept: list[Point] = []
    said: list[Progress] = []
    found = run(pictures, [NONE, DPDM], folder=tmp_path, keep=kept.append, watcher=Watcher(said.append))
    assert [point.label for point in found.points] == ["No defence", "DP-SGD (DPDM), σ = 3"]
    assert list(found.points) == kept
    assert found.planned == 2
    assert len(found.chance_pictures) == 2 * CHANCE_ROUNDS
    assert len(found.chance) == 1
    for point in found.points:
        assert tuple(point.arms) == tuple(point.pictures) == arm_keys()
        assert {len(pictures) for pictures in point.pictures.values()} == {2}
        assert point.best_attack == best_attack(point.arms)
        assert point.steps == point.ledger.steps == 2
        assert point.seconds > 0
    plain, private = found.points
    assert plain.ledger.guarantee == "none"
    assert 0 < private.ledger.photo_epsilon < 10
    assert private.ledger.person_epsilon > private.ledger.photo_epsilon
    assert [note for note in found.notes if "Too few photos" in note]
    # the files stay, the ledger beside the defended one alone
    assert (tmp_path / private.label / "lora.ledger.json").exists()
    assert not (tmp_path / plain.label / "lora.ledger.json").exists()
    first, second = (read_lora(tmp_path / point.label / "lora.safetensors") for point in found.points)
    assert any(not torch.equal(first.tensors[key], second.tensors[key]) for key in first.tensors)
    stages = [progress.stage for progress in said]
    assert "2 of 2: DP-SGD (DPDM), σ = 3: fine-tune" in stages
    assert "2 of 2: DP-SGD (DPDM), σ = 3: measure Weight encoder" in stages
    last = next(p for p in reversed(said) if p.stage.endswith("DP-SGD (DPDM), σ = 3: fine-tune"))
    assert (last.step, last.total) == (2, 2)
    assert last.loss is not None
    assert "photo level" in str(last.spent)


@pytest.mark.usefixtures("tiny")
def test_defences_differ_by_the_defence_alone(pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    trained, written = [], []
    train, write = story.tune, release.write_tuned
    monkeypatch.setattr(story, "tune", lambda *a, **k: trained.append(train(*a, **k)) or trained[-1])
    monkeypatch.setattr("demo.sweep.run.write_tuned", lambda out, tuned: written.append(tuned) or write(out, tuned))
    run(pictures, [INT8, DPDM, NONE])
    run(pictures, [NONE])
    # Rounding and no defence share a run: the plain one, which a run of its own repeats.
    assert len(trained) == 3
    assert len({found.trigger for found in written}) == 1
    rounded, private, plain, again = (found.lora.tensors for found in written)
    assert all(torch.equal(plain[key], again[key]) for key in plain)
    assert all(torch.allclose(plain[key], rounded[key], atol=plain[key].abs().max() / 100) for key in plain)
    assert any(not torch.equal(plain[key], rounded[key]) for key in plain)
    assert any(not torch.allclose(plain[key], private[key]) for key in plain)
    assert [found.ledger.defence for found in written] == ["int8", "dpdm", "none", "none"]


@pytest.mark.usefixtures("tiny")
def test_the_attacks_see_the_file_as_it_was_written(pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    open_lora = story.open_lora

    def watched(path: Path, **options: str) -> LoraWeights:
        opened.append(path)
        assert path.exists()
        return open_lora(path, **options)

    monkeypatch.setattr(story, "open_lora", watched)
    run(pictures, [NONE])
    assert len(opened) == 1
    assert not opened[0].exists()  # a temporary folder, gone


@pytest.mark.usefixtures("tiny")
def test_what_stops_one_defence_is_a_note(pictures) -> None:
    found = run(pictures, [Broken(), Large(), Refused(), Infinite(), NONE])
    assert [point.key for point in found.points] == ["none"]
    assert found.planned == 5
    notes = "\n".join(found.notes)
    assert "Broken could not be tried: The loss is nan at step 1." in notes
    assert "Large could not be tried: The GPU ran out of memory. Take fewer photos" in notes
    assert "Refused could not be tried: Not with 5 photos." in notes
    assert "Infinite could not be tried:" in notes


@pytest.mark.usefixtures("tiny")
def test_what_would_stop_every_defence_is_an_error(pictures, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(PhotoError):
        run([], [NONE])
    damaged = tmp_path / "encoder.safetensors"
    damaged.write_bytes(b"no encoder")
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: damaged)
    with pytest.raises(WeightsError):
        run(pictures, [NONE, INT8])


@pytest.mark.usefixtures("tiny")
def test_a_base_without_an_encoder_is_swept_by_the_other_attacks(pictures, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: tmp_path / "none.safetensors")
    found = run(pictures, [NONE])
    assert set(found.points[0].arms) == {"dreambooth", "class_prompt", "random_trigger"}
    assert any("There is no weight encoder" in note for note in found.notes)


@pytest.mark.usefixtures("tiny")
def test_finished_points_are_not_run_again(pictures) -> None:
    first = run(pictures, [NONE])
    kept: list[Point] = []
    said: list[Progress] = []
    again = run(pictures, [INT8, NONE], done=first.points, keep=kept.append, watcher=Watcher(said.append))
    assert [point.key for point in again.points] == ["int8", "none"]
    assert again.points[1] is first.points[0]
    assert [point.key for point in kept] == ["int8"]
    assert not [progress for progress in said if "No defence" in progress.stage]


@pytest.mark.usefixtures("tiny")
def test_a_stop_returns_what_is_finished_now_and_earlier(pictures) -> None:
    earlier = run(pictures, [INT8])
    stop = Event()

    def halt(progress: Progress) -> None:
        if progress.stage == "2 of 3: DP-SGD (DPDM), σ = 3: fine-tune":
            stop.set()

    found = run(pictures, [NONE, DPDM, INT8], done=earlier.points, watcher=Watcher(halt, stop))
    assert [point.key for point in found.points] == ["none", "int8"]
    assert found.planned == 3
    assert any(note.startswith("Stopped after 2 of 3") for note in found.notes)
    assert found.chance


@pytest.mark.usefixtures("tiny")
def test_chance_is_taken_over_from_an_earlier_sweep(pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = run(pictures, [])
    assert begun.chance
    monkeypatch.setattr("demo.sweep.run.chance_arm", None)  # may not be drawn again
    found = run(pictures, [NONE], begun=begun)
    assert (found.chance, found.chance_pictures) == (begun.chance, begun.chance_pictures)
    assert len(found.points) == 1
    stop = Event()
    stop.set()
    assert run(pictures, [NONE], begun=begun, watcher=Watcher(stop=stop)).chance == begun.chance


@pytest.mark.usefixtures("tiny")
def test_a_stop_before_chance_returns_nothing_new(pictures) -> None:
    stop = Event()
    stop.set()
    found = run(pictures, [NONE], watcher=Watcher(stop=stop))
    assert (list(found.points), list(found.chance), list(found.chance_pictures)) == ([], [], [])


@pytest.mark.usefixtures("tiny")
def test_a_stop_while_drawing_keeps_no_half_point(pictures) -> None:
    stop = Event()

    def halt(progress: Progress) -> None:
        if progress.stage.endswith("class prompt"):
            stop.set()

    assert run(pictures, [NONE], watcher=Watcher(halt, stop)).points == []


@pytest.mark.usefixtures("tiny")
def test_photos_are_kept_apart_for_scoring(pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    train = story.tune
    monkeypatch.setattr(story, "tune", lambda photos, *a, **k: used.append(len(photos)) or train(photos, *a, **k))
    found = run([*pictures, *pictures], [NONE])
    assert (used, len(found.photos)) == ([5], 5)
    assert any("scored against 5 others" in note for note in found.notes)
    assert "seed" not in found.settings["fine-tuning"]
