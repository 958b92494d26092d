"""What the measurements of a story show, with the controls held against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from demo.attack.registry import ATTACKS
from demo.faces.ranks import chance_rank
from demo.faces.recognise import SAME_PERSON
from demo.metrics.base import MetricResult
from demo.metrics.registry import IDENTITY, PLACE, RANK
from demo.report.arms import NULLS, is_attack
from demo.stats.intervals import Array, Difference, contrast, unpaired_difference
from demo.texts import story as texts
from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.verdicts.story import Carrier, Control, Likeness, StoryGrade, StoryVerdict, Swap, Tried

LEAST_PICTURES = 4  # of an arm, for a finding that there is nothing
BY_ACCIDENT = 0.05  # of a place among the decoys: a nearer one is a trace
RANK_SHARE = 0.01  # recognised means: among the nearest 1% of all people compared


@dataclass(frozen=True)
class Verdict:
    """What one story shows, in words. ``found`` holds it as values, for another language."""

    headline: str
    sentences: tuple[str, ...]
    leaked: bool  # somebody with the file alone gets pictures that are recognised as the person, beyond the controls
    conclusive: bool = False  # True: a leak, or none where one would have been seen
    found: StoryVerdict | None = field(default=None, repr=False)

    @property
    def grade(self) -> StoryGrade | None:
        """What the headline says, as a value."""
        return None if self.found is None else self.found.grade


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

    def likeness(self) -> Likeness:
        """These measurements as a verdict has them."""
        rank = float(np.median(self.ranks)) if len(self.ranks) else None
        return Likeness(self.distance, self.recognised, rank, self.among, self.best_ranks, self.place)


def called(key: str) -> str:
    """An attack's name in a sentence; that of one which is not registered any more is its key."""
    return ATTACKS[key].name if key in ATTACKS else f"the attack {key}"


def judge(metrics: Mapping[str, Sequence[MetricResult]], language: Language = ENGLISH) -> Verdict:
    """Say what the measurements show, and what they do not: :func:`story_verdict` in words."""
    return worded(story_verdict(metrics), language)


def worded(found: StoryVerdict, language: Language = ENGLISH) -> Verdict:
    """A verdict in words."""
    headline, sentences = texts.headline(found, language), texts.sentences(found, language)
    return Verdict(headline, sentences, found.leaked, found.conclusive, found)


def story_verdict(metrics: Mapping[str, Sequence[MetricResult]]) -> StoryVerdict:
    """What the measurements show.

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
        names, reads = {lead: called(lead)}, ATTACKS[lead].needs_encoder
        reason = _why_not(metrics, lead)
        return StoryVerdict(StoryGrade.NOT_MEASURED, lead=lead, names=names, reads_matrices=reads, reason=reason)
    chance, dreambooth, prompt = arms.get("chance"), arms.get("dreambooth"), arms.get("class_prompt")
    if chance is not None and chance.recognised:
        return StoryVerdict(
            StoryGrade.STRANGERS_TAKEN,
            lead=lead,
            pictures=len(arms[lead].distances),
            reconstruction=arms[lead].likeness(),
            chance=chance.likeness(),
        )
    found = {key for key in arms if is_attack(key) and _found(key, arms, lead)}
    grade, attack = _grade(arms, found, lead)
    return StoryVerdict(
        grade=grade,
        leaked=bool(found),
        conclusive=bool(found) or _excluded(arms),
        lead=lead,
        reads_matrices=ATTACKS[lead].needs_encoder,
        names={key: called(key) for key in arms if is_attack(key)},
        pictures=len(arms[lead].distances),
        reconstruction=arms[lead].likeness(),
        attack=attack,
        dreambooth=None if dreambooth is None else dreambooth.likeness(),
        class_prompt=None if prompt is None else _gap(arms[lead], prompt),
        controls=tuple(_control(key, arms, lead) for key in NULLS if key in arms),
        tried=tuple(
            Tried(key, arm.likeness())
            for key, arm in arms.items()
            if is_attack(key) and key not in (lead, "class_prompt")
        ),
        swap=_swap(arms),
    )


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
    return next((reason for reason in reasons if reason), "")


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


def _grade(arms: Mapping[str, _Arm], found: set[str], lead: str) -> tuple[StoryGrade, str]:
    """What the headline says, and the attack that it names."""
    if lead in found:
        reads = ATTACKS[lead].needs_encoder
        return (_lead_found(arms, lead), "") if reads else (StoryGrade.LEAD_WITHOUT_ENCODER, lead)
    if found:
        return StoryGrade.OTHER_ATTACK, next((key for key in ATTACKS if key in found), min(found))
    if arms[lead].recognised:
        return StoryGrade.LIKE_CONTROLS, ""
    if "dreambooth" in arms and not arms["dreambooth"].recognised:
        return StoryGrade.NOTHING_TO_FIND, ""
    controls = [arms[key] for key in NULLS if key in arms]
    if controls and all(_nearer(arms[lead], control) for control in controls) and arms[lead].p <= BY_ACCIDENT:
        return StoryGrade.TRACE, ""
    return StoryGrade.NOT_FOUND, ""


def _lead_found(arms: Mapping[str, _Arm], lead: str) -> StoryGrade:
    if "class_prompt" not in arms:
        return StoryGrade.LEAD_UNCOMPARED
    beats = _nearer(arms[lead], arms["class_prompt"])
    return StoryGrade.LEAD_BEATS_PROMPT if beats else StoryGrade.LEAD_NOT_BETTER


def _control(key: str, arms: Mapping[str, _Arm], lead: str) -> Control:
    arm = arms[key]
    expected = chance_rank(arm.among - 1) if key == "chance" and len(arm.ranks) else None
    return Control(key, NULLS[key], arm.likeness(), _gap(arms[lead], arm), expected)


def _swap(arms: Mapping[str, _Arm]) -> Swap | None:
    if "swapped_model" not in arms or "encoder" not in arms:
        return None
    arm, encoder = arms["swapped_model"], arms["encoder"]
    return Swap(_carrier(arm, encoder, arms.get("other_lora")), arm.likeness())


def _carrier(arm: _Arm, encoder: _Arm, null: _Arm | None) -> Carrier:
    """``null`` is the same stranger's model, with the embedding of its own file."""
    if not encoder.recognised:
        return Carrier.UNKNOWN
    if arm.recognised:
        return Carrier.EMBEDDING
    if null is not None and _nearer(arm, null) and arm.p <= BY_ACCIDENT:
        return Carrier.BOTH
    return Carrier.WEIGHTS if _nearer(encoder, arm) else Carrier.OPEN
