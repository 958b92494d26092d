"""What came out of a model beside what it was trained on, as HTML; for planted people alone, who do not exist."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from demo.report.figures import number
from demo.report.rendering import render
from demo.shake.attacks.memorised import nearest
from demo.shake.model import Shake, ShakeArm

MOST = 6  # pairs of an arm


def extracted(shake: Shake) -> Markup:
    """Every model's candidates, each beside the training picture that is nearest to it; the extracted ones framed.

    Returns:
        Markup; empty where no picture may be shown, or no member is known.
    """
    if not shake.domain.publishable or not shake.domain.members:
        return Markup("")
    arms = (shake.before, *shake.arms)
    return render(
        "shake/extracted.html.j2",
        arms=[_arm(arm, shake) for arm in arms if arm.candidates],
        without=[arm.title for arm in arms if not arm.candidates],
        settings=shake.settings,
    )


def synthetic(shake: Shake, most: int = 16) -> Markup:
    """The first pictures of the set that the model was fine-tuned on; empty where none may be shown."""
    shown = shake.synthetic[:most]
    if not shake.domain.publishable or not shown:
        return Markup("")
    return render("shake/synthetic.html.j2", shown=shown, count=len(shake.synthetic))


def _arm(arm: ShakeArm, shake: Shake) -> dict[str, Any]:
    """Title, words and pairs: the drawn picture, its training picture, what is known of them, whether it came out."""
    out = {match.candidate for match in arm.matches}
    pairs = nearest(arm.candidates, shake.domain.members, shake.settings.eidetic.delta)
    pairs = sorted(pairs, key=lambda pair: (pair.candidate not in out, pair.distance))
    shown = [
        (
            arm.candidates[pair.candidate].picture,
            shake.domain.members[pair.training],
            f"distance {number(pair.distance)}, drawn {arm.candidates[pair.candidate].size} times"
            + (": extracted" if pair.candidate in out else ""),
            pair.candidate in out,
        )
        for pair in pairs[:MOST]
    ]
    count, came = len(arm.candidates), len(arm.matches)
    words = (
        f"{count} candidate{'' if count == 1 else 's'}, {came} training picture{'' if came == 1 else 's'} extracted."
        + (f" The {MOST} nearest are shown." if count > MOST else "")
    )
    return {"title": arm.title, "words": words, "pairs": shown}
