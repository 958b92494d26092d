"""What one story shows, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from demo.stats.intervals import Difference


class StoryGrade(StrEnum):
    """What the headline says. The lead is the attack that the controls are held against."""

    NO_PHOTOS = "no photos"  # nothing to compare with
    NOT_MEASURED = "not measured"  # the lead's pictures could not be measured
    STRANGERS_TAKEN = "strangers taken"  # unrelated people are recognised as the person: nothing can be judged
    LEAD_BEATS_PROMPT = "leak, lead beats class prompt"
    LEAD_UNCOMPARED = "leak, class prompt not measured"
    LEAD_NOT_BETTER = "leak, lead does not beat class prompt"
    LEAD_WITHOUT_ENCODER = "leak, without encoder"  # the lead finds the person and is no encoder
    OTHER_ATTACK = "leak, other attack"  # another attack than the lead finds the person
    LIKE_CONTROLS = "like controls"  # recognised, but not nearer than every control
    NOTHING_TO_FIND = "nothing to find"  # DreamBooth itself is not recognised
    TRACE = "trace"
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
    """How near the pictures of one arm are to the person."""

    distance: float  # median
    recognised: bool
    rank: float | None = None  # median; None: not measured
    among: int = 0  # people ranked, this one included
    best_rank: float = 1.0  # recognised means this median rank or a better one
    place: int | None = None  # of the person among them, by all pictures together

    @property
    def p(self) -> float:
        """Of being so near by accident; NaN where not measured. The unit is the file, not the picture."""
        return math.nan if self.place is None else self.place / self.among


@dataclass(frozen=True)
class Control:
    """An arm that holds nothing of this person."""

    key: str
    what: str  # its pictures come from, in English
    likeness: Likeness
    gap: Difference  # how much nearer the lead is
    expected_rank: float | None = None  # where the arm is chance and has ranks


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
    leaked: bool = False  # somebody with the file alone gets pictures that are recognised, beyond the controls
    conclusive: bool = False  # a leak, or none where one would have been seen
    lead: str = "encoder"  # key of the attack
    reads_matrices: bool = True  # the lead does, with an encoder
    names: Mapping[str, str] = field(default_factory=dict)  # of attacks, within an English sentence
    pictures: int = 0  # of the lead
    reconstruction: Likeness | None = None  # by the lead
    attack: str = ""  # key of the other attack that finds the person
    reason: str = ""  # why the lead could not be measured
    dreambooth: Likeness | None = None
    chance: Likeness | None = None  # where strangers are taken for the person
    class_prompt: Difference | None = None  # how much nearer the lead is than the class prompt
    controls: tuple[Control, ...] = ()
    tried: tuple[Tried, ...] = ()
    swap: Swap | None = None
