"""Words of captions and folders: which of them call up the person, and which only name the class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo.lora.metadata.said import word_set

FOLDER = re.compile(r"(?P<repeats>\d{1,5})_(?P<words>.+)", re.DOTALL)  # <repeats>_<instance> <class>
NOUNS = word_set(
    "woman women man men person people girl girls boy boys female male lady guy child kid baby toddler teen teenager "
    "adult human face portrait character actor actress model celebrity dog cat animal style object 1girl 1boy solo "
    "1woman 1man 1person 1female 1male 1other "
    "femme homme mujer hombre frau mann donna uomo mulher homem женщина мужчина 女性 男性 女 男 人 여자 남자"
)
FILLERS = word_set("a an the of photo photos picture pictures image images photograph portrait by with in")
PUNCTUATION = " \t\r\n,.;:|\"'()[]{}"
TRIGGER_LONGEST = 80  # characters; longer ones are sentences


@dataclass(frozen=True)
class Splitting:
    """How the trainer read the captions of one folder."""

    keep: int = 0  # tags at the start of each caption that stay in their place
    keep_separator: str = ""  # what stands before it stays in its place
    separator: str = ""  # parts that are shuffled together
    wildcard: bool = False  # {one|other}

    def kept(self, tag: str) -> str:
        """The part of a tag that stays in its place, if a separator says which."""
        return (
            tag.split(self.keep_separator, 1)[0].strip() if self.keep_separator in tag and self.keep_separator else ""
        )

    def parts(self, tag: str) -> list[str]:
        """A tag without what only the trainer reads."""
        parts = [tag]
        for separator in (self.keep_separator, self.separator):
            if separator:
                parts = [part for whole in parts for part in whole.split(separator)]
        if self.wildcard:
            parts = [part for whole in parts for part in re.split(r"[{}|\n]", whole)]
        return [part.strip() for part in parts if part.strip()]


def base(name: str) -> str:
    """The last component of a path on any system."""
    return re.split(r"[\\/]", name.rstrip("\\/ "))[-1].strip() or name.strip()


def words(text: str) -> list[str]:
    """The words of a text without punctuation."""
    return [word for part in text.split() if (word := part.strip(PUNCTUATION))]


def only_class(text: str, classes: frozenset[str]) -> bool:
    """Whether a text has no word but those of the class."""
    return all(word.lower() in classes or word.lower() in FILLERS for word in words(text))


def class_words(texts: Iterable[str]) -> frozenset[str]:
    """Words that name a class: common ones, and those of texts for class images."""
    return NOUNS | {word.lower() for text in texts for word in words(text)[:20]}


def instance(folder: str, classes: frozenset[str]) -> str | None:
    """The words of a folder's name that stand for the person by kohya's convention."""
    match = FOLDER.fullmatch(base(folder))
    if match is None:
        return None
    named = words(match["words"])
    while len(named) > 1 and named[0].lower() in FILLERS:
        named = named[1:]
    own = list(named)
    while own and only_class(own[-1], classes):
        own.pop()
    while own and only_class(own[0], classes):
        own.pop(0)
    spoken = " ".join(own or named)
    return spoken if _spoken(spoken) else None


def _spoken(text: str) -> bool:
    """Whether a text is more than numbers and marks: a folder may be numbered twice."""
    return any(character.isalpha() or ord(character) > 127 for character in text)


def counted(table: Mapping[Any, Any], splitting: Splitting) -> Counter[str]:
    """How often each word of the captions stood, as far as it is said; 0 where it is not."""
    counts: Counter[str] = Counter()
    for tag, number in table.items():
        natural = number if type(number) is int and 0 < number < 10**9 else 0
        for part in splitting.parts(str(tag)):
            counts[part] += natural
    return counts


def common(counts: Counter[str], classes: frozenset[str], photos: int) -> list[str]:
    """The one or two words that stand in all captions, but for the class's.

    Args:
        photos: how many captions there are. 0: not said, and the words that stand in most are taken.
    """
    best = photos or max(counts.values(), default=0)
    if best < 2:
        return []
    always = [tag for tag, number in counts.items() if number >= best and _spoken(tag)]
    own = [tag for tag in always if not only_class(tag, classes)] or always
    return own if len(own) <= 2 else []  # more than that, and all of them stand in every caption


def short(table: Mapping[Any, Any]) -> list[str]:
    """The most common of a table's tags, if it is no sentence."""
    counts = counted(table, Splitting())
    return [tag for tag, number in counts.most_common(1) if number and len(words(tag)) <= 3]


def kept(table: Mapping[Any, Any], splitting: Splitting) -> Iterator[str]:
    """What the trainer kept in its place at the start of the captions."""
    seen = dict.fromkeys(part for tag in table if (part := splitting.kept(str(tag))))
    yield from list(seen)[:4]
    if not seen and 0 < splitting.keep <= 3:
        yield from [part for tag in list(table)[: splitting.keep] for part in splitting.parts(str(tag))][:4]
