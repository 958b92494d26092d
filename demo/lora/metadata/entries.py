"""What each entry of the metadata says: by its key, by the keys inside its JSON, and by what stands in its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from demo.lora.metadata import defaults, wording
from demo.lora.metadata.counted import counted, is_counted
from demo.lora.metadata.leaves import UNREAD, Budget, Leaf, leaves, pairs, parsed
from demo.lora.metadata.paths import LETTER, LONGEST
from demo.lora.metadata.photo_folders import READ_KEYS
from demo.lora.metadata.rules import PHOTO_SETS, Rule, find_rule, find_words, fits, normal, path_key
from demo.lora.metadata.said import Said, word_set
from demo.lora.metadata.searches import picture_blob, search

OWN = frozenset({"format", "lora_adapter_metadata"})  # what diffusers' readers need
ADAPTER_KEYS = frozenset({"r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules"})
EMBED = "<embed>"  # what cloneofsimo's lora writes under the word of a learned embedding
RANK = re.compile(r"(?:unet|text_encoder\w{0,8}|prior|transformer):\d{1,5}:rank")
CLASSES = re.compile(r"[A-Z][A-Za-z0-9_]{1,60}")  # classes of modules, as cloneofsimo's lora lists them
NAMED = re.compile(r"[\w.:/@<>\[\]-]{0,200}", re.ASCII)  # a key as programs write them
MODULES = re.compile(r"[\w.*|()\\^$?+\[\]-]{1,200}")
# Entries whose numbers are settings, whatever their keys; those of others are said.
CONFIGURATIONS = word_set(
    "ot_config lora_adapter_metadata software training_info workflow prompt config job meta resize_params unet "
    "text_encoder text_encoder_2 model training_config train_config"
)
# Names in a node graph (ComfyUI) are those of its programs.
GRAPH = word_set("nodes inputs outputs links groups widgets _meta properties class_type software localized_name")
NAME = find_rule("name")
CAPTION = find_rule("caption")


@dataclass
class Entries:
    """Reads entries one after the other and gathers what they say."""

    budget: Budget = field(default_factory=Budget)
    said: list[Said] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)  # keys of settings whose values are a trainer's own

    def read(self, metadata: Mapping[str, str]) -> list[Said]:
        """What all entries say."""
        for key, value in metadata.items():
            self._search(key, key[: wording.LINE], key[: wording.LINE])
            if defaults.nothing(value) or _own(key, value):
                if defaults.nothing(value) and _personal(key):
                    self.said.append(wording.other("a key without a value", key))
                continue
            if self.budget.spent:
                self.budget.skip(key)
            else:
                self._entry(key, value)
        if self.plain:
            self.said.append(
                wording.settings(
                    f"{len(self.plain)} key{'' if len(self.plain) == 1 else 's'}",
                    ", ".join(sorted(self.plain)[: wording.LINE]),
                )
            )
        if self.budget.unread:
            self.said.append(wording.unread(self.budget.unread))
        return self.said

    def _search(self, key: str, text: str, where: str) -> list[Said]:
        """What stands in a text: no more of it than is left."""
        hits = list(islice(search(text, where), self.budget.hits + 1))
        if len(hits) > self.budget.hits:
            self.budget.skip(key)
            del hits[self.budget.hits :]
        self.budget.hits -= len(hits)
        self.said += hits
        return hits

    def _entry(self, key: str, value: str) -> None:
        rule = find_rule(key)
        if value.strip() == EMBED:
            why = "A learned embedding is in the file under its word: whoever types it draws the person."
            self.said.append(Said("trigger", "Trigger word", "names of embeddings", key, why, "high"))
            return
        if rule is not None and rule.kind == "picture" and _shows_pictures(value):
            self.said.append(_by(rule, key, value))
            return
        tree = parsed(value) if len(value) <= self.budget.characters else UNREAD
        if tree is UNREAD:
            self._text(key, value, rule)
        elif not _empty(tree):
            self._tree(key, value, tree)

    def _text(self, key: str, value: str, rule: Rule | None) -> None:
        text = self.budget.take(key, value)
        if text.lstrip()[:1] in ("{", "[") and "\\\\" in text:
            text = text.replace("\\\\", "\\")  # JSON that cannot be read as such still has its escapes
        hits = [] if defaults.default(text) else self._search(key, text, key)
        if key.lower() in PHOTO_SETS and not (key == "ss_num_train_images" and not defaults.plain(value)):
            return
        short = key.removeprefix("ss_").removeprefix("modelspec.")
        if rule is not None and fits(rule, key, value):
            if not defaults.default(value) or _telling(rule, value):
                self.said.append(_by(rule, key, value))
        elif _known(key) or RANK.fullmatch(key) or (defaults.silent(value) and _setting(key)):
            self.plain.append(short)
            if not defaults.silent(value):
                self.said.append(wording.settings(key, value))
        elif normal(key).endswith("license") and defaults.public_licence(value):
            self.plain.append(short)
        elif defaults.setting(normal(key)) and " " not in value.strip() and not _whole(hits, value):
            self.said.append(wording.settings(key, f"{short}: {value}"))
        elif not _whole(hits, value):
            self._pairs(key, text)
            self.said.append(wording.other(key, value))

    def _pairs(self, key: str, text: str) -> None:
        """What the keys inside a text say that is no JSON."""
        for name, value in pairs(text) if "\n" in text or "--" in text else ():
            rule = find_words(name)
            if (
                rule is not None
                and fits(rule, name, value)
                and not defaults.nothing(value)
                and not defaults.default(value)
            ):
                self.said.append(_by(rule, f"{key}.{name}", value))

    def _tree(self, key: str, value: str, tree: Any) -> None:
        """Every leaf by its own key; what no rule knows is said in lines of several."""
        unknown: dict[str, None] = {}
        settings: dict[str, None] = {}
        words: dict[str, None] = {}
        read = not (key.lower() in CONFIGURATIONS or key.startswith(("ss_", "modelspec.")))
        sets = key.lower() in PHOTO_SETS
        for leaf in leaves(key, tree, self.budget):
            if is_counted(key, leaf):
                words[wording.item(leaf, key)] = None
                continue
            if not isinstance(leaf.value, str):
                if read and leaf.value is not None and not defaults.setting(normal(leaf.name)):
                    unknown[wording.item(leaf, key)] = None
                continue
            text = self.budget.take(key, leaf.value)
            told = leaf.key or (sets and leaf.name in READ_KEYS)
            rule = None if told else _leaf_rule(leaf)
            if defaults.nothing(text) or (defaults.default(text) and not _telling(rule, text)):
                continue
            hits = self._search(key, text, leaf.where)
            if told or picture_blob(text):
                continue
            name = normal(leaf.name.rsplit(".", 1)[-1])  # "unet.r" as well as "r"
            if rule is not None and fits(rule, leaf.name, text):
                self.said.append(_by(rule, leaf.where, text))
            elif defaults.silent(text) or (name in ADAPTER_KEYS and defaults.layer(text)):
                continue
            elif path_key(leaf.name):
                if not any(hit.kind == "path" for hit in hits):
                    self.said.append(wording.folder(leaf.where, text))
            elif (
                (_program(leaf) and name != "widgets_values")
                or (defaults.setting(name) and " " not in text.strip())
                or _classes(key, text)
            ):
                settings[f"{leaf.name}: {text}"] = None  # the same of each part is said once
            elif not _whole(hits, text):
                unknown[wording.item(leaf, key)] = None
        if key in self.budget.unread:
            self._search(key, value[: max(0, self.budget.characters)], key)
        self.said += [counted(key, line) for line in wording.lines(words)]
        self.said += [wording.other(key, line) for line in wording.lines(unknown)]
        self.said += [wording.settings(key, line) for line in wording.lines(settings)]
        if not read and not sets and key not in OWN:
            self.plain.append(key.removeprefix("ss_").removeprefix("modelspec."))


def _telling(rule: Rule | None, text: str) -> bool:
    """Whether a text that a trainer also writes by itself is somebody's own where it stands."""
    own = rule is not None and rule.kind in {"trigger", "caption", "comment", "token"}
    return own and text.strip() not in defaults.PLACEHOLDERS


