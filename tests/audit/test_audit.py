"""The audit fails a mechanism that was broken on purpose, and passes the right one."""

from __future__ import annotations

import json
from threading import Event

import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.audit.game import Game
from demo.audit.result import AuditResult
from demo.audit.run import audit
from demo.audit.settings import AuditSettings
from demo.audit.watch import Watch
from demo.defences import dpdm
from demo.defences.base import Defence, NoDefence
from demo.defences.dpdm import Dpdm
from demo.defences.noise import Noise
from demo.errors import SettingsError, Stopped
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.models.bases import Base
from demo.progress import Progress, Watcher

SETTINGS = LoraSettings(
    unet_rank=2, unet_alpha=2, train_text_encoder=False, batch=1, class_batch=1, lr=1e-2, class_images=2
)
STRICT = Dpdm(epsilon=0.1, clip=0.005)
FEW = AuditSettings(trials=28, steps=1, seed=5, loss_draws=2, references=1)


@pytest.fixture(autouse=True)
def one_thread(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path)
    torch.set_num_threads(1)  # more only get in each other's way on a model of this size


def run(pipe: StableDiffusionPipeline, base: Base, photos: list[Image.Image], **changes: object) -> AuditResult:
    defence = changes.pop("defence", STRICT)
    assert isinstance(defence, Defence)
    return audit(pipe, base, photos, defence, settings=SETTINGS, audit=FEW.model_copy(update=changes))


def test_the_right_mechanism_passes(tiny_pipe, tiny_base) -> None:
    found = run(tiny_pipe, tiny_base, [])
    assert found.claimed == pytest.approx(0.1, rel=0.02)
    assert found.largest > found.claimed  # so many trials could have shown more than is claimed
    assert found.epsilon_lower <= found.claimed
    assert found.shape is not None
    assert found.shape.could_refute
    assert not found.shape.refuted
    assert found.verdict == "consistent"
    assert found.clipped == 1.0  # the canary is as bad as one photo can be
    assert "Consistent" in found.sentences[0]


def test_noise_turned_off_is_found_out(tiny_pipe, tiny_base, monkeypatch) -> None:
    monkeypatch.setattr(Noise, "normal", lambda self, like: torch.zeros_like(like))
    found = run(tiny_pipe, tiny_base, [])
    assert found.epsilon_lower > found.claimed
    assert found.shape is not None
    assert found.shape.sigma_at_most < found.shape.claimed_sigma
    assert found.verdict == "wrong"
    assert "wrong" in found.sentences[0]


def test_clipping_left_out_is_found_out(tiny_pipe, tiny_base, monkeypatch) -> None:
    monkeypatch.setattr(dpdm, "clip_factors", lambda gradients, clip: torch.ones(len(gradients)))
    found = run(tiny_pipe, tiny_base, [], defence=STRICT.model_copy(update={"clip": 1e-5}))
    assert found.verdict == "wrong"
    assert found.epsilon_lower > found.claimed


def test_the_canary_stays_out_and_what_is_left_over_is_its_gradient(
    tiny_pipe, tiny_base, pictures, monkeypatch
) -> None:
    """With next to no noise, what the adversary sees beside the other photos is the clipped canary, or nothing."""
    seen: list[tuple[bool, float, float]] = []
    look = Watch.look

    def telling(self: Watch) -> None:
        look(self)
        seen.append((bool(self._mask[-1]), int(self._mask.sum()), self.score * self._sigma**2))

    monkeypatch.setattr(Watch, "look", telling)
    quiet = Dpdm(epsilon=None, noise_multiplier=1e-4, clip=0.005)
    settings = SETTINGS.model_copy(update={"batch": 2, "steps": 1, "prior_weight": 0.0})
    with Game(tiny_pipe, tiny_base, pictures[:3], quiet, settings, FEW) as game:
        for number in range(12):
            game.play(present=number % 2 == 0)
    outside = seen[1::2]
    assert not any(drawn for drawn, _, _ in outside)
    assert any(drawn for drawn, _, _ in seen[::2])
    assert max(size for _, size, _ in outside) > 0  # others are drawn all the same
    drawn = [score for there, _, score in seen if there]
    assert drawn == pytest.approx([0.5] * len(drawn), abs=1e-2)  # |g|^2 / 2 with |g| = C
    assert all(abs(score) < 1e-2 for there, _, score in seen if not there)


