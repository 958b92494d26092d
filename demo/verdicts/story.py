"""What one story shows, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from demo.faces.ceiling import Ceiling
from demo.stats.intervals import Difference
from demo.verdicts.line_up import LineUpResult
from demo.verdicts.rule import Shown


class StoryGrade(StrEnum):
    """What the headline says. The lead is the attack that the controls are held against."""

    NO_PHOTOS = "no photos"  # nothing to compare with
    NOT_MEASURED = "not measured"  # the lead's pictures could not be measured, or not be ranked among strangers
    STRANGERS_TAKEN = "strangers taken"  # unrelated people pass for the person: nothing can be judged
    LEAD_BEATS_PROMPT = "leak, lead beats class prompt"
    LEAD_UNCOMPARED = "leak, class prompt not measured"
    LEAD_NOT_BETTER = "leak, lead does not beat class prompt"
    LEAD_WITHOUT_ENCODER = "leak, without encoder"  # the lead finds the person and is no encoder
    OTHER_ATTACK = "leak, other attack"  # another attack than the lead finds the person
    LIKE_CONTROLS = "like controls"  # as near to the person as a leak, but not nearer than every control
    TRACE = "trace"
    NOTHING_TO_FIND = "nothing to find"  # DreamBooth itself does not show the person, nor does any attack
    NOT_FOUND = "not found"


class Carrier(StrEnum):
    """What carries the identity, by the swapped model."""

    UNKNOWN = "unknown"  # the reconstruction itself is not recognised
    EMBEDDING = "embedding"
    BOTH = "both"
    WEIGHTS = "weights"
    OPEN = "open"


@dataclass(frozen=True)
class Likeness:
    """How near the pictures of one arm are to the person, and what that shows (:mod:`demo.verdicts.rule`)."""

    distance: float  # median
    shown: Shown
    place: int  # of the person among strangers, by all pictures together
    among: int  # people ranked, the person included
    alike: tuple[int, int] | None = None  # the same among look-alikes alone, and of how many; None: not measured

    @property
    def p(self) -> float:
        """Of being so near by accident. The unit is the file, not the picture."""
        return self.place / self.among


@dataclass(frozen=True)
class Agreement:
    """How often another fine-tuning of the same photos was judged alike, measured on other people."""

    agreed: int  # fine-tunings that were judged as most of their person's were
    fine_tunings: int
    people: int


@dataclass(frozen=True)
class Control:
    """An arm that holds nothing of this person."""

    key: str
    what: str  # its pictures come from, in English
    likeness: Likeness
    gap: Difference  # how much nearer the lead is
    expected_place: float | None = None  # where the arm is chance


@dataclass(frozen=True)
class Tried:
    """One more attack."""

    key: str
    likeness: Likeness


@dataclass(frozen=True)
class Swap:
    """The embedding in another person's model."""

    carrier: Carrier
    likeness: Likeness


@dataclass(frozen=True)
class StoryVerdict:
    """What one story shows. Parts that were not measured are None or empty."""

    grade: StoryGrade
    shown: Shown = Shown.NOTHING  # by the attack that shows most
    conclusive: bool = False  # a leak, or none where one would have been seen
    lead: str = "encoder"  # key of the attack
    reads_matrices: bool = True  # the lead does, with an encoder
    names: Mapping[str, str] = field(default_factory=dict)  # of attacks, within an English sentence
    pictures: int = 0  # of the lead
    reconstruction: Likeness | None = None  # by the lead
    attack: str = ""  # key of the attack that the headline names, where it is not the lead
    attacked: Likeness | None = None  # of that attack, or of the lead
    attacks: int = 1  # tried
    reason: str = ""  # why the lead could not be measured
    dreambooth: Likeness | None = None
    chance: Likeness | None = None  # where strangers are taken for the person
    class_prompt: Difference | None = None  # how much nearer the lead is than the class prompt
    controls: tuple[Control, ...] = ()
    tried: tuple[Tried, ...] = ()
    swap: Swap | None = None
    ceiling: Ceiling | None = None
    agreement: Agreement | None = None
    line_up: LineUpResult | None = None  # what people see in the pictures of the lead

    @property
    def leaked(self) -> bool:
        """Whether somebody with the file alone gets the person, beyond the controls and beyond accident."""
        return self.shown.leaked
