"""An audit from beginning to end: play, bound, judge."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace

from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.audit.bounds import Rates, chosen_and_tested, perfect
from demo.audit.game import Game
from demo.audit.profile import noise_at_most, refuted
from demo.audit.result import AuditResult, Shape
from demo.audit.settings import FEWEST, AuditSettings
from demo.defences import accounting
from demo.defences.base import Defence
from demo.defences.dpdm import Dpdm
from demo.errors import Stopped
from demo.finetune.settings import LoraSettings
from demo.models.bases import Base
from demo.progress import UNWATCHED, Progress, Watcher

DELTA = 1e-6  # where the defence has none of its own


def audit(
    pipe: StableDiffusionPipeline,
    base: Base,
    photos: Sequence[Image.Image],
    defence: Defence,
    *,
    settings: LoraSettings,
    audit: AuditSettings | None = None,
    watcher: Watcher = UNWATCHED,
) -> AuditResult:
    """Bound the epsilon of a defence from below by an attack, and hold it against its ledger.

    The pipeline is left as it was found. A stop keeps the trials played so far.

    Args:
        photos: aligned pictures beside the canary; may be empty.
        settings: of fine-tuning; ``audit.steps`` takes the place of its steps.
        watcher: told after every trial, asked before every one.

    Raises:
        SettingsError: the defence cannot be had so, or has no noisy gradients to look at.
        Stopped: stopped before there was anything to say.
    """
    audit = audit or AuditSettings()
    changes: dict[str, object] = {"steps": audit.steps, "sample_every": 0}
    if audit.mode == "gradients":
        changes["prior_weight"] = 0.0  # class images are public: the adversary would only subtract them
    settings = settings.model_copy(update=changes)
    scores: tuple[list[float], list[float]] = ([], [])
    began = time.monotonic()
    with Game(pipe, base, photos, defence, settings, audit) as game:
        for done in range(audit.trials):
            if watcher.stopped:
                break
            scores[done % 2].append(game.play(present=done % 2 == 0))
            left = (time.monotonic() - began) / (done + 1) * (audit.trials - done - 1)
            watcher.tell(Progress("audit", done + 1, audit.trials, eta_s=left))
    if len(scores[0]) + len(scores[1]) < FEWEST:
        raise Stopped
    return judge(defence, settings, audit, game, scores, time.monotonic() - began)


def judge(
    defence: Defence,
    settings: LoraSettings,
    audit: AuditSettings,
    game: Game,
    scores: tuple[list[float], list[float]],
    seconds: float,
) -> AuditResult:
    """Both bounds from the scores, each with half of what the confidence leaves open, and what they mean."""
    ledger = defence.ledger(game.photos, settings, game.steps)
    delta = ledger.delta if ledger.delta is not None else DELTA
    trials, shaped = len(scores[0]) + len(scores[1]), isinstance(defence, Dpdm) and game.steps > 0
    each = 1 - (1 - audit.confidence) / (2 if shaped else 1)
    threshold, rates = chosen_and_tested(*scores, each, lambda r: r.epsilon(delta))
    clipped = sum(game.clipped) / len(game.clipped) if game.clipped else None
    found = AuditResult(
        defence=defence.key,
        title=defence.label,
        mode=audit.mode,
        trials=trials,
        planned=audit.trials,
        confidence=audit.confidence,
        level=each,
        steps=game.steps,
        photos=game.photos,
        delta=delta,
        claimed=ledger.photo_epsilon,
        guarantee=ledger.guarantee,
        threshold=threshold,
        rates=rates,
        epsilon_lower=rates.epsilon(delta),
        largest=perfect(trials, each).epsilon(delta),
        shape=_shape(defence, settings, game, scores, each) if isinstance(defence, Dpdm) and shaped else None,
        clipped=clipped,
        inside=scores[0],
        outside=scores[1],
        seconds=round(seconds, 1),
    )
    return replace(found, sentences=found.words())


def _shape(
    defence: Dpdm, settings: LoraSettings, game: Game, scores: tuple[list[float], list[float]], confidence: float
) -> Shape:
    q, sigma, steps = defence.q(game.photos, settings), defence.sigma(game.photos, settings), game.steps
    threshold, rates = chosen_and_tested(*scores, confidence, advantage)
    most = noise_at_most(rates, q, steps)
    if math.isinf(most):
        epsilon = 0.0
    elif most == 0:
        epsilon = math.inf
    else:
        epsilon = accounting.photo_epsilon(most, q, steps, defence.delta, defence.accountant)
    could = refuted(perfect(len(scores[0]) + len(scores[1]), confidence), sigma, q, steps)
    return Shape(threshold, rates, sigma, most, epsilon, could)


def advantage(rates: Rates) -> float:
    """What a threshold for :func:`_shape` is chosen by: near the best one for every noise that was tried."""
    return rates.tpr_low - rates.fpr_high