def _by(rule: Rule, where: str, value: str) -> Said:
    shown = rule.read(value) if rule.read is not None else value
    severity = "low" if rule.kind == "base" and defaults.public_base(value) else rule.severity
    return Said(rule.kind, rule.what, where, shown, rule.why, severity)


def _leaf_rule(leaf: Leaf) -> Rule | None:
    """The rule of a leaf: a list's is that of its key."""
    inside = [part for part in leaf.way[1:] if not part.isdecimal()]
    if not inside:
        return find_rule(leaf.way[0])
    name = normal(leaf.name)
    if _program(leaf):
        text = leaf.value if isinstance(leaf.value, str) else ""
        if name == "widgets_values" and " " in text.strip():
            return CAPTION
        return None if name in {"name", "title", "description"} else find_words(leaf.name)
    if name in {"name", "label"}:
        return NAME
    return find_words(leaf.name)


def _program(leaf: Leaf) -> bool:
    return any(part in GRAPH for part in leaf.way)


def _classes(key: str, text: str) -> bool:
    return normal(key) in {"unet", "text_encoder", "text_encoder_2"} and CLASSES.fullmatch(text) is not None


def _known(key: str) -> bool:
    """Whether a whole key is a setting's of kohya's trainers or of ModelSpec."""
    low = key.lower()
    if low.startswith("modelspec."):
        return low.removeprefix("modelspec.") in defaults.MODELSPEC
    return low.startswith("ss_") and low.removeprefix("ss_") in defaults.KOHYA


