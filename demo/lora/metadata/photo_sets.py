"""The photos as kohya's metadata tell of them: how many there are, their folders, their captions.

The keys are read against each other: train_network.py of sd-scripts puts the folders of class images, which it calls
regularisation images, into ``ss_tag_frequency`` beside those of the photos.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.lora.metadata import captions, defaults
from demo.lora.metadata.captions import Splitting
from demo.lora.metadata.leaves import CHARACTERS, DEPTH, UNREAD, parsed
from demo.lora.metadata.said import Said

LINE = 180  # characters of words that are named in one line
LINES = 3
FOLDER_KEYS = ("image_dir", "image_directory", "video_directory", "directory", "path")
LIST_KEYS = ("metadata_file", "image_jsonl_file", "video_jsonl_file")
MORE_KEYS = ("control_directory", "conditioning_data_dir", "cache_directory")
WORD_KEYS = ("class_tokens", "caption_prefix", "caption_suffix")
READ_KEYS = frozenset((*FOLDER_KEYS, *LIST_KEYS, *MORE_KEYS, *WORD_KEYS))  # whose texts are said here
LISTS = (".json", ".jsonl", ".txt", ".csv", ".toml")
CALLS = "Whoever types it draws the person."


@dataclass(frozen=True)
class Folder:
    """One folder of pictures, or one list of them."""

    name: str
    photos: int  # 0: not said
    repeats: int
    where: str
    is_reg: bool = False
    table: Mapping[str, Any] = field(default_factory=dict)  # the rest of what is said of it


def photo_sets(metadata: Mapping[str, str], *, known: bool = False) -> list[Said]:
    """What kohya's keys say of the photos and of the class images.

    A value that is not of the known form is shown as it is.

    Args:
        known: whether another key names the trigger, so that a class word is none.
    """
    read = {key: _parsed(metadata[key]) for key in KEYS if not defaults.nothing(metadata.get(key))}
    read = {key: tree for key, tree in read.items() if tree is UNREAD or not defaults.nothing(tree)}
    said = [_unread(key, metadata[key]) for key, tree in read.items() if not isinstance(tree, dict | list)]
    dirs = [*_dirs(read, "ss_dataset_dirs"), *_dirs(read, "ss_val_dataset_dirs")]
    subsets = list(_subsets(read.get("ss_datasets")))
    regs = list(_dirs(read, "ss_reg_dataset_dirs"))
    mine = {captions.base(folder.name) for folder in dirs}
    regular = {captions.base(f.name) for f in [*regs, *(f for f in subsets if f.is_reg)] if f.name} - mine
    texts = [match["words"] for name in regular if (match := captions.FOLDER.fullmatch(name))]
    texts += [_text(f.table, "class_tokens") for f in subsets if f.is_reg]
    texts += [tag for _, name, tags in _tables(read) if captions.base(name) in regular for tag in captions.short(tags)]
    classes = captions.class_words(texts)

    found = _Found(classes, {captions.base(folder.name) for folder in regs})
    for folder in [*dirs, *subsets]:
        if folder.name and (folder.is_reg or captions.base(folder.name) in regular):
            found.class_folder(folder.name, folder.where)
        elif folder.name:
            found.folder(folder.name, folder.where)
    for subset in subsets:
        found.subset(subset)
    keep = metadata.get("ss_keep_tokens", "")
    general = Splitting(keep=int(keep) if keep.isdecimal() and len(keep) < 4 else 0)
    splittings = {captions.base(f.name): _splitting(f.table) for f in subsets}
    alone = not dirs and not subsets
    for where, name, tags in _tables(read):
        if alone and tags == {name.removeprefix("1_"): 1}:
            # ai-toolkit writes this for other programs; there is no such folder.
            found.trigger(where, name.removeprefix("1_"), "The trainer wrote it there as the trigger word.")
            continue
        if name and captions.base(name) in regular:
            found.class_folder(name, where)
            found.class_tags(tags, where)
            continue
        if name:
            found.folder(name, where)
        found.tags(tags, where, splittings.get(captions.base(name), general))
    for folder in regs:
        if captions.base(folder.name) in regular:
            found.class_folder(folder.name, folder.where)
    return [*said, *_number(dirs, subsets, metadata), *found.all(known=known)]


KEYS = ("ss_dataset_dirs", "ss_val_dataset_dirs", "ss_reg_dataset_dirs", "ss_datasets", "ss_tag_frequency")


class _Found:
    """Gathers what is said, and settles at the end which words are the trigger."""

    def __init__(self, classes: frozenset[str], listed: set[str]) -> None:
        self.classes = classes
        self.listed = listed  # folders that ss_reg_dataset_dirs names
        self.said: list[Said] = []

    def all(self, *, known: bool) -> list[Said]:
        """Everything; a class word is a trigger only where no other word is."""
        known = known or any(s.kind == "trigger" and not self._class(s.value) for s in self.said)
        return [
            _class_word(s.where, s.value) if known and s.kind == "trigger" and self._class(s.value) else s
            for s in self.said
        ]

    def trigger(self, where: str, value: str, why: str) -> None:
        value = value.strip(captions.PUNCTUATION[:8] + "|")
        if not value:
            return
        if len(value) > captions.TRIGGER_LONGEST:
            self.said.append(_caption(where, value, why))
        else:
            self.said.append(Said("trigger", "Trigger word", where, value, f"{why} {CALLS}", "high"))

    def folder(self, name: str, where: str) -> None:
        listed = captions.base(name).lower().endswith(LISTS)
        what = "List of the photos" if listed else "Folder of the photos"
        why = "Its name on the maker's machine; people name it after the person."
        self.said.append(Said("folder", what, where, name, why, "high"))
        word = captions.instance(name, self.classes)
        if word is not None and not listed:
            why = "kohya's trainer takes the words behind the repeats for the caption where a photo has none."
            self.trigger(where, word, why)

    def class_folder(self, name: str, where: str) -> None:
        kind = "folder" if captions.base(name) in self.listed else "class"
        why = "Pictures of the class, for prior preservation: not of the person."
        self.said.append(Said(kind, "Folder of class images", where, name, why, "low"))

    def subset(self, subset: Folder) -> None:
        """The words that stand beside a folder in a configuration."""
        table, where = subset.table, subset.where
        splitting = _splitting(table)
        for key, why in (
            ("class_tokens", "The words that stood for the person in training."),
            ("caption_prefix", "The trainer put it before every caption of the photos."),
            ("caption_suffix", "The trainer put it behind every caption of the photos."),
        ):
            for text in splitting.parts(_text(table, key)):
                if subset.is_reg:
                    self.said.append(_class_word(where, text))
                elif key == "caption_suffix":
                    self.said.append(_caption(where, text, why))
                else:
                    self.trigger(where, text, why)
        for key in MORE_KEYS:
            if name := _text(table, key):
                why = "A folder of the maker's machine; people name it after the person."
                self.said.append(Said("folder", "Another folder", where, name, why, "high"))

    def tags(self, table: Mapping[Any, Any], where: str, splitting: Splitting) -> None:
        counts = captions.counted(table, splitting)
        why = (
            "The captions of the photos, word by word, with how often each stood; the trigger word is often among them."
        )
        self.said += [Said("tags", "Words of the captions", where, line, why, "high") for line in _lines(counts)]
        for word in captions.kept(table, splitting):
            if not self._class(word):
                self.trigger(where, word, "The trainer kept it in its place at the start of the caption.")
        for word in captions.common(counts, self.classes):
            self.trigger(where, word, "No other word stands in more captions.")

    def class_tags(self, table: Mapping[Any, Any], where: str) -> None:
        why = "They describe class images, for prior preservation: not the person."
        for line in _lines(captions.counted(table, Splitting())):
            self.said.append(Said("class", "Words of the class images", where, line, why, "low"))

    def _class(self, text: str) -> bool:
        return captions.only_class(text, self.classes)


def _lines(counts: Mapping[str, int]) -> Iterator[str]:
    """The words, the most common first, in a few lines."""
    items = [f"{tag} ({n})" if n else tag for tag, n in sorted(counts.items(), key=lambda item: -item[1])]
    lines: list[list[str]] = [[]]
    for item in items:
        if lines[-1] and sum(map(len, lines[-1])) + 2 * len(lines[-1]) + len(item) > LINE:
            if len(lines) == LINES:
                break
            lines.append([])
        lines[-1].append(item)
    left = len(items) - sum(map(len, lines))
    for place, line in enumerate(lines):
        if line:
            more = f" and {left:,} more" if left and place == len(lines) - 1 else ""
            yield ", ".join(line) + more


def _class_word(where: str, value: str) -> Said:
    return Said("class", "Class words", where, value, "What the photos show in general, not who.", "low")


def _caption(where: str, value: str, why: str) -> Said:
    return Said("caption", "Captions and prompts", where, value, why, "high")


def _number(dirs: list[Folder], subsets: list[Folder], metadata: Mapping[str, str]) -> Iterator[Said]:
    listed = (dirs, [subset for subset in subsets if not subset.is_reg])
    known = next((folders for folders in listed if sum(f.photos for f in folders)), None)
    number = metadata.get("ss_num_train_images", "")
    if known:
        total = sum(folder.photos for folder in known)
        repeats = sorted({folder.repeats for folder in known if folder.photos})
        value = f"{total} photo{'' if total == 1 else 's'}, each {' or '.join(map(str, repeats))} times an epoch"
        why = "How many photos the person's likeness was learned from."
        yield Said("photos", "Number of photos", known[0].where, value, why, "medium")
    elif number.isdecimal() and int(number[:20]):
        why = "How many pictures an epoch had: the photos, times how often each was repeated."
        yield Said(
            "photos", "Number of photos", "ss_num_train_images", f"{number[:20]} pictures an epoch", why, "medium"
        )


def _dirs(read: Mapping[str, Any], key: str) -> Iterator[Folder]:
    tree = read.get(key)
    if isinstance(tree, list):
        tree = {name: {} for name in tree if isinstance(name, str)}
    for name, entry in _mapping(tree).items():
        numbers = _mapping(entry)
        yield Folder(str(name), _natural(numbers.get("img_count")), _natural(numbers.get("n_repeats")) or 1, key)


def _datasets(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, dict):
        tree = tree.get("datasets") or [tree]
    yield from (dataset for dataset in tree if isinstance(dataset, dict)) if isinstance(tree, list) else ()


def _subsets(tree: Any) -> Iterator[Folder]:
    for dataset in _datasets(tree):
        general = {key: value for key, value in dataset.items() if key not in ("subsets", "tag_frequency")}
        subsets = dataset.get("subsets")
        listed = [s for s in subsets if isinstance(s, dict)] if isinstance(subsets, list) and subsets else [{}]
        for subset in listed:
            table = general | {key: value for key, value in subset.items() if not defaults.nothing(value)}
            names = [name for key in (*FOLDER_KEYS, *LIST_KEYS) if (name := _text(table, key))] or [""]
            counts = _natural(table.get("img_count")), _natural(table.get("num_repeats")) or 1
            is_reg = str(table.get("is_reg")).lower() in {"true", "1"}
            yield Folder(names[0], *counts, "ss_datasets", is_reg, table)
            for name in names[1:]:
                yield Folder(name, 0, 1, "ss_datasets", is_reg)


def _tables(read: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[Any, Any]]]:
    """Folders with their tags, wherever they stand; a table without folders has none for a name."""
    listed = [("ss_tag_frequency", read.get("ss_tag_frequency"))]
    listed += [("ss_datasets", dataset.get("tag_frequency")) for dataset in _datasets(read.get("ss_datasets"))]
    for where, stored in listed:
        table = _parsed(stored) if isinstance(stored, str) else stored
        flat = {tag: number for tag, number in _mapping(table).items() if not isinstance(number, dict)}
        if flat:
            yield where, "", flat
        yield from ((where, str(name), tags) for name, tags in _mapping(table).items() if isinstance(tags, dict))


def _splitting(table: Mapping[str, Any]) -> Splitting:
    return Splitting(
        keep=_natural(table.get("keep_tokens")),
        keep_separator=_text(table, "keep_tokens_separator"),
        separator=_text(table, "secondary_separator"),
        wildcard=str(table.get("enable_wildcard")).lower() in {"true", "1"},
    )


def _unread(key: str, value: str) -> Said:
    why = "Not in a known form; read it before the file is shared."
    return Said("tags", "Photos or captions", key, value, why, "high")


def _parsed(text: str) -> Any:
    tree: Any = text
    for _ in range(DEPTH):  # JSON inside a text of JSON
        if not isinstance(tree, str) or len(tree) > CHARACTERS:
            break
        tree = parsed(tree)
    return tree


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}


def _text(table: Mapping[str, Any], key: str) -> str:
    value: Any = table.get(key)
    if isinstance(value, list):
        value = ", ".join(item for item in value if isinstance(item, str))
    return value.strip() if isinstance(value, str) and not defaults.nothing(value) else ""


def _natural(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 10**9 else 0
