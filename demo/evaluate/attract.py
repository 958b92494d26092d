"""The stories of the fictional people, at the first try: pictures for a stand, and one sheet of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from demo.attack.registry import AttackSettings, best_first
from demo.lora.picture import matrices_picture
from demo.models.bases import find_base
from demo.origin import drawn, write_picture
from demo.photos.decode import decode
from demo.progress import UNWATCHED
from demo.workflow import story
from demo.workflow.arms import dreambooth_arm

SEED = 1
TUNED_ON = 5
FILE_SIDE = 64  # pixels of the file's picture: seen from afar
SHEET_SIDE = 128  # pixels of a picture on the sheet
SHOWN = 2  # photos of a person on the sheet
SHEET = "story.webp"


@dataclass(frozen=True)
class Told:
    """One person's story."""

    photos: list[Image.Image]
    owner: Image.Image  # drawn with the secret trigger
    stranger: Image.Image  # drawn from the file alone
    written: tuple[Path, Path]  # NN-file.webp and NN-drawn.webp


def write_story(person: Path, out: Path, base_key: str, work: Path) -> Told:
    """Fine-tune on a person's first pictures, attack the file, and write it and the attack's own choice as pictures.

    Args:
        person: folder of the person's pictures, called by a number.
        out: folder, which is made. The pictures are losslessly coded.
        base_key: of the base.
        work: folder for the LoRA file.
    """
    side = find_base(base_key).side
    lora = work / f"{person.name}.safetensors"
    pictures = [decode(path, path.name) for path in sorted(person.glob("*.webp"))[:TUNED_ON]]
    tuned = story.tune([picture.resize((side, side)) for picture in pictures], lora, base_key=base_key, seed=SEED)
    released = story.open_lora(lora, base_key=base_key)
    found = story.attack(released, base_key=base_key)
    how = {"released": released, "trigger": tuned.trigger, "settings": AttackSettings()}
    own = story.on_pipeline(dreambooth_arm, base_key, how, seconds=0.0, watcher=UNWATCHED)
    shown = {"file": matrices_picture(released, FILE_SIDE), "drawn": found.pictures[found.best]}
    file, best = (
        write_picture(out / f"{person.name}-{name}.webp", picture, "WEBP", lossless=True)
        for name, picture in shown.items()
    )
    return Told(pictures, best_first(own.pictures, own.best)[0], found.pictures[found.best], (file, best))


def write_sheet(path: Path, told: Sequence[Told]) -> Path:
    """A row each: photos, what the owner draws, what a stranger draws from the file."""
    sheet = Image.new("RGB", ((SHOWN + 2) * SHEET_SIDE, len(told) * SHEET_SIDE))
    for row, one in enumerate(told):
        for column, picture in enumerate((*one.photos[:SHOWN], one.owner, one.stranger)):
            small = picture.resize((SHEET_SIDE, SHEET_SIDE), Image.Resampling.LANCZOS)
            sheet.paste(small, (column * SHEET_SIDE, row * SHEET_SIDE))
    return write_picture(path, drawn(sheet), "WEBP", quality=90)
