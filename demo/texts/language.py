"""A language: templates by key, and how it writes numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter


def one_or_other(count: int) -> str:
    """Plural of English, German and Spanish: one picture, 0 or 2 pictures."""
    return "one" if count == 1 else "other"


def none_or_one(count: int) -> str:
    """Plural of French: 0 or 1 image, 2 images."""
    return "one" if count < 2 else "other"


def one_form(count: int) -> str:
    """Chinese, which has no plural."""
    return "other"


@lru_cache(maxsize=4096)
def fields_of(template: str) -> frozenset[str]:
    """Names of a template's fields."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


@dataclass(frozen=True, eq=False)
class Language:
    """One language. Numbers are formatted here and nowhere else; templates take them as text."""

    key: str
    name: str
    texts: Mapping[str, str]
    decimal: str = "."
    thousands: str = ","
    grouped_from: int = 1000  # the smallest number that is written with separators
    percent: str = "%"  # with the space before it
    plural: Callable[[int], str] = one_or_other  # of a count -> the last part of a template's key

    def say(self, key: str, **fields: str) -> str:
        """A template with its fields filled in.

        Raises:
            KeyError: no such template.
            ValueError: other fields than the template's.
        """
        template = self.texts[key]
        if fields.keys() != fields_of(template):
            raise ValueError(f"'{key}' takes {sorted(fields_of(template))}, not {sorted(fields)}")
        return template.format(**fields)

    def count(self, key: str, number: int, **fields: str) -> str:
        """A template that depends on a count, which fills the field ``count``."""
        return self.say(f"{key}.{self.plural(number)}", count=self.fixed(number, 0), **fields)

    def numbered(self, key: str, count: int) -> list[str]:
        """A template for each of ``count`` things, with the fields ``number``, from 1, and ``count``."""
        of = self.fixed(count, 0)
        return [self.say(key, number=self.fixed(number, 0), count=of) for number in range(1, count + 1)]

    def named(self, kind: str, key: str, registered: str = "") -> str:
        """The name of one of a kind, such as an attack: the language's own, else the registry's, else the key.

        English has the names of the registries.
        """
        known = f"{kind}.{key}"
        return self.texts.get(known) or registered or self.say(f"{kind}.other", name=key)

    def first(self, text: str) -> str:
        """At the beginning of a sentence."""
        return text[:1].upper() + text[1:]

    def joined(self, parts: Sequence[str], separator: str = "list.semicolon") -> str:
        """A list in a sentence."""
        return self.texts[separator].join(parts)

    def fixed(self, value: float, digits: int = 2) -> str:
        """1,234.50."""
        return self._local(f"{value:{self._grouped(value)}.{digits}f}")

    def signed(self, value: float, digits: int = 3) -> str:
        """+0.012."""
        return self._local(f"{value:+{self._grouped(value)}.{digits}f}")

    def share(self, value: float, digits: int = 0) -> str:
        """12%."""
        return self._local(f"{value * 100:.{digits}f}") + self.percent

    def short(self, value: float) -> str:
        """Three significant figures."""
        return self._local(f"{value:.3g}")

    def plain(self, value: float) -> str:
        """A setting as it was given."""
        return self._local(f"{value:g}")

    def number(self, value: float) -> str:
        """About three significant figures; a word where there is none."""
        if not math.isfinite(value):
            return self.texts["number.none"]
        return self.fixed(value, 3 if abs(value) < 10 else 1 if abs(value) < 100 else 0)

    def epsilon(self, value: float | None) -> str:
        """An epsilon for people."""
        if value is None:
            return self.texts["epsilon.none"]
        if math.isinf(value):
            return "∞"
        return self.fixed(value, 0) if value >= 1000 else self.short(value)

    def _grouped(self, value: float) -> str:
        return "," if abs(value) >= self.grouped_from else ""

    def _local(self, text: str) -> str:
        return "".join({".": self.decimal, ",": self.thousands}.get(letter, letter) for letter in text)
