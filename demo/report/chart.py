"""Curves as one SVG: named axes, linear or logarithmic, intervals, and a legend that needs no colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

from markupsafe import Markup

WIDTH = 400
LEFT, TOP, RIGHT = 48.0, 12.0, 10.0
BELOW, LEGEND = 36.0, 15.0  # pixels: ticks and the name of the axis; a line of the legend
LEAST_SPAN = 1e-9

_Place = Callable[[tuple[float, float]], tuple[float, float]]
# Lines take the colour of the text around; the curves' colours are readable on white and on black. Dashes and marks
# tell the curves apart, too.
KINDS = (
    ("#8b8b8b", ""),
    ("#3f83c8", ""),
    ("#d0562f", "6 3"),
    ("#2f9e5b", "2 3"),
    ("#8d63c9", "8 3 2 3"),
    ("#c98a1b", "1 4"),
)
STYLE = (
    ".chart{width:100%;max-width:38rem;height:auto;display:block;font-family:system-ui,sans-serif}"
    ".chart text{fill:currentColor;font-size:12px}.chart .soft{opacity:.8;font-size:11px}"
    ".chart .axis{font-weight:600}.chart .frame{fill:none;stroke:currentColor;opacity:.35}"
    ".chart .grid{stroke:currentColor;opacity:.1}.chart .rule{stroke:currentColor;opacity:.5;stroke-dasharray:1 4;"
    "stroke-linecap:round;fill:none}.chart .curve{fill:none;stroke-width:1.8;stroke-linejoin:round}"
    ".chart .whisker{fill:none;stroke-width:1.2;opacity:.7}"
)


@dataclass(frozen=True)
class Axis:
    """One axis. With ``log`` the low end must be above 0."""

    name: str
    low: float
    high: float
    log: bool = False
    ticks: Sequence[float] | None = None  # None: round numbers

    def share(self, value: float) -> float:
        """Where a value lies, 0 to 1; what is outside is put on the edge."""
        if self.log:
            low, high, value = math.log(self.low), math.log(self.high), math.log(max(value, self.low))
        else:
            low, high = self.low, self.high
        return min(1.0, max(0.0, (value - low) / max(LEAST_SPAN, high - low)))

    def marks(self) -> list[float]:
        """The ticks."""
        if self.ticks is not None:
            return [tick for tick in self.ticks if self.low <= tick <= self.high]
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            return [10.0**n for n in range(first, last + 1)]
        step = round_step(self.high - self.low)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]


@dataclass(frozen=True)
class Curve:
    """Points in the order of x, and their intervals where there are any."""

    label: str
    points: Sequence[tuple[float, float]]
    spans: Sequence[tuple[float, float]] = field(default=())
    marked: bool = False  # whether each point gets a mark
    kind: int = 1  # of :data:`KINDS`; 0 is grey, for what others are compared with


def round_step(span: float, most: float = 6.5) -> float:
    """A step of 1, 2 or 5 times a power of ten that cuts a span into at most ``most`` pieces."""
    size = 10.0 ** math.floor(math.log10(max(span, LEAST_SPAN) / most))
    return next(size * n for n in (1, 2, 5, 10) if span / (size * n) <= most)


def chart(
    curves: Sequence[Curve],
    x: Axis,
    y: Axis,
    *,
    ident: str,
    title: str,
    spoken: str,
    height: float = 300.0,
    rules: Sequence[tuple[str, Sequence[tuple[float, float]]]] = (),
) -> Markup:
    """Curves as SVG markup.

    Args:
        ident: unlike any other's on the page.
        title: of the figure, for people who do not see it.
        spoken: the figure in words.
        height: of the frame, pixels for a width of :data:`WIDTH`.
        rules: dotted lines with their words, such as chance.
    """
    right, bottom = WIDTH - RIGHT, TOP + height

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return LEFT + x.share(point[0]) * (right - LEFT), bottom - y.share(point[1]) * height

    parts = [f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{height}"/>']
    for tick in x.marks():
        at = place((tick, y.low))[0]
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}"/>')
        parts.append(text(at, bottom + 14, tick_words(tick), "soft", "middle"))
    for tick in y.marks():
        at = place((x.low, tick))[1]
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}"/>')
        parts.append(text(LEFT - 5, at + 4, tick_words(tick), "soft", "end"))
    middle = TOP + height / 2
    parts.append(text((LEFT + right) / 2, bottom + 30, x.name, "axis", "middle"))
    parts.append(
        f'<text class="axis" text-anchor="middle" transform="translate(11 {middle:.1f}) rotate(-90)">'
        f"{escape(y.name)}</text>"
    )
    for _, points in rules:
        parts.append(f'<path class="rule" d="{_path([place(point) for point in points])}"/>')
    for curve in curves:
        parts += _curve(curve, place)
    lines = [(curve.kind, curve.marked, curve.label) for curve in curves]
    entries = [(_sample(kind, marked), label) for kind, marked, label in lines if label]
    entries += [('<path class="rule" d="M0 0H26"/>', words) for words, _ in rules if words]
    top = bottom + BELOW
    for n, (sample, words) in enumerate(entries):
        at = top + LEGEND * (n + 0.7)
        parts.append(f'<g transform="translate({LEFT} {at - 4:.1f})">{sample}</g>')
        parts.append(text(LEFT + 32, at, words, "soft"))
    tall = top + LEGEND * len(entries)
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {tall:.0f}" '
        f'role="img" aria-labelledby="{escape(ident)}-title {escape(ident)}-text"><title id="{escape(ident)}-title">'
        f'{escape(title)}</title><desc id="{escape(ident)}-text">{escape(spoken)}</desc><style>{STYLE}</style>'
        f"{''.join(parts)}</svg>"
    )


def tick_words(value: float) -> str:
    """A tick's number: short, without the noise of binary fractions."""
    if abs(value) < LEAST_SPAN:
        return "0"
    size = abs(value)
    words = f"{size:.1e}".replace("e-0", "e-").replace(".0e", "e") if size < 1e-3 else f"{size:.6g}"
    return f"−{words}" if value < 0 else words


