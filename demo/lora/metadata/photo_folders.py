"""The folders, subsets and tables of words that kohya's keys list, in any of the forms that trainers store them in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.lora.metadata import captions, defaults
from demo.lora.metadata.leaves import CHARACTERS, DEPTH, parsed

FOLDER_KEYS = ("image_dir", "image_directory", "video_directory", "directory", "path")
LIST_KEYS = ("metadata_file", "image_jsonl_file", "video_jsonl_file")
MORE_KEYS = ("control_directory", "conditioning_data_dir", "cache_directory")
WORD_KEYS = ("class_tokens", "caption_prefix", "caption_suffix")
READ_KEYS = frozenset((*FOLDER_KEYS, *LIST_KEYS, *MORE_KEYS, *WORD_KEYS))  # whose texts are said here
WHOLE = -1  # no data set's own, but the file's
LEVELS = 8  # of tables inside each other that are looked through for words


@dataclass(frozen=True)
class Folder:
    """One folder of pictures, or one list of them."""

    name: str
    photos: int  # 0: not said
    repeats: int
    where: str
    is_reg: bool | None = None  # None: not said
    table: Mapping[str, Any] = field(default_factory=dict)  # the rest of what is said of it
    dataset: int = WHOLE

    @property
    def base(self) -> str:
        """The last component of its name, by which other keys name it."""
        return captions.base(self.name)


@dataclass(frozen=True)
class Tags:
    """The words of one folder's captions, with how often each stood."""

    where: str
    name: str  # of the folder; empty where none is said
    tags: Mapping[Any, Any]
    dataset: int = WHOLE


@dataclass(frozen=True)
class Kinds:
    """Which folders hold the photos and which the class images, by data set."""

    photos: Mapping[int, frozenset[str]]
    regular: Mapping[int, frozenset[str]]
    unlisted: frozenset[int]  # data sets with class images: a folder that is none of the photos' is theirs

    def is_class(self, name: str, dataset: int = WHOLE) -> bool:
        """Whether a folder holds class images; one that both name holds photos."""
        base = captions.base(name)
        for place in (dataset, WHOLE):
            if base in self.photos.get(place, ()):
                return False
            if base in self.regular.get(place, ()):
                return True
        return any(place in self.unlisted and self.photos.get(place) for place in (dataset, WHOLE))


def kinds(
    dirs: Iterable[Folder], regs: Iterable[Folder], subsets: Iterable[Folder], read: Mapping[str, Any], number: str
) -> Kinds:
    """Sort the folders.

    Args:
        subsets: decided by :func:`decided`.
        number: of class images, as the file says it.
    """
    photos: dict[int, set[str]] = {WHOLE: {folder.base for folder in dirs if folder.name}}
    regular: dict[int, set[str]] = {WHOLE: {folder.base for folder in regs if folder.name}}
    for subset in subsets:
        for place in (subset.dataset, WHOLE) if subset.name else ():
            (regular if subset.is_reg else photos).setdefault(place, set()).add(subset.base)
    unlisted = {place for place, table in enumerate(_datasets(read.get("ss_datasets"))) if _more(table)}
    if number.strip().isdecimal() and int(number[:20]):
        unlisted.add(WHOLE)
    return Kinds(_frozen(photos), _frozen(regular), frozenset(unlisted))


def decided(subset: Folder, dirs: Iterable[Folder], regs: Iterable[Folder]) -> bool:
    """Whether a subset is one of class images: by its own word, else by the folders that the file lists."""
    if subset.is_reg is not None:
        return subset.is_reg
    named = {folder.base for folder in regs} - {folder.base for folder in dirs}
    return bool(subset.name) and subset.base in named


def folders(read: Mapping[str, Any], key: str) -> Iterator[Folder]:
    """The folders that one of kohya's keys lists."""
    listed = read.get(key)
    if isinstance(listed, list):
        listed = {name: {} for name in listed if isinstance(name, str)}
    yield from _folders(_mapping(listed), key, 0)


