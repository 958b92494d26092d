"""Private domains of the pre-training set: one person each, or a free text. Who was a member is a fact here."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from demo.errors import SettingsError, WeightsError
from demo.faces.faces128 import read_split
from demo.models.bases import BUNDLED, Base
from demo.models.planted import people_listing
from demo.origin import drawn, read_drawn
from demo.paths import PEOPLE

PROMPT = "a photo of {name}"  # how the captions of the bundled base name a person
FILE = "domains.parquet"


@dataclass(frozen=True, eq=False)
class Domain:
    """One person of the pre-training set, or a free text. Attacks get ``prompt`` alone; metrics see the pictures."""

    name: str
    prompt: str  # what the Synthetic Private set is drawn with
    members: Sequence[Image.Image]  # in the pre-training set, at the base's own size; empty for free text
    non_members: Sequence[Image.Image]  # the same person, never trained on
    publishable: bool  # whether pictures may be shown and written: nobody's face, or nobody's photo

    @property
    def known(self) -> bool:
        """Whether it is known who was a member, so that membership inference can be scored."""
        return bool(self.members) and bool(self.non_members)


def planted_names(base: Base) -> tuple[str, ...]:
    """Names of the fictional people that were planted in the pre-training set; none but in a bundled base's."""
    return tuple(person["name"] for person in people_listing()["planted"]) if base.bundled else ()


def planted(base: Base) -> list[Domain]:
    """The fictional people of the pre-training set; empty for a base whose training set is not known."""
    return [_planted(person, base) for person in people_listing()["planted"]] if base.bundled else []


def domain_people(folder: Path, base: Base, *, people: int | None = 100, each: int = 15) -> list[Domain]:
    """The people of ``domains.parquet``, some of whose photos a bundled base was trained on.

    Their photos stay in memory: figures alone may be written.

    Args:
        folder: holds ``domains.parquet`` (or is that file).
        people: how many, in the order of the file; None takes all.
        each: members, and as many non-members; who has fewer is left out.

    Raises:
        WeightsError: the file is not there or cannot be read.
        SettingsError: the base was not trained on them.
    """
    if not base.bundled:
        raise SettingsError(
            f"{base.title} was not trained on these people.", f"Choose the bundled base '{BUNDLED}', or a prompt."
        )
    folder = folder.parent if folder.name == FILE else folder
    try:
        splits = [read_split(folder, split) for split in ("domain_member", "domain_nonmember")]
        found = []
        for name in dict.fromkeys(splits[0]["name"]):
            members, non_members = (table[table["name"] == name]["image"].head(each) for table in splits)
            if len(members) == len(non_members) == each:
                found.append((str(name), list(members), list(non_members)))
            if people is not None and len(found) == people:
                break
    except WeightsError as error:
        raise WeightsError(error.problem, f"Say with --faces which folder holds {FILE}.") from error
    except (OSError, ValueError, KeyError) as error:
        raise WeightsError(f"{folder / FILE} cannot be read ({error}).", "Give the file as it was made.") from error
    return [
        Domain(
            name=name,
            prompt=PROMPT.format(name=name),
            members=[_fit(Image.open(io.BytesIO(blob)), base) for blob in members],
            non_members=[_fit(Image.open(io.BytesIO(blob)), base) for blob in non_members],
            publishable=False,
        )
        for name, members, non_members in found
    ]


def free_text(prompt: str) -> Domain:
    """A domain that is described in words. Who was a member is not known: pictures come out, no ROC.

    Raises:
        SettingsError: no words.
    """
    prompt = " ".join(prompt.split())
    if not prompt:
        raise SettingsError("The prompt is empty.", "Describe what the base should draw.")
    return Domain(name=prompt, prompt=prompt, members=(), non_members=(), publishable=True)


def find_domain(name: str, base: Base, faces: Path | None = None) -> Domain:
    """One person by name, upper and lower case alike.

    Args:
        name: a planted person's, or one's of ``faces``.
        base: whose training set it is.
        faces: folder of ``domains.parquet``.

    Raises:
        SettingsError: there is nobody of that name.
        WeightsError: ``faces`` has no people, or a picture that ships is missing or damaged.
    """
    wanted = " ".join(name.split()).casefold()
    for person in people_listing()["planted"] if base.bundled else ():
        if person["name"].casefold() == wanted:
            return _planted(person, base)
    people = domain_people(faces, base, people=None) if faces is not None else []
    found = next((domain for domain in people if domain.name.casefold() == wanted), None)
    if found is None:
        where = "the training set" if faces is None else f"the training set or in {faces}"
        raise SettingsError(
            f"There is no '{name}' among the known people of {where} of {base.title}.",
            "List them (python -m demo shake --list), or describe what to draw with a prompt.",
        )
    return found


def outside_prompt(domain: Domain, base: Base) -> str:
    """The prompt of the control set, which shows no picture of the domain.

    A control must differ from the Synthetic Private set in one thing: whom it shows. So it is drawn with the name of
    another planted person: the same model, the same kind of caption, somebody as well known to the model, and not in
    the domain. Who that is follows from the order of the list alone: the next one after a planted person, the first
    one for everybody else. The set is trained on under this prompt, and the attack asks for the target all the same:
    calling another person by the target's name would be no control but a way to make the model forget.

    A base whose training set is not known gets its class prompt: some person.
    """
    names = planted_names(base)
    if not names:
        return base.class_prompt
    place = names.index(domain.name) + 1 if domain.name in names else 0
    return PROMPT.format(name=names[place % len(names)])


def _planted(person: dict[str, Any], base: Base) -> Domain:
    folder, inside = PEOPLE / person["folder"], set(person["members"])
    pictures = {n: drawn(_fit(read_drawn(folder / f"{n:02d}.webp"), base)) for n in range(person["pictures"])}
    return Domain(
        name=person["name"],
        prompt=PROMPT.format(name=person["name"]),
        members=[picture for n, picture in pictures.items() if n in inside],
        non_members=[picture for n, picture in pictures.items() if n not in inside],
        publishable=True,
    )


def _fit(picture: Image.Image, base: Base) -> Image.Image:
    """At the base's own size, resized as the training set was."""
    return picture.convert("RGB").resize((base.side, base.side), Image.Resampling.LANCZOS)
