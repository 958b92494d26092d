"""What the measurements of a story show, with the controls held against them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from demo.attack.registry import ATTACKS
from demo.faces.ceiling import Ceiling
from demo.faces.ranks import chance_rank
from demo.metrics.base import MetricResult
from demo.metrics.registry import ALIKE, IDENTITY, PLACE
from demo.report.arms import CHANCE, NULLS, OWNER, is_attack
from demo.stats.intervals import contrast
from demo.texts import story as texts
from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.verdicts.rule import LEAK, TRACE, Evidence, Shown, gap, nearer, shown
from demo.verdicts.story import (
    Agreement,
    Carrier,
    Control,
    Likeness,
    StoryGrade,
    StoryVerdict,
    Swap,
    Tried,
)

LEAST_PICTURES = 4  # of an arm, for a finding that there is nothing
ORDER = list(Shown)  # the most first


@dataclass(frozen=True)
class Verdict:
    """What one story shows, in words. ``found`` holds it as values, for another language."""

    headline: str
    sentences: tuple[str, ...]
    leaked: bool  # somebody with the file alone gets pictures that show the person, beyond controls and accident
    conclusive: bool = False  # True: a leak, or none where one would have been seen
    found: StoryVerdict | None = field(default=None, repr=False)

    @property
    def grade(self) -> StoryGrade | None:
        """What the headline says, as a value."""
        return None if self.found is None else self.found.grade

    @property
    def shown(self) -> Shown | None:
        """What the best attack shows, as a value."""
        return None if self.found is None else self.found.shown


@dataclass(frozen=True)
class _Arm:
    """One arm's evidence, and what it is told with."""

    evidence: Evidence
    alike: tuple[int, int] | None = None

    def likeness(self, shows: Shown) -> Likeness:
        """This evidence as a verdict has it."""
        place = self.evidence.place
        assert place is not None
        return Likeness(self.evidence.distance, shows, place, self.evidence.among, self.alike)


def called(key: str) -> str:
    """An attack's name in a sentence; that of one which is not registered any more is its key."""
    return ATTACKS[key].name if key in ATTACKS else f"the attack {key}"


def judge(
    metrics: Mapping[str, Sequence[MetricResult]],
    language: Language = ENGLISH,
    *,
    ceiling: Ceiling | None = None,
    agreement: Agreement | None = None,
) -> Verdict:
    """Say what the measurements show, and what they do not: :func:`story_verdict` in words."""
    return worded(story_verdict(metrics, ceiling=ceiling, agreement=agreement), language)


def worded(found: StoryVerdict, language: Language = ENGLISH) -> Verdict:
    """A verdict in words."""
    headline, sentences = texts.headline(found, language), texts.sentences(found, language)
    return Verdict(headline, sentences, found.leaked, found.conclusive, found)


def story_verdict(
    metrics: Mapping[str, Sequence[MetricResult]],
    *,
    ceiling: Ceiling | None = None,
    agreement: Agreement | None = None,
) -> StoryVerdict:
    """What the measurements show, by the rule of :mod:`demo.verdicts.rule`.

    Every attack is held against the null arms: the lead, which is the encoder, or the guessed trigger where there is no
    encoder, against all of them, for they are drawn with it; the others against chance. A leak is a leak whatever
    DreamBooth does. "No leak" is only concluded where DreamBooth itself shows the person and no attack comes near
    (:func:`_excluded`).

    Args:
        metrics: arm -> results with the keys ``dlib_distance``, ``dlib_place`` and ``dlib_place_alike``. Arms known:
            dreambooth, encoder, class_prompt, random_trigger, random_lora, other_lora, swapped_model, chance; any may
            be missing. An arm that is not among them is one more attack.
        ceiling: of the photos, to be told beside it.
        agreement: of verdicts after another fine-tuning, to be told beside it.
    """
    arms = {key: arm for key, results in metrics.items() if (arm := _arm(results)) is not None}
    leads = [key for key, entry in ATTACKS.items() if entry.leads]  # the controls are held against the first one run
    lead = next((key for key in leads if key in metrics), leads[0])
    if lead not in arms:
        names, reads = {lead: called(lead)}, ATTACKS[lead].needs_encoder
        reason = _why_not(metrics, lead)
        return StoryVerdict(StoryGrade.NOT_MEASURED, lead=lead, names=names, reads_matrices=reads, reason=reason)
    attacks = [key for key in arms if is_attack(key)]
    shows = {key: _shown(key, arms, lead, len(attacks)) for key in attacks}
    own = {key: arm.likeness(shows.get(key, Shown.NOTHING)) for key, arm in arms.items()}
    if OWNER in arms:
        own[OWNER] = arms[OWNER].likeness(shown(arms[OWNER].evidence, _evidence(arms, [CHANCE])))
    if CHANCE in arms and arms[CHANCE].evidence.p <= LEAK:
        return StoryVerdict(
            StoryGrade.STRANGERS_TAKEN,
            lead=lead,
            pictures=len(arms[lead].evidence.distances),
            reconstruction=own[lead],
            chance=own[CHANCE],
            ceiling=ceiling,
        )
    best = min(attacks, key=lambda key: (ORDER.index(shows[key]), key != lead, arms[key].evidence.p))
    grade = _grade(arms, shows, own, lead, best)
    return StoryVerdict(
        grade=grade,
        shown=shows[best],
        conclusive=shows[best].leaked or _excluded(arms, own),
        lead=lead,
        reads_matrices=ATTACKS[lead].needs_encoder,
        names={key: called(key) for key in attacks},
        pictures=len(arms[lead].evidence.distances),
        reconstruction=own[lead],
        attack="" if best == lead and ATTACKS[lead].needs_encoder else best,
        attacked=own[best],
        attacks=len(attacks),
        dreambooth=own.get(OWNER),
        class_prompt=gap(arms[lead].evidence, arms["class_prompt"].evidence) if "class_prompt" in arms else None,
        controls=tuple(_control(key, arms, own, lead) for key in NULLS if key in arms),
        tried=tuple(Tried(key, own[key]) for key in attacks if key != lead),
        swap=_swap(arms, own),
        ceiling=ceiling,
        agreement=agreement,
    )