def test_a_defence_that_claims_nothing_is_measured_by_the_file(tiny_pipe, tiny_base, pictures) -> None:
    class Leaky(Defence):
        """Trains as usual on a canary, and on nothing without it."""

        key = "leaky"
        title = "Leaky"
        explanation = ""

        def training(self, problem):
            step = super().training(problem)
            if len(problem.photos) < 3:
                problem.optimiser.param_groups[0]["lr"] = 0.0
            return step

    found = run(tiny_pipe, tiny_base, pictures[:2], defence=Leaky(), mode="file", trials=8)
    assert found.verdict == "no claim"
    assert found.shape is None
    assert found.outside == pytest.approx([0.0] * 4, abs=1e-6)  # nothing was trained, so nothing was lowered
    assert all(abs(score) > 1e-6 for score in found.inside)
    assert "No epsilon is claimed" in found.sentences[0]


def test_the_file_mode_measures_what_is_released(tiny_pipe, tiny_base, pictures) -> None:
    class Empty(Defence):
        """Releases a file of zeros."""

        key = "empty"
        title = "Empty"
        explanation = ""

        def release(self, lora: LoraWeights) -> LoraWeights:
            return LoraWeights(
                tensors={name: torch.zeros_like(t) for name, t in lora.tensors.items()}, alphas=lora.alphas
            )

    assert run(tiny_pipe, tiny_base, pictures[:2], defence=Empty(), mode="file", trials=8).inside == [0.0] * 4


def test_dp_sgd_is_audited_by_the_file_too(tiny_pipe, tiny_base, pictures) -> None:
    found = run(tiny_pipe, tiny_base, pictures[:2], mode="file", trials=8)
    assert found.verdict == "too few trials"
    assert "Too few trials" in found.sentences[0]
    assert any(abs(score) > 0 for score in [*found.inside, *found.outside])


def test_the_pipeline_is_left_as_it_was_found(tiny_pipe, tiny_base, pictures) -> None:
    before = {name: p.clone() for name, p in tiny_pipe.unet.named_parameters()}
    for mode in ("gradients", "file"):
        with Game(
            tiny_pipe, tiny_base, pictures[:2], STRICT, SETTINGS.model_copy(update={"steps": 1}),
            FEW.model_copy(update={"mode": mode}),
        ) as game:  # fmt: skip
            game.play(present=True)
    after = dict(tiny_pipe.unet.named_parameters())
    assert set(after) == set(before)
    assert all((after[name] == before[name]).all() for name in before)
    assert not any(module._forward_hooks for module in tiny_pipe.unet.modules())


def test_a_stop_keeps_what_was_played_and_is_refused_when_that_is_nothing(tiny_pipe, tiny_base) -> None:
    stop, seen = Event(), []

    def report(progress: Progress) -> None:
        seen.append(progress)
        if progress.step == 8:
            stop.set()

    found = audit(tiny_pipe, tiny_base, [], STRICT, settings=SETTINGS, audit=FEW, watcher=Watcher(report, stop))
    assert (found.trials, found.planned) == (8, 28)
    assert [p.step for p in seen] == list(range(1, 9))
    assert seen[0].total == 28
    with pytest.raises(Stopped):
        audit(tiny_pipe, tiny_base, [], STRICT, settings=SETTINGS, audit=FEW, watcher=Watcher(stop=stop))


def test_only_dp_sgd_has_noisy_gradients(tiny_pipe, tiny_base, pictures) -> None:
    with pytest.raises(SettingsError, match="mode 'file'"):
        run(tiny_pipe, tiny_base, [], defence=NoDefence())
    with pytest.raises(SettingsError, match=r"at most 0\.001"):
        run(tiny_pipe, tiny_base, pictures, defence=Dpdm(delta=0.5, epsilon=1.0))


def test_json_is_strict_and_holds_the_figures(tiny_pipe, tiny_base) -> None:
    found = json.loads(json.dumps(run(tiny_pipe, tiny_base, [], trials=8).as_json(), allow_nan=False))
    assert {"verdict", "trials", "confidence", "rates", "epsilon_lower", "claimed", "largest", "sentences"} <= set(
        found
    )
    assert {"tpr", "fpr", "tpr_low", "fpr_high"} <= set(found["rates"])
    assert len(found["inside"]) == len(found["outside"]) == 4
