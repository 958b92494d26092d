"""The photos as kohya's metadata tell of them: how many there are, their folders, their captions.

The keys are read against each other: train_network.py of sd-scripts puts the folders of class images, which it calls
regularisation images, into ``ss_tag_frequency`` beside those of the photos.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from demo.lora.metadata import captions, defaults
from demo.lora.metadata.captions import Splitting
from demo.lora.metadata.leaves import UNREAD
from demo.lora.metadata.photo_folders import (
    MORE_KEYS,
    WHOLE,
    WORD_KEYS,
    Folder,
    Kinds,
    Tags,
    decided,
    folders,
    kinds,
    natural,
    subsets,
    tables,
    text,
    tree,
)
from demo.lora.metadata.said import Said

LINE = 180  # characters of words that are named in one line
LINES = 3
LISTS = (".json", ".jsonl", ".txt", ".csv", ".toml")
CALLS = "Whoever types it draws the person."


def photo_sets(metadata: Mapping[str, str], *, known: bool = False) -> list[Said]:
    """What kohya's keys say of the photos and of the class images.

    A value that is not of the known form is shown as it is.

    Args:
        known: whether another key names the trigger, so that a class word is none.
    """
    read = {key: tree(metadata[key]) for key in KEYS if not defaults.nothing(metadata.get(key))}
    read = {key: value for key, value in read.items() if value is UNREAD or not defaults.nothing(value)}
    said = [_unread(key, metadata[key]) for key, value in read.items() if not isinstance(value, dict | list)]
    dirs = [*folders(read, "ss_dataset_dirs"), *folders(read, "ss_val_dataset_dirs")]
    regs = list(folders(read, "ss_reg_dataset_dirs"))
    parts = [replace(s, is_reg=decided(s, dirs, regs)) for s in subsets(read.get("ss_datasets"))]
    sorting = kinds(dirs, regs, parts, read, metadata.get("ss_num_reg_images", ""))
    words = list(tables(read))
    found = _Found(_classes(sorting, parts, words), {folder.base for folder in regs})
    for folder in [*dirs, *parts]:
        if folder.name and folder.is_reg:
            found.class_folder(folder.name, folder.where)
        elif folder.name:
            found.folder(folder.name, folder.where)
    for part in parts:
        found.subset(part)
    keep = metadata.get("ss_keep_tokens", "")
    general = Splitting(keep=int(keep) if keep.isdecimal() and len(keep) < 4 else 0)
    alone = not dirs and not parts
    for table in words:
        where, name = table.where, table.name
        if alone and table.tags == {name.removeprefix("1_"): 1}:
            # ai-toolkit writes this for other programs; there is no such folder.
            found.trigger(where, name.removeprefix("1_"), "The trainer wrote it there as the trigger word.")
        elif name and sorting.is_class(name, table.dataset):
            found.class_folder(name, where)
            found.class_tags(table.tags, where)
        else:
            if name:
                found.folder(name, where)
            found.tags(table, _own(table, parts), _photos(table, dirs, parts), general)
    for folder in regs:
        if sorting.is_class(folder.name):
            found.class_folder(folder.name, folder.where)
    return [*said, *_number(dirs, parts, metadata), *found.all(known=known)]


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
            for part in splitting.parts(text(table, key)):
                if subset.is_reg:
                    self.said.append(_class_word(where, part))
                else:
                    self.trigger(where, part, why)
        for key in MORE_KEYS:
            if name := text(table, key):
                why = "A folder of the maker's machine; people name it after the person."
                self.said.append(Said("folder", "Another folder", where, name, why, "high"))

    def tags(self, table: Tags, parts: Iterable[Folder], photos: int, general: Splitting) -> None:
        """The words of a folder's captions.

        Args:
            parts: the subsets that the folder is read by.
            photos: how many captions there are; 0 where it is not said.
            general: how the captions are read where no subset says so.
        """
        splitting = next((_splitting(part.table) for part in parts), general)
        counts, where = captions.counted(table.tags, splitting), table.where
        why = (
            "The captions of the photos, word by word, with how often each stood; the trigger word is often among them."
        )
        self.said += [Said("tags", "Words of the captions", where, line, why, "high") for line in _lines(counts)]
        kept = [word for word in captions.kept(table.tags, splitting) if not self._class(word)]
        for word in kept:
            self.trigger(where, word, "The trainer kept it in its place at the start of the caption.")
        # What the trainer itself put into each caption is the trigger; a common word beside it is a common word.
        put = [words for part in parts for key in WORD_KEYS if (words := text(part.table, key))]
        if not kept and all(map(self._class, put)):
            for word in captions.common(counts, self.classes, photos):
                self.trigger(where, word, "No other word stands in more captions.")

    def class_tags(self, table: Mapping[Any, Any], where: str) -> None:
        why = "They describe class images, for prior preservation: not the person."
        for line in _lines(captions.counted(table, Splitting())):
            self.said.append(Said("class", "Words of the class images", where, line, why, "low"))

    def _class(self, words: str) -> bool:
        return captions.only_class(words, self.classes)


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


def _classes(sorting: Kinds, parts: Iterable[Folder], words: Iterable[Tags]) -> frozenset[str]:
    """The words that name the class, as far as what is said of class images tells."""
    names = frozenset().union(*sorting.regular.values()) - sorting.photos[WHOLE]
    texts = [match["words"] for name in names if (match := captions.FOLDER.fullmatch(name))]
    texts += [text(part.table, "class_tokens") for part in parts if part.is_reg]
    for table in words:
        if table.name and sorting.is_class(table.name, table.dataset):
            texts += captions.short(table.tags)
    return captions.class_words(texts)


def _own(table: Tags, parts: Iterable[Folder]) -> list[Folder]:
    """The subsets of photos that a table of tags is of."""
    mine = [p for p in parts if not p.is_reg and table.dataset in (WHOLE, p.dataset)]
    named = [part for part in mine if part.name and part.base == captions.base(table.name)]
    return (named or [part for part in mine if not part.name]) if table.name else mine


def _photos(table: Tags, dirs: Iterable[Folder], parts: Iterable[Folder]) -> int:
    """How many photos a table of tags is of; 0 where it is not said of all."""
    listed = [f for f in dirs if f.base == captions.base(table.name) or not table.name]
    if table.dataset != WHOLE or not any(folder.photos for folder in listed):
        listed = [part for part in _own(table, parts) if part.table]
    counts = [folder.photos for folder in listed]
    return sum(counts) if all(counts) else 0


def _splitting(table: Mapping[str, Any]) -> Splitting:
    return Splitting(
        keep=natural(table.get("keep_tokens")),
        keep_separator=text(table, "keep_tokens_separator"),
        separator=text(table, "secondary_separator"),
        wildcard=str(table.get("enable_wildcard")).lower() in {"true", "1"},
    )


def _unread(key: str, value: str) -> Said:
    why = "Not in a known form; read it before the file is shared."
    return Said("tags", "Photos or captions", key, value, why, "high")