def _arm(results: Sequence[MetricResult]) -> _Arm | None:
    """An arm's evidence; None where it was not measured whole."""
    found = {result.key: result for result in results if result.values}
    place = found.get(PLACE)
    if IDENTITY not in found or place is None or place.among is None:
        return None
    distances = np.array(found[IDENTITY].values, dtype=np.float64)
    alike = found.get(ALIKE)
    harder = None if alike is None or alike.among is None else (round(alike.values[0]), alike.among)
    return _Arm(Evidence(distances, round(place.values[0]), place.among), harder)


def _why_not(metrics: Mapping[str, Sequence[MetricResult]], lead: str) -> str:
    needed = (IDENTITY, PLACE)
    reasons = [result.unavailable for result in metrics.get(lead, ()) if result.key in needed]
    return next((reason for reason in reasons if reason), "")


def _evidence(arms: Mapping[str, _Arm], keys: Iterable[str]) -> list[Evidence]:
    return [arms[key].evidence for key in keys if key in arms]


def _shown(key: str, arms: Mapping[str, _Arm], lead: str, tried: int) -> Shown:
    nulls = NULLS if key == lead else (CHANCE,)  # the other nulls are controls of that attack alone
    return shown(arms[key].evidence, _evidence(arms, nulls), tried=tried)


def _excluded(arms: Mapping[str, _Arm], own: Mapping[str, Likeness]) -> bool:
    """Whether no leak is a finding: there was something to find, and no attack is within reach of it.

    Every attack has lost at least half of what DreamBooth gains over chance (95%), and the person's place by its
    pictures is one that strangers often have.
    """
    if OWNER not in arms or CHANCE not in arms or not own[OWNER].shown.leaked:
        return False
    owner, chance = arms[OWNER].evidence, arms[CHANCE].evidence
    attacks = [arm.evidence for key, arm in arms.items() if is_attack(key)]
    if min(len(arm.distances) for arm in (owner, chance, *attacks)) < LEAST_PICTURES:
        return False

    def lost(attack: Evidence) -> bool:
        left = contrast([(0.5, chance.distances), (-1, attack.distances), (0.5, owner.distances)])
        return left.high < 0 and attack.p > TRACE

    return all(lost(attack) for attack in attacks)


def _grade(
    arms: Mapping[str, _Arm], shows: Mapping[str, Shown], own: Mapping[str, Likeness], lead: str, best: str
) -> StoryGrade:
    """What the headline says."""
    if shows[best].leaked:
        if best != lead:
            return StoryGrade.OTHER_ATTACK
        return _lead_found(arms, lead) if ATTACKS[lead].needs_encoder else StoryGrade.LEAD_WITHOUT_ENCODER
    if shows[best] is Shown.LIKE_NULLS:
        return StoryGrade.LIKE_CONTROLS
    if shows[best] is Shown.TRACE:
        return StoryGrade.TRACE
    if OWNER in own and not own[OWNER].shown.leaked:
        return StoryGrade.NOTHING_TO_FIND
    return StoryGrade.NOT_FOUND


def _lead_found(arms: Mapping[str, _Arm], lead: str) -> StoryGrade:
    if "class_prompt" not in arms:
        return StoryGrade.LEAD_UNCOMPARED
    beats = nearer(arms[lead].evidence, arms["class_prompt"].evidence)
    return StoryGrade.LEAD_BEATS_PROMPT if beats else StoryGrade.LEAD_NOT_BETTER


def _control(key: str, arms: Mapping[str, _Arm], own: Mapping[str, Likeness], lead: str) -> Control:
    expected = chance_rank(arms[key].evidence.among - 1) if key == CHANCE else None
    return Control(key, NULLS[key], own[key], gap(arms[lead].evidence, arms[key].evidence), expected)


def _swap(arms: Mapping[str, _Arm], own: Mapping[str, Likeness]) -> Swap | None:
    if "swapped_model" not in arms or "encoder" not in arms:
        return None
    carrier = _carrier(arms["swapped_model"].evidence, arms["encoder"].evidence, own["encoder"], arms.get("other_lora"))
    return Swap(carrier, own["swapped_model"])


def _carrier(arm: Evidence, encoder: Evidence, found: Likeness, null: _Arm | None) -> Carrier:
    """``null`` is the same stranger's model, with the embedding of its own file."""
    if not found.shown.leaked:
        return Carrier.UNKNOWN
    nulls = [] if null is None else [null.evidence]
    carries = shown(arm, nulls)
    if carries.leaked:
        return Carrier.EMBEDDING
    if nulls and carries is Shown.TRACE:
        return Carrier.BOTH
    return Carrier.WEIGHTS if nearer(encoder, arm) else Carrier.OPEN
