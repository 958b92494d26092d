"""Every value has its text, and every text a value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import pytest

from demo.faces.ceiling import Ceiling
from demo.report.line_up import section
from demo.stats.intervals import Difference, Interval
from demo.texts import audit, shake, story, sweep
from demo.texts.en import AUDIT, ENGLISH, LINE_UP, SHAKE, STORY, SWEEP
from demo.texts.language import Language
from demo.verdicts.audit import AuditGrade, AuditVerdict, Noise
from demo.verdicts.line_up import Counted, LineUpResult
from demo.verdicts.rule import Shown
from demo.verdicts.shake import After, Before, Extracted, ShakeGrade, ShakeVerdict
from demo.verdicts.story import Agreement, Carrier, Control, Likeness, StoryGrade, StoryVerdict, Swap, Tried
from demo.verdicts.sweep import Group, Proved, SweepGrade, SweepVerdict, Undefended

GAPS = [
    Difference(0.2, 0.1, 0.3, 0.01),
    Difference(-0.2, -0.3, -0.1, 0.01),
    Difference(0.1, -0.1, 0.3, 0.3),
    Difference(-0.1, -0.3, 0.1, 0.3),
    Difference(0.1, math.nan, math.nan, math.nan),
]
NEAR = Likeness(0.48, Shown.RECOGNISED, 2, 1001, alike=(1, 101))
FAR = Likeness(0.8, Shown.NOTHING, 380, 1001)
LIKENESSES = [NEAR, FAR, *(replace(FAR, shown=shown) for shown in Shown)]
RISE, FALL, UNCLEAR = GAPS[:3]
COUNTS = (
    None,
    Counted(0, 0, 1, 2, math.nan, math.nan),
    Counted(1, 1, 0, 0, 0.2, 1.0),
    Counted(9, 31, 0, 0, 0.16, 0.47),
)
LINE_UPS = [LineUpResult(right, seen, c) for right, seen, c in product((True, False, None), (True, False), COUNTS)]


def stories() -> Iterator[StoryVerdict]:
    for grade, lead, likeness in product(StoryGrade, ("encoder", "random_trigger", "spectrum"), LIKENESSES):
        whole = StoryVerdict(
            grade,
            lead=lead,
            reads_matrices=lead == "encoder",
            names={"encoder": "the encoder", "random_trigger": "the guessed trigger"},
            pictures=8,
            shown=Shown.LEAK if grade.startswith("leak") else Shown.NOTHING,
            reconstruction=likeness,
            attack="class_prompt",
            attacked=NEAR if likeness.shown is Shown.RECOGNISED else replace(FAR, shown=Shown.LEAK),
            attacks=3,
            dreambooth=likeness,
            chance=likeness,
            class_prompt=GAPS[0],
            controls=tuple(
                Control(key, "" if key == "nobody" else f"what {key} is", likeness, gap, expected)
                for key, gap, expected in (
                    ("random_lora", GAPS[0], None),
                    ("other_lora", GAPS[2], None),
                    ("chance", GAPS[4], 501.0),
                    ("nobody", GAPS[0], None),
                )
            ),
            tried=(Tried("random_trigger", likeness), Tried("spectrum", likeness)),
            ceiling=Ceiling(5, 0.44, 3, 1000),
            agreement=Agreement(36, 40, 8),
        )
        yield whole
        yield from (replace(whole, class_prompt=gap) for gap in GAPS)
        yield from (replace(whole, swap=Swap(carrier, likeness)) for carrier in Carrier)
        yield replace(whole, dreambooth=None, class_prompt=None, controls=(), tried=(), pictures=1)
        yield replace(whole, attacks=1, ceiling=Ceiling(1, math.nan, 3, 1000), agreement=None)
        few = replace(likeness, place=1, among=51)
        yield from (replace(whole, reconstruction=few, attacks=attacks) for attacks in (1, 2))
        if lead == "encoder" and likeness is NEAR:
            yield from (replace(whole, line_up=found) for found in LINE_UPS)
        yield replace(whole, reason="The ruler is not installed.")


def sweeps() -> Iterator[SweepVerdict]:
    for grade, utility, leakage in product(SweepGrade, (RISE, UNCLEAR), (RISE, UNCLEAR)):
        yield SweepVerdict(
            grade,
            kept=0.5,
            left=0.5,
            pictures=8,
            least_pictures=4,
            corner=("DP-SGD", "Rounding to int8"),
            undefended=Undefended(0.5, "guessed trigger", 0.55, 0.8, utility, leakage, "random_trigger"),
            groups=tuple((group, ("Gaussian noise", "DPGM")) for group in Group),
            useless=("Gaussian noise",),
            proved=(Proved("DP-SGD", 2.0, 11.5), Proved("Gaussian noise", math.inf, None)),
            nominal=("DPGM",),
        )
        yield SweepVerdict(grade, kept=0.5, left=0.5, pictures=1)


def shakes() -> Iterator[ShakeVerdict]:
    area, alone = Interval(0.6, 0.55, 0.65), Interval(0.6, math.nan, math.nan)
    for grade, change in product(ShakeGrade, GAPS):
        whole = ShakeVerdict(
            grade=grade,
            person="Anouk Quistrow",
            known=True,
            attack="SecMI",
            before=Before(area, 15, 15),
            after=(After("LoRA, SP set", area, change), After("LoRA, SP set", alone, change, FALL, RISE)),
            positives=(After("LoRA", area, change),),
            blind=(),
            extracted=(Extracted("Before", 0, 0, 1), Extracted("LoRA", 2, 1, 3), Extracted("DreamBooth", 2, 2, 3)),
            clique=5,
            distance=0.1,
            draws=60,
            members=15,
            non_members=15,
            done=2,
            planned=5,
        )
        yield whole
        yield from (replace(whole, before=Before(found, 15, 15)) for found in (Interval(0.4, 0.3, 0.45), alone))
        yield replace(whole, blind=("LoRA", "DreamBooth"), members=1)
        yield replace(whole, known=False, before=None, planned=2)


def audits() -> Iterator[AuditVerdict]:
    noises = (None, Noise(math.inf, 1.5, 0.0), Noise(0.7, 1.5, 3.2))
    for grade, nominal, exceeded, gradients, noise in product(
        AuditGrade, (True, False), (True, False), (True, False), noises
    ):
        yield AuditVerdict(
            grade=grade,
            nominal=nominal,
            exceeded=exceeded,
            claimed=None if grade is AuditGrade.NO_CLAIM else 2.0,
            epsilon_lower=2.5,
            largest=3.1,
            confidence=0.95,
            delta=1e-6,
            trials=400,
            needed=1200 if grade is AuditGrade.TOO_FEW_TRIALS else None,
            found=90,
            inside=100,
            false=5,
            outside=100,
            steps=4,
            gradients=gradients,
            noise=noise,
            clipped=0.5 if gradients else None,
        )


def everything(language: Language) -> Iterator[tuple[str, Sequence[str]]]:
    """Headline and sentences of all values above."""
    for found in stories():
        yield story.headline(found, language), story.sentences(found, language)
    for one in sweeps():
        yield sweep.headline(one, language), sweep.sentences(one, language)
    for shaken in shakes():
        yield shake.headline(shaken, language), shake.sentences(shaken, language)
    for audited in audits():
        first, *others = audit.sentences(audited, language)
        yield first.rstrip(".。"), others


def test_every_value_has_a_headline_and_sentences() -> None:
    for headline, sentences in everything(ENGLISH):
        assert headline
        assert not headline.endswith(".")
        assert sentences
        for sentence in sentences:
            assert sentence.endswith("."), sentence
            assert sentence[0].isupper() or sentence[0].isdigit(), sentence
            assert not set("{}") & set(sentence), sentence
            assert "nan" not in sentence, sentence


def test_every_template_is_said_by_some_value() -> None:
    said: set[str] = set()

    class Listening(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            said.add(key)
            return super().__getitem__(key)

    language = replace(ENGLISH, texts=Listening(ENGLISH.texts))
    for _ in everything(language):
        pass
    for guessed in LINE_UPS:
        section(guessed, language)
    others = {"gate.refused", "gate.accepted"}  # said by demo.shake.gate
    on_the_page = {key for key in STORY if key.startswith(("story.word.", "story.more"))}
    assert set(STORY | LINE_UP | SWEEP | SHAKE | AUDIT) - said == others | on_the_page


def test_no_two_grades_share_a_headline() -> None:
    made = [StoryVerdict(grade, reconstruction=NEAR, attack="spectrum", attacked=NEAR) for grade in StoryGrade]
    assert len({story.headline(found) for found in made}) == len(StoryGrade)
    swept = {grade: sweep.headline(SweepVerdict(grade, kept=0.5, left=0.5)) for grade in SweepGrade}
    assert len(set(swept.values())) == len(SweepGrade)
    shaken = {made.grade: shake.headline(made) for made in shakes()}
    assert len(set(shaken.values())) == len(ShakeGrade)


@pytest.mark.parametrize(
    ("grade", "kind"),
    [(SweepGrade.CORNER, "corner"), (SweepGrade.NONE, "none"), (SweepGrade.UNSETTLED, "open")],
)
def test_a_sweep_s_kind_follows_from_its_grade(grade: SweepGrade, kind: str) -> None:
    assert grade.kind == kind


@pytest.mark.parametrize(
    ("grade", "kind"),
    [
        (ShakeGrade.EXTRACTED, "leaked"),
        (ShakeGrade.INFERRED, "leaked"),
        (ShakeGrade.INFERRED_AND_EXTRACTED, "leaked"),
        (ShakeGrade.HIDDEN, "kept"),
        (ShakeGrade.NO_CHANGE, "open"),
        (ShakeGrade.MEMBERS_UNKNOWN, "open"),
        (ShakeGrade.NOTHING_TUNED, "open"),
    ],
)
def test_a_shake_s_kind_follows_from_its_grade(grade: ShakeGrade, kind: str) -> None:
    assert grade.kind == kind
