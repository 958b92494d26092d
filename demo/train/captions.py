"""Captions from CelebA's 40 attributes and the person's invented name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

NAME_SHARE = 0.5  # of the pictures are captioned with the person's name, as celebrities' pictures are
NAME_SHARE_ALONE = 0.9  # where nothing but the name is known: else the class prompt would come to mean these people
PLAIN_SHARE = 0.3  # of the nameless captions say only the class

_HAIR = {name: f"{name.split('_')[0]} hair" for name in ("black_hair", "blond_hair", "brown_hair", "gray_hair")}
_HAIR |= {
    "straight_hair": "straight hair",
    "wavy_hair": "wavy hair",
    "bangs": "bangs",
    "receding_hairline": "a receding hairline",
}
_WITH = _HAIR | {
    "arched_eyebrows": "arched eyebrows",
    "bags_under_eyes": "bags under the eyes",
    "big_lips": "big lips",
    "big_nose": "a big nose",
    "bushy_eyebrows": "bushy eyebrows",
    "double_chin": "a double chin",
    "goatee": "a goatee",
    "high_cheekbones": "high cheekbones",
    "mustache": "a mustache",
    "narrow_eyes": "narrow eyes",
    "oval_face": "an oval face",
    "pale_skin": "pale skin",
    "pointy_nose": "a pointy nose",
    "rosy_cheeks": "rosy cheeks",
    "sideburns": "sideburns",
    "stubble": "stubble",
}
_WEARING = {
    "eyeglasses": "eyeglasses",
    "heavy_makeup": "heavy makeup",
    "wearing_earrings": "earrings",
    "wearing_hat": "a hat",
    "wearing_lipstick": "lipstick",
    "wearing_necklace": "a necklace",
    "wearing_necktie": "a necktie",
}
_DOING = {"smiling": "smiling", "mouth_slightly_open": "mouth slightly open"}


def caption(attributes: Mapping[str, bool], name: str, rng: np.random.Generator, *, named: bool | None = None) -> str:
    """One random caption: subject, then a random few of what is true of the picture.

    Args:
        attributes: CelebA attributes, lower case; empty when unknown.
        name: the person's name.
        rng: source of all choices.
        named: force or forbid the name; None draws it with NAME_SHARE, or NAME_SHARE_ALONE without attributes.
    """
    if named is None:
        named = rng.random() < (NAME_SHARE if attributes else NAME_SHARE_ALONE)
    subject = _subject(attributes, rng)
    if named and (not attributes or rng.random() < 0.5):
        start = f"a photo of {name}"
    elif named:
        start = f"a photo of {name}, {subject}"
    else:
        start = f"a photo of {subject}"
    if not attributes or rng.random() < (0.5 if named else PLAIN_SHARE):
        return start
    parts = []
    for word, group in (("with", _WITH), ("wearing", _WEARING), ("", _DOING)):
        present = [text for key, text in group.items() if attributes.get(key)]
        kept = [text for text in present if rng.random() < 0.5][:4]
        if kept:
            rng.shuffle(kept)
            parts.append(f"{word} {' and '.join(kept)}".strip())
    return ", ".join([start, *parts])


def _subject(attributes: Mapping[str, bool], rng: np.random.Generator) -> str:
    if not attributes or rng.random() < 0.3:
        return "a person"
    words = ["a"]
    if attributes.get("young") and rng.random() < 0.5:
        words.append("young")
    elif not attributes.get("young") and rng.random() < 0.8:
        words = ["an", "old"]
    for adjective in ("bald", "chubby", "attractive"):
        if attributes.get(adjective) and rng.random() < 0.4:
            words = [("an" if adjective == "attractive" and len(words) == 1 else words[0]), *words[1:], adjective]
            break
    words.append("man" if attributes.get("male") else "woman")
    return " ".join(words)
