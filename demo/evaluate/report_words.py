"""Words for the page of results: sections from templates, comparisons, figures with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.evaluate import shipped
from demo.models.bases import Base

TEMPLATES = Path(__file__).parent / "results"
Figures = Mapping[str, float]  # mean, low, high


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        key: name of its template.
        values: what the template asks for.
        headline: one sentence for the README; none where the README has it in another place.
    """

    key: str
    values: Mapping[str, object]
    headline: str = ""

    @property
    def markdown(self) -> str:
        """Heading and text."""
        return template(self.key).format_map(self.values)

    @property
    def line(self) -> str:
        """The headline, for a list."""
        return f"- **{template(self.key).splitlines()[0].removeprefix('## ')}.** {self.headline}"


def template(key: str) -> str:
    """The words of a section, with the names of its figures in braces."""
    return (TEMPLATES / f"{key}.md").read_text(encoding="utf-8")


def earlier(kind: str, base: Base, mark: str) -> str:
    """A warning where figures are of other weights than those that ship."""
    if mark == shipped.mark(kind, base):
        return ""
    return f"**These figures are of earlier weights ({mark}).** The base or the encoder was trained anew since.\n\n"


def compared(minus: Figures) -> str:
    """A difference of distances in words."""
    if minus["high"] < 0:
        return "significantly nearer to the person than"
    return "significantly farther from the person than" if minus["low"] > 0 else "about as near to the person as"


def percent(found: Figures) -> str:
    """A share with its interval."""
    return f"{found['mean']:.0%} [{found['low']:.0%}, {found['high']:.0%}]"


def signed(found: Figures, digits: int = 3) -> str:
    """A difference with its interval."""
    return f"{found['mean']:+.{digits}f} [{found['low']:+.{digits}f}, {found['high']:+.{digits}f}]"


def plain(found: Figures, key: str = "mean", digits: int = 3) -> str:
    """A figure with its interval."""
    return f"{found[key]:.{digits}f} [{found['low']:.{digits}f}, {found['high']:.{digits}f}]"


def listed(*sentences: str) -> str:
    """Those sentences that say something, one below the other."""
    return "\n".join(f"- {sentence}" for sentence in sentences if sentence)


def some_of(number: int, of: int) -> str:
    """How many of how many."""
    return f"{number or 'None'} of the {of}"


def named(names: Sequence[str], nothing: str = "none of them") -> str:
    """Names in a row, or that there are none."""
    return "; ".join(names) or nothing