def _folders(listed: Mapping[Any, Any], key: str, level: int) -> Iterator[Folder]:
    for name, entry in listed.items():
        numbers = _mapping(entry)
        inside = {below: table for below, table in numbers.items() if isinstance(table, dict)}
        nested = 0 < len(inside) == len(numbers) and level < LEVELS
        if nested:  # the folders of several data sets
            yield from _folders(inside, key, level + 1)
        if not nested or not str(name).isdecimal():
            yield Folder(str(name), natural(numbers.get("img_count")), natural(numbers.get("n_repeats")) or 1, key)


def subsets(tree: Any) -> Iterator[Folder]:
    """The subsets of all data sets."""
    for place, dataset in enumerate(_datasets(tree)):
        general = {key: value for key, value in dataset.items() if key not in ("subsets", "tag_frequency")}
        for subset in _rows(dataset.get("subsets")) or [{}]:
            table = general | {key: value for key, value in subset.items() if not defaults.nothing(value)}
            names = [name for key in (*FOLDER_KEYS, *LIST_KEYS) if (name := text(table, key))] or [""]
            counts = natural(table.get("img_count")), natural(table.get("num_repeats")) or 1
            is_reg = None if table.get("is_reg") is None else str(table["is_reg"]).lower() in {"true", "1"}
            yield Folder(names[0], *counts, "ss_datasets", is_reg, table, place)
            for name in names[1:]:
                yield Folder(name, 0, 1, "ss_datasets", is_reg, {}, place)


def tables(read: Mapping[str, Any]) -> Iterator[Tags]:
    """Folders with their tags, wherever they stand; a table without folders has none for a name."""
    yield from _tables("ss_tag_frequency", "", tree(read.get("ss_tag_frequency")), WHOLE)
    for place, dataset in enumerate(_datasets(read.get("ss_datasets"))):
        yield from _tables("ss_datasets", "", tree(dataset.get("tag_frequency")), place)


def _tables(where: str, name: str, stored: Any, dataset: int, level: int = 0) -> Iterator[Tags]:
    table = _mapping(stored)
    inside = {key: below for key, below in table.items() if isinstance(below, dict) and level < LEVELS}
    flat = {key: below for key, below in table.items() if key not in inside}
    if flat or (level and not name.isdecimal()):
        yield Tags(where, name, flat, dataset)
    for key, below in inside.items():
        yield from _tables(where, str(key), below, dataset, level + 1)


def tree(stored: Any) -> Any:
    """A value without the texts of JSON around it."""
    for _ in range(DEPTH):
        if not isinstance(stored, str) or len(stored) > CHARACTERS:
            break
        stored = parsed(stored)
    return stored


def text(table: Mapping[str, Any], key: str) -> str:
    """A text of a table, or those of its list; empty where there is none."""
    value: Any = table.get(key)
    if isinstance(value, list):
        value = ", ".join(item for item in value if isinstance(item, str))
    return value.strip() if isinstance(value, str) and not defaults.nothing(value) else ""


def natural(value: Any) -> int:
    """A number of things; 0 for what is none."""
    return value if type(value) is int and 0 <= value < 10**9 else 0


def _datasets(stored: Any) -> list[Mapping[str, Any]]:
    """The data sets: of a list, of a table by their numbers, or one alone."""
    rows = _rows(stored)
    return _rows(rows[0]["datasets"]) if len(rows) == 1 and rows[0].get("datasets") else rows


def _rows(stored: Any) -> list[Mapping[str, Any]]:
    stored = tree(stored)
    if isinstance(stored, dict):
        alone = not stored.keys().isdisjoint({"subsets", "tag_frequency", "datasets", *READ_KEYS})
        stored = [stored] if alone else list(stored.values())
    if not isinstance(stored, list):
        return []
    flat = [row for item in stored for row in (item if isinstance(item, list) else [item])]
    return [row for item in flat if isinstance(row := tree(item), dict)]


def _more(dataset: Mapping[str, Any]) -> bool:
    return natural(dataset.get("num_reg_images")) > 0


def _frozen(sets: Mapping[int, set[str]]) -> dict[int, frozenset[str]]:
    return {place: frozenset(names) for place, names in sets.items()}


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}
