from __future__ import annotations

from dataclasses import replace

import pytest
from fake_shake import NAMES, FakeShaker
from markup import Html

from demo.defences.registry import choose
from demo.errors import SettingsError
from demo.models.bases import BUNDLED
from demo.progress import UNWATCHED
from demo.session.desk import ShakeTerms, Shook
from demo.shake.model import Experiment, Shake, ShakeSettings
from demo.ui import shake_result

SETTINGS = ShakeSettings(methods=("lora", "perturb"), ranks=(1, 32), stds=(2e-4, 1.6e-3))
TERMS = ShakeTerms(NAMES[0], BUNDLED, (), None)


@pytest.fixture(scope="module")
def shake() -> Shake:
    fake = FakeShaker()
    experiment = Experiment(fake.domain(NAMES[0], BUNDLED), SETTINGS, seed=1)
    return fake.run(experiment, base_key=BUNDLED, watcher=UNWATCHED)


def test_the_roc_holds_the_methods_and_not_every_point_of_a_curve(shake: Shake) -> None:
    html = Html(shake_result.figure(shake))
    for words in ("before: AUC", "LoRA, rank 8, SP set: AUC", "LoRA, rank 8, OoD set", "Perturbation", "guessing"):
        assert words in html.words
    assert "rank 32" not in html.words
    assert "false positives" in html.words


def test_results_hold_verdict_plots_pairs_and_table(shake: Shake) -> None:
    html = Html(shake_result.results(shake))
    assert "Shaking leaked" in html.words
    assert "Rank of the LoRA" in html.words
    assert "Noise on the weights" in html.words
    assert "Tokens of Textual Inversion" not in html.words
    assert "1 training picture extracted" in html.words
    assert "No candidate" in html.words
    assert all(image["alt"] and (image["src"] or "").startswith("data:image/png;base64,") for image in html.images)
    assert len(html.images) == 3 * 2 * 2 + 16  # three models fine-tuned on SP sets, two pairs each; the set
    assert len(html.ids) == len(set(html.ids))
    assert html.words.count("LoRA, rank 8, SP set") >= 2
    assert "What the figures do not say" in html.words
    assert "cannot resolve a false-positive rate of 1.0%" in html.words


def test_pictures_that_may_not_be_shown_are_not(shake: Shake) -> None:
    hidden = replace(shake, domain=replace(shake.domain, publishable=False))
    assert Html(shake_result.results(hidden)).images == []


def test_half_a_run_is_not_judged_in_colour(shake: Shake) -> None:
    half = replace(shake, arms=shake.arms[:1])
    assert 'class="ll-verdict leaked"' in shake_result.results(half)
    running = shake_result.results(half, running=True)
    assert 'class="ll-verdict open"' in running
    assert f"So far, 1 of {shake.planned}" in running
    assert "Stopped after 1 of" in shake_result.results(half)
    assert "Stopped" not in running
    assert "Nothing was fine-tuned yet" in shake_result.results(replace(shake, arms=[]), running=True)


def test_how_far_it_has_come(shake: Shake) -> None:
    def state(made: Shake | None, running: bool = False) -> str:
        return shake_result.state(Shook(made, TERMS, 1, running))

    assert "Tick more methods" in state(shake)
    half = replace(shake, arms=shake.arms[:2])
    assert "2 of 7 fine-tuned models attacked. Continue goes on" in state(half)
    assert "the rest takes about 1 min 2 s" in state(half, running=True)  # 5 models of 12.5 s
    assert "on its way" in state(replace(shake, arms=[]), running=True)
    assert "being attacked" in state(None, running=True)
    assert "Stopped before anything" in state(None)


def test_the_estimate_counts_models() -> None:
    assert "1 fine-tuned model:" in shake_result.estimate(ShakeSettings(control=False))
    assert "7 fine-tuned models: each is asked" in shake_result.estimate(SETTINGS)
    guarded = shake_result.estimate(ShakeSettings(), choose("dpdm", epsilon=2))
    assert "3 fine-tuned models" in guarded  # LoRA on its own pictures without and with it, and the control
    with pytest.raises(SettingsError, match="LoRA, which is not among the methods"):
        shake_result.estimate(ShakeSettings(methods=("dreambooth",)), choose("dpdm", epsilon=2))
