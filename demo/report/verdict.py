"""The result in plain language, with the controls held against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demo.attack.registry import ATTACKS
from demo.faces.recognise import SAME_PERSON
from demo.metrics.base import MetricResult
from demo.metrics.registry import IDENTITY, PLACE, RANK
from demo.report.arms import NULLS, is_attack
from demo.stats.intervals import Array, Difference, chance_rank, contrast, unpaired_difference

TRIED = {"random_trigger": "With a random trigger word"}  # any other attack is called by its name
LEAST_PICTURES = 4  # of an arm, for a finding that there is nothing
BY_ACCIDENT = 0.05  # of a place among the decoys: a nearer one is a trace
RANK_SHARE = 0.01  # recognised means: among the nearest 1% of all people compared


@dataclass(frozen=True)
class Verdict:
    """What one story shows."""

    headline: str
    sentences: tuple[str, ...]
    leaked: bool  # somebody with the file alone gets pictures that are recognised as the person, beyond the controls
    conclusive: bool = False  # True: a leak, or none where one would have been seen


@dataclass(frozen=True)
class _Arm:
    """Measurements of one arm."""

    distances: Array
    ranks: Array  # empty where not measured
    among: int  # people ranked, this one included
    place: int | None = None  # of the person among them, by all pictures together

    @property
    def distance(self) -> float:
        return float(np.median(self.distances))  # as of ranks: one failed picture takes nothing back

    @property
    def p(self) -> float:
        """Of being so near by accident; NaN where not measured. The unit is the file, not the picture."""
        return float("nan") if self.place is None else self.place / self.among

    @property
    def recognised(self) -> bool:
        near = self.distance < SAME_PERSON
        return near and (not len(self.ranks) or float(np.median(self.ranks)) <= self.best_ranks)

    @property
    def best_ranks(self) -> float:
        return max(1.0, RANK_SHARE * self.among)

    def words(self) -> str:
        text = f"median distance {self.distance:.2f}"
        if len(self.ranks):
            return f"{text}, median rank {np.median(self.ranks):,.0f} of {self.among:,}"
        return f"{text}; rank not measured"


def called(key: str) -> str:
    """An attack's name in a sentence; that of one which is not registered any more is its key."""
    return ATTACKS[key].name if key in ATTACKS else f"the attack {key}"


def judge(metrics: Mapping[str, Sequence[MetricResult]]) -> Verdict:
    """Say what the measurements show, and what they do not.

    "Recognised" means: median dlib distance to the photos below 0.6 AND median rank within the nearest 1% of the
    decoys. An attack counts only if it is also nearer than every null control measured, by Welch's 95% interval. The
    null controls are those of one attack: the encoder, or the guessed trigger where there is no encoder. "No leak" is
    only concluded where DreamBooth itself is recognised, and no attack comes near (:func:`_excluded`).

    Args:
        metrics: arm -> results with the keys ``dlib_distance``, ``dlib_rank`` and ``dlib_place``. Arms known:
            dreambooth, encoder, class_prompt, random_trigger, random_lora, other_lora, swapped_model, chance; any may
            be missing. An arm that is not among them is one more attack.
    """
    arms = {key: arm for key, results in metrics.items() if (arm := _arm(results)) is not None}
    leads = [key for key, entry in ATTACKS.items() if entry.leads]  # the controls are held against the first one run
    lead = next((key for key in leads if key in metrics), leads[0])
    if lead not in arms:
        return Verdict(
            "Not judged: the reconstruction could not be measured",
            (_why_not(metrics, lead),),
            leaked=False,
        )
    closing = _anecdote(len(arms[lead].distances))
    chance = arms.get("chance")
    if chance is not None and chance.recognised:
        ruler = (
            f"Even unrelated people are taken for this person ({chance.words()}). "
            "The ruler does not separate people here, so nothing below 0.6 means anything."
        )
        return Verdict("Not judged: strangers are taken for the person", (ruler, closing), leaked=False)
    found = {key for key in arms if is_attack(key) and _found(key, arms, lead)}
    sentences = [
        _dreambooth(arms),
        _reconstruction(arms, lead),
        _against_class_prompt(arms, lead),
        *_nulls(arms, lead),
        *_other_attacks(arms, lead),
        *_swap(arms),
        closing,
    ]
    headline = (
        _headline(arms, found, lead) if ATTACKS[lead].needs_encoder else _headline_without_encoder(arms, found, lead)
    )
    return Verdict(headline, tuple(sentences), leaked=bool(found), conclusive=bool(found) or _excluded(arms))


