"""An audit's verdict in words."""

from __future__ import annotations

import math

from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.verdicts.audit import AuditGrade, AuditVerdict, Noise


def sentences(found: AuditVerdict, language: Language = ENGLISH) -> tuple[str, ...]:
    """The verdict first, then the trials, and what may not be said."""
    whole = {
        name: language.fixed(getattr(found, name), 0) for name in ("trials", "found", "inside", "false", "outside")
    }
    said = [
        _first(found, language),
        language.say("audit.trials", **whole),
        *_noise(found.noise, language),
        language.say("audit.object", steps=language.fixed(found.steps, 0)),
        language.say("audit.saw.gradients" if found.gradients else "audit.saw.file"),
    ]
    if found.clipped is not None:
        said.append(language.say("audit.clipped", share=language.share(found.clipped)))
    said += [language.say("audit.largest", largest=language.epsilon(found.largest)), language.say("audit.refutes")]
    return tuple(said)


def _first(found: AuditVerdict, language: Language) -> str:
    shown = language.say(
        "audit.shown",
        epsilon=language.epsilon(found.epsilon_lower),
        confidence=language.short(found.confidence),
        delta=language.plain(found.delta),
    )
    claimed = language.epsilon(found.claimed)
    if found.grade is AuditGrade.NO_CLAIM:
        return language.say("audit.no claim", shown=shown)
    if found.grade is AuditGrade.TOO_FEW_TRIALS:
        return language.say(
            "audit.too few trials",
            largest=language.epsilon(found.largest),
            trials=language.fixed(found.trials, 0),
            claimed=claimed,
            needed=language.fixed(found.needed or 0, 0),
        )
    if found.grade is AuditGrade.CONSISTENT:
        return language.say("audit.consistent", shown=shown, claimed=claimed)
    if found.nominal:
        return language.say("audit.wrong.nominal", shown=shown, claimed=claimed)
    if found.exceeded:
        return language.say("audit.wrong.exceeded", shown=shown, claimed=claimed)
    return language.say("audit.wrong.separated", claimed=claimed, confidence=language.short(found.confidence))


def _noise(noise: Noise | None, language: Language) -> list[str]:
    if noise is None:
        return []
    if math.isinf(noise.at_most):
        return [language.say("audit.noise.any")]
    numbers = {"at_most": language.short(noise.at_most), "claimed": language.short(noise.claimed)}
    return [language.say("audit.noise", **numbers, epsilon=language.epsilon(noise.epsilon_lower))]
