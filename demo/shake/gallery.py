"""What came out of a model beside what it was trained on, as HTML; for planted people alone, who do not exist."""

from __future__ import annotations

from html import escape

from PIL import Image

from demo.report.figures import data_uri, number
from demo.shake.attacks.memorised import nearest
from demo.shake.model import Shake, ShakeArm

MOST = 6  # pairs of an arm
# Class names are the report's own and the app's; the rules that both need on top of theirs.
CSS = (
    ".pairs{display:flex;flex-wrap:wrap;gap:.75rem;margin:.4rem 0}"
    ".pairs .pair{margin:0;width:9rem}.pairs .pair div{display:flex;gap:2px}"
    ".pairs .pair img{display:block;width:50%;height:auto;margin:0}"
    ".pairs figcaption{font-size:.8rem;padding-top:.15rem}.pairs .out img{outline:2px solid #d0562f}"
)


def extracted(shake: Shake) -> str:
    """Every model's candidates, each beside the training picture that is nearest to it; the extracted ones framed.

    Returns:
        Markup; empty where no picture may be shown, or no member is known.
    """
    if not shake.domain.publishable or not shake.domain.members:
        return ""
    arms = (shake.before, *shake.arms)
    none = [arm.title for arm in arms if not arm.candidates]
    settings = shake.settings
    words = (
        f"<p>No candidate: of {settings.generations:,} draws no {settings.clique} are near-duplicates of each other. "
        f"{escape('; '.join(none))}.</p>"
    )
    return "".join(_arm(arm, shake) for arm in arms if arm.candidates) + (words if none else "")


def synthetic(shake: Shake, most: int = 16) -> str:
    """The first pictures of the set that the model was fine-tuned on; empty where none may be shown."""
    shown = shake.synthetic[:most]
    if not shake.domain.publishable or not shown:
        return ""
    count = len(shake.synthetic)
    tiles = "".join(
        f"<figure>{_image(picture, f'Drawn picture {n} of {count} of the set')}</figure>"
        for n, picture in enumerate(shown, 1)
    )
    return f'<div class="row">{tiles}</div>'


def _arm(arm: ShakeArm, shake: Shake) -> str:
    head = f"<h4>{escape(arm.title)}</h4>"
    out = {match.candidate for match in arm.matches}
    pairs = nearest(arm.candidates, shake.domain.members, shake.settings.eidetic.delta)
    pairs = sorted(pairs, key=lambda pair: (pair.candidate not in out, pair.distance))
    shown = "".join(
        _pair(
            arm.candidates[pair.candidate].picture,
            shake.domain.members[pair.training],
            f"distance {number(pair.distance)}, drawn {arm.candidates[pair.candidate].size} times"
            + (": extracted" if pair.candidate in out else ""),
            out=pair.candidate in out,
        )
        for pair in pairs[:MOST]
    )
    count, came = len(arm.candidates), len(arm.matches)
    words = (
        f"{count} candidate{'' if count == 1 else 's'}, {came} training picture{'' if came == 1 else 's'} extracted."
        + (f" The {MOST} nearest are shown." if count > MOST else "")
    )
    return f'{head}<p>{words} Left: drawn; right: the nearest training picture.</p><div class="pairs">{shown}</div>'


def _pair(drawn: Image.Image, training: Image.Image, words: str, *, out: bool) -> str:
    images = _image(drawn, f"Drawn: {words}") + _image(training, "The training picture nearest to it")
    return f'<figure class="pair{" out" if out else ""}"><div>{images}</div><figcaption>{words}</figcaption></figure>'


def _image(picture: Image.Image, alt: str) -> str:
    return f'<img src="{data_uri(picture)}" alt="{escape(alt)}">'