def _arm(results: Sequence[MetricResult]) -> _Arm | None:
    found = {result.key: result for result in results if result.values}
    if IDENTITY not in found:
        return None
    distances = np.array(found[IDENTITY].values, dtype=np.float64)
    rank, place = found.get(RANK), found.get(PLACE)
    if rank is None or rank.among is None:  # a rank means nothing without the number of people ranked
        return _Arm(distances, np.zeros(0), 0)
    return _Arm(distances, np.array(rank.values), rank.among, None if place is None else round(place.values[0]))


def _why_not(metrics: Mapping[str, Sequence[MetricResult]], lead: str) -> str:
    reasons = [result.unavailable for result in metrics.get(lead, ()) if result.key == IDENTITY]
    return next(
        (reason for reason in reasons if reason), f"There is no dlib distance of the pictures of {called(lead)}."
    )


def _found(key: str, arms: Mapping[str, _Arm], lead: str) -> bool:
    nulls = NULLS if key == lead else ("chance",)  # the other nulls are controls of that attack alone
    return arms[key].recognised and all(_nearer(arms[key], arms[null]) for null in nulls if null in arms)


def _excluded(arms: Mapping[str, _Arm]) -> bool:
    """Whether no leak is a finding: there was something to find, and no attack is within reach of it.

    Every attack has lost at least half of what DreamBooth gains over chance (95%), and the person's place by its
    pictures is one that every second stranger would have.
    """
    dreambooth, chance = arms.get("dreambooth"), arms.get("chance")
    attacks = [arm for key, arm in arms.items() if is_attack(key)]
    if dreambooth is None or chance is None or not dreambooth.recognised:
        return False
    if min(len(arm.distances) for arm in (dreambooth, chance, *attacks)) < LEAST_PICTURES:
        return False

    def lost(attack: _Arm) -> bool:
        left = contrast([(0.5, chance.distances), (-1, attack.distances), (0.5, dreambooth.distances)])
        return left.high < 0 and attack.p > BY_ACCIDENT

    return all(lost(attack) for attack in attacks)


def _gap(arm: _Arm, other: _Arm) -> Difference:
    """How much nearer ``arm`` is than ``other``: positive is nearer."""
    return unpaired_difference(other.distances, arm.distances)


def _nearer(arm: _Arm, other: _Arm) -> bool:
    return _gap(arm, other).low > 0  # False for NaN: one picture shows no difference


def _interval(gap: Difference) -> str:
    if np.isnan(gap.low):
        return "one picture gives no interval"
    return f"95% interval over pictures {gap.low:.2f} to {gap.high:.2f}"


def _headline(arms: Mapping[str, _Arm], found: set[str], lead: str) -> str:
    encoder, class_prompt, name = arms[lead], arms.get("class_prompt"), called(lead)
    beats = class_prompt is not None and _nearer(encoder, class_prompt)
    if lead in found and beats:
        return f"The shared file gives the person away, and {name} shows more than the class prompt"
    if lead in found and class_prompt is None:
        return f"The shared file gives the person away; whether {name} is needed for it was not measured"
    if lead in found:
        return f"The shared file gives the person away, but {name} does not beat the class prompt"
    if "class_prompt" in found:
        return f"The shared file gives the person away to the class prompt; {name} does not find the person"
    if "random_trigger" in found:
        return f"The shared file gives the person away to a random trigger; {name} does not find the person"
    if found:
        return f"The shared file gives the person away to {called(min(found))}; {name} does not find the person"
    if encoder.recognised:
        return "Not shown: the pictures resemble the person, but are not told apart from the controls"
    if "dreambooth" in arms and not arms["dreambooth"].recognised:
        return "The person is not recognised, and with the secret trigger is not, either"
    return _weak(arms, lead)


def _headline_without_encoder(arms: Mapping[str, _Arm], found: set[str], lead: str) -> str:
    if lead in found:
        return f"The shared file gives the person away to {called(lead)}, without any encoder"
    if "class_prompt" in found:
        return "The shared file gives the person away to the class prompt, without any encoder"
    if found:
        return f"The shared file gives the person away to {called(min(found))}, without any encoder"
    if arms[lead].recognised:
        return "Not shown: the pictures resemble the person, but are not told apart from the controls"
    if "dreambooth" in arms and not arms["dreambooth"].recognised:
        return "The person is not recognised, and with the secret trigger is not, either"
    return f"{_weak(arms, lead)}; no encoder was there to try"


