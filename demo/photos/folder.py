"""The photos in a folder: every file is told by its first bytes, and what is left out is named."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Collection
from pathlib import Path

from demo.photos.decode import BadPhotoError, label
from demo.photos.formats import ACCEPTED, HEAD, find_format
from demo.photos.kinds import foreign

PHOTO = "photo"
SILENT = {"thumbs.db", "ehthumbs.db", "desktop.ini", "picasa.ini", "icon\r"}  # what systems put into folders
SILENT_FOLDERS = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found"}
PLACEHOLDER = re.compile(r"\.(.+)\.icloud")
IN_CLOUD = "in iCloud and not on this machine: download it first"
RESULTS = re.compile(rb'\{\s*"format":\s*"lora-')  # how every report.json of this program begins
MOST_NAMES = 4  # in a line
MOST_LOOKED_AT = 200  # files of a subfolder: only for the hint

Tell = Callable[[str], None]


def folder_photos(folder: Path, *, results: Collection[str] = (), tell: Tell | None = None) -> list[Path]:
    """Photos in ``folder`` itself, sorted by name.

    Args:
        results: names of files in it that this program wrote: they are no photos.
        tell: gets a line about what is left out and why, and one about each subfolder that holds pictures.

    Raises:
        BadPhotoError: no such folder, or no photo in it; it says what is there instead.
    """
    name = label(folder.name)
    files, subfolders = _listed(folder, name)
    photos: list[Path] = []
    left_out: dict[str, list[str]] = {}  # what they are -> names
    hidden = 0
    for path in files:
        placeholder = PLACEHOLDER.fullmatch(path.name)
        if placeholder:
            left_out.setdefault(IN_CLOUD, []).append(label(placeholder[1]))
            continue
        if path.name.lower() in SILENT or path.name.startswith("._"):  # of the second kind are macOS' own notes
            hidden += 1
            continue
        what = "written by an earlier run" if path.name in results else kind_of(path)
        if path.name.startswith("."):
            if what != PHOTO:
                hidden += 1
                continue
            what = "hidden"
        if what == PHOTO:
            photos.append(path)
        else:
            left_out.setdefault(what, []).append(label(path.name))
    hints = [hint for path in subfolders for hint in _hints(path, path.name)]
    notes = [f"Left out, {what}: {_names(names)}." for what, names in left_out.items()]
    if not photos:
        raise _no_photo(name, left_out, [where for where, _ in hints], hidden, len(subfolders))
    if tell is not None:
        for line in (*notes, *(f"Not read: {where}; {remedy}." for where, remedy in hints)):
            tell(line)
    return photos


def kind_of(path: Path) -> str:
    """:data:`PHOTO`, or what a file is instead: "a video", "empty"."""
    try:
        if path.is_symlink() and not path.exists():
            return "a link to something that is not there"
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            return "no ordinary file"
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        return f"cannot be read ({error.strerror or 'input error'})"
    if not head:
        return "empty"
    return PHOTO if find_format(head) is not None else foreign(head) or PHOTO


def holds_results(folder: Path) -> bool:
    """Whether a command of this program has written its report there."""
    try:
        with (folder / "report.json").open("rb") as file:
            return RESULTS.match(file.read(HEAD)) is not None
    except OSError:
        return False


def _listed(folder: Path, name: str) -> tuple[list[Path], list[Path]]:
    """Files and folders in a folder, by name.

    Raises:
        BadPhotoError: it is none, or cannot be listed.
    """
    try:
        if folder.is_file():
            what = kind_of(folder)
            what = "a single photo" if what == PHOTO else what if what.startswith(("a ", "an ")) else f"a file, {what}"
            remedy = (
                "Unpack it, and name the folder." if "archive" in what else "Name the folder that holds the photos."
            )
            raise BadPhotoError("missing", f"{name} is {what}, not a folder.", remedy, name=name)
        inside = sorted(folder.iterdir())
        folders = [path for path in inside if path.is_dir()]
    except OSError as error:
        raise BadPhotoError(
            "missing",
            f"Cannot list the folder {name}: {error.strerror or error}.",
            "Name a folder that exists and holds the photos.",
            name=name,
        ) from error
    return [path for path in inside if path not in {*folders}], folders


def _hints(folder: Path, name: str, *, deeper: bool = True) -> list[tuple[str, str]]:
    """Which of a folder and the folders in it hold pictures, and what to do about each."""
    if folder.name.startswith(".") or folder.name.lower() in SILENT_FOLDERS:
        return []
    shown = "/".join(label(part) for part in name.split("/"))
    if holds_results(folder):
        return [(f"the subfolder '{shown}' holds results of an earlier run", "they are no photos")]
    try:
        inside = sorted(folder.iterdir())
    except OSError:  # nobody asked for it
        return []
    found: list[tuple[str, str]] = []
    looked = [path for path in inside if not path.is_dir() and not path.name.startswith(".")]
    count = sum(kind_of(path) == PHOTO for path in looked[:MOST_LOOKED_AT])
    if count:
        more = " or more" if len(looked) > MOST_LOOKED_AT else ""
        pictures = "1 picture" if count == 1 and not more else f"{count}{more} pictures"
        found.append((f"the subfolder '{shown}' holds {pictures}", "name it instead if they are meant"))
    if deeper:
        for path in inside:
            if path.is_dir():
                found += _hints(path, f"{name}/{path.name}", deeper=False)
    return found


def _no_photo(
    name: str, left_out: dict[str, list[str]], hints: list[str], hidden: int, subfolders: int
) -> BadPhotoError:
    there = [f"{_names(names)} ({what})" for what, names in left_out.items()]
    if hidden:
        there.append("1 hidden file" if hidden == 1 else f"{hidden} hidden files")
    if subfolders and not hints:
        there.append("a subfolder without pictures" if subfolders == 1 else f"{subfolders} subfolders without pictures")
    sentences = [f"it holds {', '.join(there)}"] if there else []
    problem = f"No photo in the folder {name}: {'; '.join((*sentences, *hints)) or 'it is empty'}."
    pictures = any("picture" in hint for hint in hints)
    remedy = "Name the subfolder instead." if pictures else f"Put {ACCEPTED} files into it."
    return BadPhotoError("missing", problem, remedy, name=name)


def _names(names: list[str]) -> str:
    shown = names if len(names) <= MOST_NAMES + 1 else names[:MOST_NAMES]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