def _curve(curve: Curve, place: _Place) -> list[str]:
    colour, dash = KINDS[curve.kind % len(KINDS)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    at = [place(point) for point in curve.points]
    parts = []
    for (value, _), (low, high) in zip(curve.points, curve.spans, strict=False):
        if math.isfinite(low) and math.isfinite(high):
            (px, foot), (_, head) = place((value, low)), place((value, high))
            path = f"M{px:.1f} {foot:.1f}V{head:.1f}M{px - 3:.1f} {foot:.1f}h6M{px - 3:.1f} {head:.1f}h6"
            parts.append(f'<path class="whisker" stroke="{colour}" d="{path}"/>')
    parts.append(f'<path class="curve" stroke="{colour}"{dashed} d="{_path(at)}"/>')
    if curve.marked:
        parts += [mark(curve.kind, px, py) for px, py in at]
    return parts


def _sample(kind: int, marked: bool) -> str:
    colour, dash = KINDS[kind % len(KINDS)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    line = f'<path class="curve" stroke="{colour}"{dashed} d="M0 0H26"/>'
    return line + (mark(kind, 13, 0) if marked else "")


def mark(kind: int, x: float, y: float) -> str:
    """A circle, a square or a diamond in the colour of a kind."""
    colour = KINDS[kind % len(KINDS)][0]
    if kind % 3 == 1:
        return f'<circle fill="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    if kind % 3 == 2:
        return f'<rect fill="{colour}" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'
    return f'<path fill="{colour}" d="M{x:.1f} {y - 4.5:.1f}l4.5 4.5l-4.5 4.5l-4.5 -4.5z"/>'


def _path(at: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at) if at else ""


def text(x: float, y: float, words: str, name: str = "", anchor: str = "start") -> str:
    """Words whose class is ``name``; ``anchor`` says which end of them is at x."""
    return f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
