"""What a sweep shows, in plain sentences that are made from its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from demo.attack.registry import ATTACKS
from demo.faces.recognise import SAME_PERSON
from demo.report.verdict import LEAST_PICTURES
from demo.stats.intervals import Difference
from demo.sweep.comparisons import KEPT, LEFT, Standing, standing, undefended
from demo.sweep.model import Point, Sweep

Kind = Literal["corner", "none", "open"]
HALF = f"{KEPT:.0%} of what it gains over chance without a defence"
ADAPTIVE = (
    "Private means: at most half of the gain is left to the best of these attacks. The encoder has learned from "
    "undefended files; one that learns from files defended in the same way may get more out of them. Without a proof "
    "for the person nothing excludes it."
)


KEEPS = f"DreamBooth keeps at least {HALF}"
LOSES = f"DreamBooth keeps less than {HALF}"
UNSURE = "how much DreamBooth keeps is not settled with so few pictures"
LEAKS = "the best attack is nearer than chance"
LOST = f"the best attack has lost at least {1 - LEFT:.0%} of its gain, and is not shown to be nearer than chance"
HIDDEN = "the best attack is not shown to be nearer than chance, nor to have lost enough"
GROUPS = {  # what a point is called, by its use and its leak
    ("useful", "private"): f"Useful and private: {KEEPS}; {LOST}",
    ("useful", "leaks"): f"Useful, but it still leaks: {KEEPS}; {LEAKS}",
    ("useful", "open"): f"Useful, and not settled: {KEEPS}; {HIDDEN}",
    ("open", "leaks"): f"Leaks: {LEAKS}; {UNSURE}",
    ("open", "open"): f"Not settled: {UNSURE}; nothing is shown to leak",
    ("useless", "leaks"): f"Leaks, and of little use: {LOSES}; {LEAKS}",
    ("useless", "open"): f"Of little use: {LOSES}; nothing is shown to leak",
    ("ruined", ""): "Ruined: faces are found in fewer than half of DreamBooth's pictures",
}


@dataclass(frozen=True)
class Summary:
    """The result in words. ``corner``: a defence is useful and private; ``none``: none is; ``open``: not shown."""

    headline: str
    sentences: tuple[str, ...]
    kind: Kind


def summarise(sweep: Sweep) -> Summary:
    """Say what the numbers show, and what they do not.

    In the corner "useful and private" is a defence with which DreamBooth is shown to keep at least half of what it
    gains over chance without one, while the best attack is not shown to be nearer than chance, and is shown to have
    lost at least half of what it gains on the undefended file; 95% over pictures, for all defences together. If the
    undefended DreamBooth is itself no better than chance, or the undefended file gives nothing away, nothing can be
    shown.
    """
    points = list(sweep.points)
    if not points:
        return Summary("Nothing was finished", ("No defence was tried to its end.",), "open")
    found = {point: stands for point in points if (stands := standing(point, sweep)) is not None}
    if not found:
        what, why = _why_not(sweep)
        return Summary(f"Not judged: {what}", (why, *_epsilons(points)), "open")
    plain = undefended(sweep)
    others = [point for point in found if point is not plain]
    corner = [point for point in others if found[point].useful and found[point].private]
    closing = (*_epsilons(points), _anecdote(points))
    if plain is None or plain not in found:
        why = "The undefended LoRA is not among the points, so it is not known what there was to protect."
        return Summary("Not judged: there is nothing to compare with", (why, *_groups(found, others), *closing), "open")
    first = _plain(plain, found[plain], sweep)
    if not found[plain].useful:
        why = (
            "It is not shown that fine-tuning itself brings the pictures nearer to the person than unrelated people "
            "are. So nothing is shown of what a defence ruins or protects."
        )
        return Summary("Inconclusive: even without a defence DreamBooth is not shown to be better than chance",
                       (first, why, *closing), "open")  # fmt: skip
    if not found[plain].leaks:
        why = "The attacks find nothing even in the undefended file, so that no defence can be seen to protect it."
        return Summary("Inconclusive: even the undefended file is not shown to leak",
                       (first, why, *_useless(found, others), *closing), "open")  # fmt: skip
    sentences = (first, *_groups(found, others), *closing)
    if not others:
        return Summary("The undefended file leaks; no defence was tried", sentences, "open")
    if corner:
        names = _names(corner)
        verb = "is" if len(corner) == 1 else "are"
        headline = f"Useful, with at most half of the leak left to these attacks: {names} {verb} in the corner"
        return Summary(headline, (*sentences, ADAPTIVE), "corner")
    undecided = any(not found[point].useless and not found[point].leaks for point in others)
    if undecided:
        return Summary("Inconclusive: no defence is shown to be useful and private, and some are not settled",
                       sentences, "open")  # fmt: skip
    return Summary("No defence tried is both useful and private here", sentences, "none")


def _plain(point: Point, stands: Standing, sweep: Sweep) -> str:
    return (
        f"Without a defence DreamBooth's pictures lie at a distance of {point.utility.mean:.2f} from the person, the "
        f"best attack's ({_attack(point)}) at {point.leakage.mean:.2f}; chance is {sweep.nobody.mean:.2f}. "
        f"DreamBooth is {_nearer(stands.utility)}, the attack {_nearer(stands.leakage)}."
    )


def _nearer(gap: Difference) -> str:
    if gap.low > 0:
        return f"{gap.estimate:.2f} nearer than chance (95% interval {gap.low:.2f} to {gap.high:.2f})"
    return f"not clearly nearer than chance (95% interval {gap.low:.2f} to {gap.high:.2f})"


def _groups(found: dict[Point, Standing], points: Sequence[Point]) -> list[str]:
    """Every defended point in exactly one sentence."""
    groups = {place: (words, list[Point]()) for place, words in GROUPS.items()}
    for point in points:
        groups[_place(found[point])][1].append(point)
    return [f"{words}: {_names(some)}." for words, some in groups.values() if some]


def _place(stands: Standing) -> tuple[str, str]:
    if not stands.faces:
        return "ruined", ""
    use = "useful" if stands.useful else "useless" if stands.useless else "open"
    return use, "leaks" if stands.leaks else "private" if stands.private and use == "useful" else "open"


def _useless(found: dict[Point, Standing], points: Sequence[Point]) -> list[str]:
    ruined = [point for point in points if found[point].useless]
    return [f"With these {LOSES}: {_names(ruined)}."] if ruined else []


def _epsilons(points: Sequence[Point]) -> list[str]:
    """What the ledgers prove, photo and person side by side; and what they do not."""
    proved = [point for point in points if point.ledger.guarantee == "proved"]
    nominal = [point for point in points if point.ledger.guarantee == "nominal"]
    sentences = []
    if proved:
        pairs = "; ".join(
            f"{point.short}: photo {epsilon(point.ledger.photo_epsilon)}, person {epsilon(point.ledger.person_epsilon)}"
            for point in proved
        )
        sentences.append(
            f"What is proved (ε for one photo, and for the person, who is on all of them): {pairs}. "
            "DP-SGD's compares with none of these photos, Gaussian's with other ones in their place. Whose face comes "
            "out is a question of the person level."
        )
    if nominal:
        sentences.append(f"The ε of these is nominal, no proof stands behind it: {_names(nominal)}.")
    return sentences


def epsilon(value: float | None) -> str:
    """An epsilon for people."""
    if value is None:
        return "none"
    if math.isinf(value):
        return "∞"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _anecdote(points: Sequence[Point]) -> str:
    result = points[0].utility.identity
    count = 0 if result is None else len(result.values)
    return (
        f"This is one person, {count} picture{'' if count == 1 else 's'} an arm: an anecdote, not a statistic. "
        "Intervals cover the choice of pictures, not of people, photos or training noise, and of all those drawn here "
        "one in twenty misses by construction. The best attack is chosen on the same pictures, which flatters it a "
        f"little. Recognised would mean a distance below {SAME_PERSON}, not merely nearer than chance."
    )


def _why_not(sweep: Sweep) -> tuple[str, str]:
    """What keeps all points from being judged: for the headline, and for a sentence."""
    if not sweep.chance:
        return "nothing to compare with", "The sweep was stopped before the pictures of chance were measured."
    if sweep.nobody.identity is not None and any(point.utility.identity is not None for point in sweep.points):
        why = f"With fewer than {LEAST_PICTURES} pictures an arm nothing can be told apart. Draw more of them."
        return "too few pictures", why
    reasons = [result.unavailable for result in sweep.chance if result.unavailable]
    why = reasons[0] if reasons else "There is no identity distance of the pictures."
    return "the pictures could not be measured", why


def _attack(point: Point) -> str:
    return ATTACKS[point.best_attack].title.lower()


def _names(points: Sequence[Point]) -> str:
    return "; ".join(point.short for point in points)