def _weak(arms: Mapping[str, _Arm], lead: str) -> str:
    controls = [arms[key] for key in NULLS if key in arms]
    if controls and all(_nearer(arms[lead], control) for control in controls) and arms[lead].p <= BY_ACCIDENT:
        return f"A trace of the person, place {arms[lead].place} of {arms[lead].among:,}, too weak to be recognised"
    return "The attack did not find the person"


def _dreambooth(arms: Mapping[str, _Arm]) -> str:
    arm = arms.get("dreambooth")
    if arm is None:
        return "DreamBooth's own pictures were not measured, so it is not known what there was to find."
    if arm.recognised:
        return f"DreamBooth itself worked: with the secret trigger the person is recognised ({arm.words()})."
    return (
        "DreamBooth itself did not work well enough: even with the secret trigger the person is not recognised "
        f"({arm.words()}). Attacks on this file say little."
    )


def _reconstruction(arms: Mapping[str, _Arm], lead: str) -> str:
    arm, whose = arms[lead], f"The reconstruction by {called(lead)}"
    limit = f"recognised means a median distance below {SAME_PERSON}"
    if len(arm.ranks):
        limit += f" and a median rank of {arm.best_ranks:.0f} or better"
    text = f"{whose} is {'' if arm.recognised else 'not '}recognised as the person ({arm.words()}; {limit})."
    if arm.place is None:
        return text
    return (
        f"{text} All pictures together put the person at place {arm.place:,} of {arm.among:,}; "
        f"a stranger would be that near in {arm.p:.1%} of cases."
    )


def _against_class_prompt(arms: Mapping[str, _Arm], lead: str) -> str:
    trivial, name = arms.get("class_prompt"), called(lead)
    if trivial is None:
        return f"The class prompt was not measured, so it is not known whether {name} adds anything."
    gap = _gap(arms[lead], trivial)
    start = name[0].upper() + name[1:]
    if gap.low > 0:
        return f"{start} beats the class prompt: it comes {gap.estimate:.2f} nearer ({_interval(gap)})."
    if gap.high < 0:
        how, share = f"the class prompt comes {-gap.estimate:.2f} nearer", "more"
    else:
        side = "nearer" if gap.estimate > 0 else "farther"
        how, share = f"it comes {abs(gap.estimate):.2f} {side}, which is no clear difference", "about as much"
    return (
        f"{start} does not beat the class prompt: {how} ({_interval(gap)}). "
        f"Asking the fine-tuned model for 'a photo of a person' shows {share}, without any encoder."
    )


def _nulls(arms: Mapping[str, _Arm], lead: str) -> list[str]:
    sentences = []
    for key, what in NULLS.items():
        if key not in arms:
            continue
        gap, arm = _gap(arms[lead], arms[key]), arms[key]
        expected = (
            f"; chance would be rank {chance_rank(arm.among - 1):,.0f}" if key == "chance" and len(arm.ranks) else ""
        )
        result = "The reconstruction is nearer" if gap.low > 0 else "The reconstruction is not clearly nearer"
        sentences.append(f"Control, {what}: {arm.words()}{expected}. {result} ({_interval(gap)}).")
    return sentences or ["No null control was measured, so nothing rules out that the likeness is accidental."]


def _other_attacks(arms: Mapping[str, _Arm], lead: str) -> list[str]:
    return [
        f"{TRIED.get(key, f'By {called(key)}')} the person is {'' if arm.recognised else 'not '}recognised "
        f"({arm.words()})."
        for key, arm in arms.items()
        if is_attack(key) and key not in (lead, "class_prompt")
    ]


def _swap(arms: Mapping[str, _Arm]) -> list[str]:
    if "swapped_model" not in arms or "encoder" not in arms:
        return []
    arm, encoder = arms["swapped_model"], arms["encoder"]
    start = f"The same embedding in another person's model: {arm.words()}. "
    if not encoder.recognised:
        return [start + "As the reconstruction itself is not recognised, this says nothing about what carries it."]
    if arm.recognised:
        return [start + "The embedding itself carries the identity."]
    null = arms.get("other_lora")  # the same stranger's model, with the embedding of its own file
    if null is not None and _nearer(arm, null) and arm.p <= BY_ACCIDENT:
        return [start + "The embedding carries a part of the identity, the fine-tuned weights the rest."]
    if _nearer(encoder, arm):
        return [start + "The embedding alone is not shown to carry the identity; with the fine-tuned weights it does."]
    return [start + "No clear difference, so it stays open whether the embedding or the weights carry the identity."]


def _anecdote(pictures: int) -> str:
    return (
        f"This is one person, {pictures} picture{'s' if pictures != 1 else ''}: an anecdote, not a statistic. "
        "The intervals cover the choice of pictures, not of people."
    )
