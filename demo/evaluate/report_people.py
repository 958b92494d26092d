"""The part of ``weights/RESULTS.md`` on who is recognised: tables of held-out people, with sentences made from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from demo.evaluate import people_table, shipped
from demo.evaluate.held_out import TUNED_ON
from demo.evaluate.report_words import Figures, Section, compared, earlier, listed, named, percent, plain, signed
from demo.faces.recognise import SAME_PERSON
from demo.models.bases import Base

NAMES = {
    "dreambooth": "DreamBooth with the secret trigger",
    "dreambooth_extrapolated": "DreamBooth, guided as the attack is",
    "encoder": "**weight encoder, from the file alone**",
    "encoder_ordinary": "weight encoder, ordinary guidance",
    "class_prompt": "class prompt",
    "random_trigger": "guessed trigger",
    "random_lora": "random LoRA",
    "other_lora": "another person's LoRA",
    "foreign_embedding": "another person's embedding in this model",
    "swapped_model": "this embedding in another person's model",
    "chance": "no LoRA",
    "photos": "ceiling: the photos of the fine-tuning",
    "decoded": "ceiling: the same through the autoencoder",
}
MORE = """The second table judges one picture a file, as the paper does: the one nearest to the attack's other pictures.
*Nearest of the people* is the share of files whose picture is nearer to its person's photos than to those of anybody
else here. The third asks whether fine-tuned models still draw whole faces. The Frechet distance falls with sharp,
varied, lifelike pictures, and rises where there are few: all rows have the same number. *No LoRA* is the base itself.

"""
CONTROLS = ("class_prompt", "random_trigger", "random_lora", "other_lora", "foreign_embedding", "chance")
SHORT = ("dreambooth", "dreambooth_extrapolated", "encoder", "random_trigger", "class_prompt", "other_lora", "chance")
PICTURE_TITLE = "Share of pictures in which a recogniser sees the person"
OURS = "The weight encoder's pictures are"


def finished(base: Base, name: str, figures: Path) -> dict[str, Any]:
    """A table of people that ships, with its means and intervals."""
    return people_table.finished(shipped.people(base, name, figures))


def people(base: Base, found: Mapping[str, Any]) -> Section:
    """Fine-tuning with prior preservation, as the presets have it."""
    minus = {arm: d["distance"] for arm, d in found["encoder_minus"].items()}
    rates = {arm: percent(figures["rec_acc"]) for arm, figures in found["arms"].items()}
    fair = minus["dreambooth_extrapolated"]
    sentences = listed(
        f"{OURS} {compared(minus['dreambooth'])} DreamBooth's with the secret trigger ({signed(minus['dreambooth'])}).",
        f"{OURS} {compared(fair)} DreamBooth's when it is guided in the same way ({signed(fair)}).",
        _controls(minus),
        f"With ordinary guidance the recogniser accepts {rates['encoder_ordinary']} of the same encoder's pictures, "
        f"in place of {rates['encoder']}: much of the result comes from how the attack draws.",
        f"A guessed trigger, which needs no encoder, reaches {rates['random_trigger']}.",
        f"The photos themselves reach {rates['photos']}, DreamBooth {rates['dreambooth']}: the base model is small.",
    )
    return Section("people", _values(base, found) | {"sentences": sentences})


def no_prior(base: Base, found: Mapping[str, Any]) -> Section:
    """Fine-tuning without prior preservation."""
    minus = found["encoder_minus"]["class_prompt"]["distance"]
    needed = minus["high"] < 0
    encoder, prompt = (percent(found["arms"][arm]["rec_acc"]) for arm in ("encoder", "class_prompt"))
    sentences = listed(
        f"{OURS} {compared(minus)} the class prompt's ({signed(minus)}).",
        f"The recogniser accepts {prompt} of the class prompt's pictures and {encoder} of the encoder's.",
        "" if needed else "Whoever trains so puts the face on every person that the model draws. No encoder is needed.",
    )
    how = "The encoder still helps" if needed else "The class prompt alone shows the person"
    headline = f"{how}: {prompt} of its pictures are recognised, and {encoder} of the encoder's."
    return Section("no_prior", _values(base, found) | {"sentences": sentences}, headline)


def claim(found: Mapping[str, Any]) -> str:
    """The first paragraph of the README."""
    rates = {arm: percent(figures["rec_acc"]) for arm, figures in found["arms"].items()}
    fair = found["encoder_minus"]["dreambooth_extrapolated"]["distance"]
    who = f"{found['people']} people who were in no training; 95% intervals in brackets"
    said = (
        f"A face recogniser accepts **{rates['encoder']}** of the pictures that are drawn from the file alone. It "
        f"accepts {rates['dreambooth']} of those that the owner draws with the secret trigger, and "
        f"{rates['other_lora']} of those from another person's file ({who}). When the owner draws in the attack's way, "
        f"the attack's pictures are {compared(fair)} the owner's."
    )
    return fill(said, width=120)


def short_table(found: Mapping[str, Any]) -> str:
    """A few rows and columns of the table of people, for the README."""
    first = f"first of {found['decoys'] + 1:,} faces"
    lines = [f"| drawn by | recognised | {first} | dlib distance |", "|---|---|---|---|"]
    for arm in SHORT:
        own = found["arms"][arm]
        cells = [NAMES[arm], percent(own["rec_acc"]), percent(own["rank1"]), plain(own["distance"])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def shares(found: Mapping[str, Any]) -> dict[str, Figures]:
    """What the picture shows."""
    return {NAMES[arm].strip("*"): found["arms"][arm]["rec_acc"] for arm in SHORT}


def _controls(minus: Mapping[str, Figures]) -> str:
    near = [NAMES[arm] for arm in CONTROLS if arm in minus and minus[arm]["high"] >= 0]
    if not near:
        return "Every control is significantly farther from the person than the weight encoder's pictures."
    return f"These controls are not significantly farther from the person than the encoder's pictures: {named(near)}."


def _values(base: Base, found: Mapping[str, Any]) -> dict[str, object]:
    return {
        "earlier": earlier(shipped.PEOPLE, base, f"{found['base']}-{found['weights']}"),
        "people": found["people"],
        "photos": TUNED_ON,
        "steps": found["settings"]["steps"],
        "samples": found["samples"],
        "decoys": f"{found['decoys']:,}",
        "accepted": SAME_PERSON,
        "more": MORE if people_table.has_more(found) else "",
        "table": people_table.markdown(dict(found), NAMES),
    }
