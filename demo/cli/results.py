"""The folder of results: looked at before the work, and cleared of what an earlier run left there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from demo.errors import OutputError
from demo.files import check_folder
from demo.photos.folder import holds_results

REPORT = ("report.json", "report.html")
LORA = ("lora.safetensors", "lora.card.md", "lora.ledger.json")
BYTES_PER_PIXEL = 8  # of a picture that is drawn: as PNG, and once more within the report
LORA_BYTES = 4 * 2**20  # of a file, at least
MOST_PICTURES = 10_000  # of an arm, whatever a report says


def check_out(out: Path, files: Sequence[str] = (), folders: Sequence[str] = ()) -> None:
    """Make the folder and try it, before any work.

    Args:
        files: names of what is written there.
        folders: names of the folders in it that are written into.

    Raises:
        OutputError: nothing can be written there, or not under one of these names; or a report is there that is none of
            this program's.
    """
    check_folder(out, files, folders, make=True)
    if REPORT[0] in files and (out / REPORT[0]).exists() and not holds_results(out):
        raise _not_ours(out / REPORT[0])


def check_apart(out: Path, photos: Path | None) -> None:
    """Refuse to draw into the photos' own folder: a later run would read the pictures as photos.

    Raises:
        OutputError: both are one folder.
    """
    try:
        same = photos is not None and (photos.resolve() == out.resolve() or photos.samefile(out))
    except OSError:  # one of them is not there
        return
    if same:
        raise OutputError(
            f"{out} holds the photos: what is drawn would lie among them.", "Choose another folder with --out."
        )


def check_pictures(out: Path, samples: int, side: int, *, more: float = 0) -> None:
    """Whether all pictures of a run can be written: their names are free, and the disk has room for them.

    Args:
        samples: pictures of each kind.
        side: of a picture, pixels.
        more: bytes that are written beside them.

    Raises:
        OutputError: they cannot.
    """
    kinds = list(picture_names().values())
    names = [f"{name}-{index}.png" for name in kinds for index in range(samples)]
    check_folder(out, names, room=len(names) * side**2 * BYTES_PER_PIXEL + more)
    own = written_earlier(out)
    for name in names:
        if name not in own and (out / name).exists():
            raise _not_ours(out / name)


def picture_names() -> dict[str, str]:
    """Arms whose pictures are written -> what their files are called: what the owner draws, and every attack."""
    from demo.attack.registry import ATTACKS
    from demo.report.arms import OWNER

    return {OWNER: OWNER, **{key: entry.file or key for key, entry in ATTACKS.items()}}


def written_earlier(out: Path) -> frozenset[str]:
    """Names of the pictures and the report in a folder that an earlier run wrote there, as its report lists them."""
    if not holds_results(out):
        return frozenset()
    from demo.report.write import FORMAT

    counts: dict[str, int] = {}
    with suppress(OSError, ValueError, TypeError, KeyError):  # spoiled since: then nothing says what is ours
        told = json.loads((out / REPORT[0]).read_text(encoding="utf-8"))
        if told["format"] == FORMAT:  # the other commands' pictures lie in folders of their own
            counts = {arm["key"]: min(int(arm["pictures"]), MOST_PICTURES) for arm in told["arms"]}
    names = picture_names()
    drawn = (f"{names[key]}-{index}.png" for key, count in counts.items() if key in names for index in range(count))
    return frozenset((*drawn, *REPORT))


def clear_results(out: Path) -> None:
    """Delete an earlier run's pictures and report: beside the new ones they would be taken for theirs.

    Nothing else goes: a file that only has such a name may be a photo.

    Raises:
        OutputError: one of them cannot be deleted.
    """
    try:
        # The report goes last: until then it says whose the others are.
        for name in sorted(written_earlier(out), key=lambda name: (name == REPORT[0], name)):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{error.filename} cannot be deleted: {error.strerror}.", "Choose another folder.") from error


def _not_ours(path: Path) -> OutputError:
    return OutputError(
        f"{path} is there already, and no report says that this program wrote it.",
        "Choose another folder with --out, or move the file.",
    )
