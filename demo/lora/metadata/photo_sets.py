"""The photos as kohya's metadata tell of them: how many there are, their folders, their tags."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo.lora.header import parse_json
from demo.lora.metadata.rules import Severity

FOLDER = re.compile(r"^(?P<repeats>\d{1,5})_(?P<words>.+)$")  # <repeats>_<instance> <class>
MOST = 8  # tags that are named
LONGEST = 2**22  # characters of JSON that are parsed


@dataclass(frozen=True)
class Said:
    """Something that the metadata say of the photos, as :class:`demo.lora.metadata.leak.Finding` has it."""

    kind: str
    what: str
    where: str
    value: str
    why: str
    severity: Severity


@dataclass(frozen=True)
class Folder:
    """One folder of photos."""

    name: str
    photos: int  # 0: not said
    repeats: int


def photo_sets(metadata: Mapping[str, str]) -> list[Said]:
    """What ``ss_dataset_dirs``, ``ss_datasets``, ``ss_tag_frequency`` and ``ss_num_train_images`` say.

    A value that is not of the known form is shown as it is.
    """
    said: list[Said] = []
    for key in ("ss_dataset_dirs", "ss_datasets", "ss_tag_frequency", "ss_reg_dataset_dirs"):
        if key in metadata and not isinstance(_parsed(metadata[key]), dict | list):
            said.append(_unread(key, metadata[key]))
    dirs, sets = _parsed(metadata.get("ss_dataset_dirs")), _parsed(metadata.get("ss_datasets"))
    listed = {"ss_dataset_dirs": list(_dirs(dirs)), "ss_datasets": list(_subsets(sets))}
    for key, folders in listed.items():
        for folder in folders:
            said += _folder(folder.name, key)
    known = next(((key, folders) for key, folders in listed.items() if sum(f.photos for f in folders)), None)
    if known:
        said.append(_count(*known))
    elif metadata.get("ss_num_train_images", "").isdecimal():
        why = "How many pictures an epoch had: the photos, times how often each was repeated."
        value = f"{metadata['ss_num_train_images'][:20]} pictures an epoch"
        said.append(Said("photos", "Number of photos", "ss_num_train_images", value, why, "medium"))
    for subset in _tables(sets):
        token = subset.get("class_tokens")
        if isinstance(token, str) and token:
            said.append(_trigger("ss_datasets", token, "The words that stood for the person in training."))
    said += _tags(_parsed(metadata.get("ss_tag_frequency")))
    for name in _mapping(_parsed(metadata.get("ss_reg_dataset_dirs"))):
        why = "Pictures of the class, for prior preservation."
        said.append(Said("folder", "Folder of other pictures", "ss_reg_dataset_dirs", str(name), why, "low"))
    return said


def _tags(table: Any) -> Iterator[Said]:
    for folder, tags in _mapping(table).items():
        yield from _folder(str(folder), "ss_tag_frequency")
        counts = Counter({str(tag).strip(): n for tag, n in _mapping(tags).items() if type(n) is int and n > 0})
        if not counts:
            continue
        best = counts.most_common(MOST)
        more = f" and {len(counts) - MOST} more" if len(counts) > MOST else ""
        yield Said(
            "tags",
            "Words of the captions",
            "ss_tag_frequency",
            ", ".join(f"{tag} ({n})" for tag, n in best) + more,
            "The captions of the photos, word by word, with how often each stood; the trigger word is among them.",
            "high",
        )
        always = [tag for tag, n in best if n == best[0][1]]
        if len(always) <= 2 and best[0][1] > 1:  # more than that, and all of them stand in every caption
            for tag in always:
                yield _trigger("ss_tag_frequency", tag, "It stands in more captions than any other word.")


def _folder(name: str, where: str) -> Iterator[Said]:
    why = "The folder of the photos on the maker's machine; people name it after the person."
    yield Said("folder", "Folder of the photos", where, name, why, "high")
    match = FOLDER.match(name)
    if match:
        why = "kohya's trainer takes the words behind the repeats as the caption: the first is the trigger word."
        yield _trigger(where, match["words"].split()[0] if match["words"].split() else match["words"], why)


def _trigger(where: str, value: str, why: str) -> Said:
    return Said("trigger", "Trigger word", where, value, f"{why} Whoever types it draws the person.", "high")


def _count(where: str, folders: Iterable[Folder]) -> Said:
    folders = list(folders)
    total = sum(folder.photos for folder in folders)
    repeats = sorted({folder.repeats for folder in folders if folder.photos})
    value = f"{total} photo{'' if total == 1 else 's'}, each {' or '.join(map(str, repeats))} times an epoch"
    why = "How many photos the person's likeness was learned from."
    return Said("photos", "Number of photos", where, value, why, "medium")


def _dirs(table: Any) -> Iterator[Folder]:
    for name, entry in _mapping(table).items():
        numbers = _mapping(entry)
        yield Folder(str(name), _natural(numbers.get("img_count")), _natural(numbers.get("n_repeats")) or 1)


def _subsets(sets: Any) -> Iterator[Folder]:
    for subset in _tables(sets):
        name = subset.get("image_dir") or subset.get("metadata_file") or ""
        if not subset.get("is_reg"):
            folder = Folder(str(name), _natural(subset.get("img_count")), _natural(subset.get("num_repeats")) or 1)
            if folder.name or folder.photos:
                yield folder


def _tables(sets: Any) -> Iterator[Mapping[str, Any]]:
    for dataset in sets if isinstance(sets, list) else []:
        subsets = _mapping(dataset).get("subsets")
        yield from (_mapping(subset) for subset in (subsets if isinstance(subsets, list) else []))


def _unread(key: str, value: str) -> Said:
    why = "Not in a known form; read it before the file is shared."
    return Said("tags", "Photos or captions", key, value, why, "high")


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None or len(text) > LONGEST else parse_json(text)
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _natural(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 10**9 else 0
