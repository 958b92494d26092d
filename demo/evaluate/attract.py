"""Pictures for a stand that waits for visitors: what each fictional person's story ends in, at the first try."""

from __future__ import annotations

from pathlib import Path

from demo.lora.picture import matrices_picture
from demo.models.bases import find_base
from demo.origin import write_picture
from demo.photos.decode import decode
from demo.workflow import story

SEED = 1
TUNED_ON = 5
FILE_SIDE = 64  # pixels of the file's picture: seen from afar


def write_story(person: Path, out: Path, base_key: str, work: Path) -> tuple[Path, Path]:
    """Fine-tune on a person's first pictures, attack the file, and write it and the attack's own choice as pictures.

    Args:
        person: folder of the person's pictures, called by a number.
        out: folder, which is made.
        base_key: of the base.
        work: folder for the LoRA file.

    Returns:
        NN-file.webp and NN-drawn.webp, losslessly coded.
    """
    side = find_base(base_key).side
    lora = work / f"{person.name}.safetensors"
    pictures = [decode(path, path.name) for path in sorted(person.glob("*.webp"))[:TUNED_ON]]
    story.tune([picture.resize((side, side)) for picture in pictures], lora, base_key=base_key, seed=SEED)
    released = story.open_lora(lora, base_key=base_key)
    drawn = story.attack(released, base_key=base_key)
    shown = {"file": matrices_picture(released, FILE_SIDE), "drawn": drawn.pictures[drawn.best]}
    file, best = (
        write_picture(out / f"{person.name}-{name}.webp", picture, "WEBP", lossless=True)
        for name, picture in shown.items()
    )
    return file, best