def _setting(key: str) -> bool:
    """Whether a bare number or a trainer's own word under a key is a setting."""
    return key.startswith(("ss_", "ssmd_", "ot_", "modelspec.")) or defaults.setting(normal(key))


def _personal(key: str) -> bool:
    """Whether a key is somebody's words, and no program's name for a value."""
    worded = NAMED.fullmatch(key) is None and LETTER.search(key) is not None
    return worded and not (_known(key) or find_rule(key) or defaults.setting(normal(key)) or path_key(key))


def _whole(hits: Iterable[Said], text: str) -> bool:
    """Whether a text is no more than one of its hits, and so is said already."""
    text = text.strip() if len(text) <= LONGEST + 100 else ""
    return any(hit.value == text for hit in hits)


def _own(key: str, value: str) -> bool:
    """Whether a value holds no more than what the canonical layout needs."""
    if key == "format":
        return value in {"pt", "np", "tf", "mlx", "flax"}
    if key != "lora_adapter_metadata":
        return False
    table = parsed(value)
    # Keys start with the component; "unet.r" as well as "r".
    return isinstance(table, dict) and all(_module_setting(name, item) for name, item in table.items())


def _module_setting(name: str, item: Any) -> bool:
    if name.rsplit(".", 1)[-1] not in ADAPTER_KEYS or len(name) > wording.LINE:
        return False
    if isinstance(item, dict):  # patterns with their ranks and alphas
        return all(MODULES.fullmatch(pattern) and isinstance(value, int | float) for pattern, value in item.items())
    names: list[Any] = item if isinstance(item, list) else [item]
    texts = [text for text in names if isinstance(text, str)]
    return all(map(defaults.layer, texts)) and not isinstance(item, bool)


def _empty(tree: Any) -> bool:
    """Whether no leaf of a tree has anything in it."""
    stack, seen = [tree], 0
    while stack:
        item = stack.pop()
        seen += 1
        if seen > 10_000:
            return False
        if isinstance(item, dict):
            stack += item.values()
        elif isinstance(item, list | tuple):
            stack += item
        elif not defaults.nothing(item):
            return False
    return True


def _shows_pictures(value: str) -> bool:
    start = value[:400].lstrip(" \n[\"'")
    return start.startswith("data:image") or picture_blob(start.split('"')[0])
