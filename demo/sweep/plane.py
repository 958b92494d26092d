"""The utility-leakage plane as one SVG: what the owner keeps to the right, what leaks upwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from demo.attack.registry import ATTACKS
from demo.faces.recognise import SAME_PERSON
from demo.metrics.base import MetricResult
from demo.report.figures import number
from demo.sweep.comparisons import private_distance, useful_distance
from demo.sweep.labels import Box, place
from demo.sweep.model import MetricSummary, Point, Sweep

WIDTH, HEIGHT = 400, 482
FRAME = Box(44, 36, 394, 386)  # square: the same scale on both axes
LETTER, LINE = 6.7, 14.0  # pixels: mean width of a label's letter in a wide font, height of a label
HALF = 5.0  # of a marker
LEAST_SPAN = 0.06  # of the axes: less would make a landscape out of noise
# Lines and text take the colour of the text around the figure; the marks' colours are readable on white and on black.
STYLE = """
.plane{width:100%;max-width:38rem;height:auto;display:block;font-family:system-ui,sans-serif}
.plane text{fill:currentColor;font-size:12px}
.plane .soft{opacity:.8;font-size:11px}
.plane .name{font-size:11px}
.plane .label{stroke:var(--paper,none);stroke-width:3px;paint-order:stroke}
.plane .axis{font-weight:600}
.plane .frame{fill:none;stroke:currentColor;opacity:.35}
.plane .grid{stroke:currentColor;opacity:.1}
.plane .diagonal{stroke:currentColor;opacity:.3;stroke-dasharray:1 4;stroke-linecap:round}
.plane .corner{fill:#2f9e5b;opacity:.13}
.plane .corner-name{fill:#2f9e5b;font-weight:600}
.plane .chance{stroke:#d0562f;stroke-dasharray:5 3}
.plane .band{fill:#d0562f;opacity:.08}
.plane .chance-name{fill:#d0562f}
.plane .limit{stroke:#8d63c9}
.plane .limit-name{fill:#8d63c9}
.plane .whisker{stroke:currentColor;opacity:.45;fill:none}
.plane .leader{stroke:currentColor;opacity:.6;stroke-width:.8}
.plane .mark{stroke-width:1.8}
.plane .proved{fill:#3f83c8;stroke:#3f83c8}
.plane .nominal{fill:#c98a1b;stroke:#c98a1b}
.plane .none{fill:none;stroke:#3f83c8}
.plane .plain{fill:none;stroke:#8b8b8b;stroke-width:3}
""".replace("\n", "")
KINDS = (  # class, words of the legend
    ("plain", "no defence"),
    ("proved", "ε proved"),
    ("nominal", "ε nominal"),
    ("none", "no guarantee"),
)


@dataclass(frozen=True)
class _Axis:
    """Distances to places. The nearer to the person, the farther to the right or up."""

    near: float
    far: float

    def x(self, distance: float) -> float:
        return FRAME.left + (self.far - distance) / (self.far - self.near) * (FRAME.right - FRAME.left)

    def y(self, distance: float) -> float:
        return FRAME.bottom - (self.far - distance) / (self.far - self.near) * (FRAME.bottom - FRAME.top)

    def holds(self, distance: float) -> bool:
        return self.near <= distance <= self.far

    def ticks(self) -> list[float]:
        step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if (self.far - self.near) / s <= 6.5 or s == 0.5)
        first = math.ceil(self.near / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.far / step + 1e-9) + 1)]


def plane(sweep: Sweep, *, anchor: str = "") -> Markup:
    """The plane as SVG markup; empty where no point was measured.

    Args:
        sweep: numbered points, as :func:`strips` and the table number them.
        anchor: start of the ids of what a click on a point leads to, such as "point-"; empty for no links.
    """
    points = [(n, point) for n, point in enumerate(sweep.points, 1) if _known(point.utility) and _known(point.leakage)]
    if not points:
        return Markup("")
    axis = _axis([point for _, point in points], sweep.nobody)
    ruler = points[0][1].utility.identity
    assert ruler is not None
    parts = [
        f"<style>{STYLE}</style>",
        *_field(axis, sweep.nobody, useful_distance(sweep), private_distance(sweep)),
        *_scales(axis, ruler),
        *_points(axis, points, sweep, anchor),
        *_legend([point for _, point in points]),
    ]
    role = "group" if anchor else "img"
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plane" viewBox="0 0 {WIDTH} {HEIGHT}" role="{role}" '
        f'aria-labelledby="plane-title plane-text"><title id="plane-title">Utility and leakage of each defence</title>'
        f'<desc id="plane-text">{escape(spoken(sweep))}</desc>{"".join(parts)}</svg>'
    )


def spoken(sweep: Sweep) -> str:
    """The figure in words."""
    chance = f"Chance {number(sweep.nobody.mean)}. " if _known(sweep.nobody) else ""
    items = (
        f"{point.label}: DreamBooth {number(point.utility.mean)}, best attack ({_attack(point)}) "
        f"{number(point.leakage.mean)}"
        for point in sweep.points
    )
    return f"Distances to the person's photos, smaller is nearer. {chance}{'; '.join(items)}."


def kind(point: Point) -> str:
    """Which of :data:`KINDS` a point is."""
    return "plain" if point.key == "none" else point.ledger.guarantee


def _known(summary: MetricSummary) -> bool:
    return math.isfinite(summary.mean)


def _axis(points: Sequence[Point], nobody: MetricSummary) -> _Axis:
    summaries = [summary for point in points for summary in (point.utility, point.leakage)] + [nobody]
    ends = [end for s in summaries for end in (s.mean, s.low, s.high) if math.isfinite(end)]
    near, far = min(ends), max(ends)
    if 0 < near - SAME_PERSON < 0.04:
        near = SAME_PERSON  # so close that the line belongs into the picture
    middle, span = (near + far) / 2, max(far - near, LEAST_SPAN)
    return _Axis(max(0.0, middle - 0.56 * span), middle + 0.56 * span)


def _field(axis: _Axis, nobody: MetricSummary, useful: float | None, private: float | None) -> list[str]:
    """Frame, corner, the band of chance, the diagonal and the lines."""
    left, top, right, bottom = FRAME.left, FRAME.top, FRAME.right, FRAME.bottom
    parts = []
    if useful is not None and private is not None:
        parts.append(_rect("corner", axis.x(useful), axis.y(private), right, bottom))
    if _known(nobody) and math.isfinite(nobody.low):
        parts.append(_rect("band", axis.x(nobody.high), top, axis.x(nobody.low), bottom))
        parts.append(_rect("band", left, axis.y(nobody.low), right, axis.y(nobody.high)))
    parts.append(_line("diagonal", left, bottom, right, top))
    for name, distance in _rules(axis, nobody):
        x, y = axis.x(distance), axis.y(distance)
        parts += [_line(name, x, top, x, bottom), _line(name, left, y, right, y)]
    parts.append(_rect("frame", left, top, right, bottom))
    return parts


def _rules(axis: _Axis, nobody: MetricSummary) -> list[tuple[str, float]]:
    """Lines across the whole plane, on both axes: class and distance."""
    rules = [("limit", SAME_PERSON)] if axis.holds(SAME_PERSON) else []
    return [*rules, ("chance", nobody.mean)] if _known(nobody) else rules


def _names(axis: _Axis, nobody: MetricSummary, corner: bool) -> list[tuple[str, Box]]:
    """What stands in the plane besides the points' labels, and where."""
    found = []
    for name, distance in _rules(axis, nobody):
        words = "chance" if name == "chance" else "dlib: same person"
        width, x, y = 6.2 * len(words), axis.x(distance), axis.y(distance)
        if name == "limit":
            found.append((words, "limit-name name", Box(FRAME.left + 4, y - 15, FRAME.left + 4 + width, y - 2)))
            continue
        foot = y - 2 if y - 15 > FRAME.top else y + 13
        found.append((words, "chance-name name", Box(FRAME.right - 4 - width, foot - 13, FRAME.right - 4, foot)))
        start = min(x + 4, FRAME.right - width - 4)
        found.append((words, "chance-name name", Box(start, FRAME.top + 2, start + width, FRAME.top + 15)))
    if corner:
        box = Box(FRAME.right - 132, FRAME.bottom - 20, FRAME.right - 6, FRAME.bottom - 5)
        found.append(("useful and private", "corner-name", box))
    return [(_text(box.right, box.bottom - 3, words, name, "end"), box) for words, name, box in found]


def _scales(axis: _Axis, ruler: MetricResult) -> list[str]:
    """Ticks and names of both axes."""
    left, top, right, bottom = FRAME.left, FRAME.top, FRAME.right, FRAME.bottom
    parts = []
    for tick in axis.ticks():
        x, y = axis.x(tick), axis.y(tick)
        parts += [_line("grid", x, top, x, bottom), _line("grid", left, y, right, y)]
        parts.append(_text(x, bottom + 14, f"{tick:.2f}", "soft", "middle"))
        parts.append(_text(left - 5, y + 4, f"{tick:.2f}", "soft", "end"))
    parts.append(_text(right, bottom + 30, "DreamBooth's distance: more useful →", "axis", "end"))
    parts.append(_text(6, 14, "↑ more leakage: the best attack's distance", "axis"))
    parts.append(_text(6, 27, "95% intervals; dotted: the attack as good as DreamBooth", "soft"))
    parts.append(_text(right, bottom + 45, f"{ruler.title}; {ruler.model}", "soft", "end"))
    for line, words in enumerate(ruler.scaling.split("; ")):
        parts.append(_text(right, bottom + 59 + 13 * line, words, "soft", "end"))
    return parts


def _points(axis: _Axis, points: Sequence[tuple[int, Point]], sweep: Sweep, anchor: str) -> list[str]:
    """Whiskers, marks and labels; labels lie over all else."""
    corner = None not in (useful_distance(sweep), private_distance(sweep))
    nobody, names = sweep.nobody, _names(axis, sweep.nobody, corner)
    at = [(axis.x(point.utility.mean), axis.y(point.leakage.mean)) for _, point in points]
    words = [f"{n} {point.short}{'' if point.utility.draws_faces else ' (no faces)'}" for n, point in points]
    sizes = [(LETTER * len(text) + 4, LINE) for text in words]
    spans = [span for (_, point), (x, y) in zip(points, at, strict=True) for span in _whiskers(axis, point, x, y)]
    crossed = [box for _, box in spans]
    for _, distance in _rules(axis, nobody):
        crossed.append(Box(axis.x(distance) - 1, FRAME.top, axis.x(distance) + 1, FRAME.bottom))
        crossed.append(Box(FRAME.left, axis.y(distance) - 1, FRAME.right, axis.y(distance) + 1))
    boxes = place(at, sizes, FRAME, [box for _, box in names], crossed, HALF + 2)
    leaders, marks, labels = [], [], []
    for (n, point), (x, y), box, text in zip(points, at, boxes, words, strict=True):
        leaders.append(_leader(x, y, box))
        hint = (
            f"{point.label}: DreamBooth {number(point.utility.mean)}, best attack ({_attack(point)}) "
            f"{number(point.leakage.mean)}"
        )
        mark = f"<g><title>{escape(hint)}</title>{_mark(kind(point), x, y)}</g>"
        left = box.left + box.right > 2 * x - 2 * HALF  # else the text ends where its point is
        label = _text(
            box.left + 2 if left else box.right - 2, box.bottom - 3, text, "label", "start" if left else "end"
        )
        if anchor:
            mark, label = (f'<a href="#{escape(anchor)}{n}">{part}</a>' for part in (mark, label))
        marks.append(mark)
        labels.append(label)
    return [*(path for path, _ in spans), *leaders, *marks, *(text for text, _ in names), *labels]


def _whiskers(axis: _Axis, point: Point, x: float, y: float) -> list[tuple[str, Box]]:
    """Intervals as paths, and the boxes that they take."""
    found = []
    if math.isfinite(point.utility.low):
        box = Box(axis.x(point.utility.high), y - 3, axis.x(point.utility.low), y + 3)
        ends = "".join(f"M{x:.1f} {box.top:.1f}v6" for x in (box.left, box.right))
        found.append((f"M{box.left:.1f} {y:.1f}H{box.right:.1f}{ends}", box))
    if math.isfinite(point.leakage.low):
        box = Box(x - 3, axis.y(point.leakage.low), x + 3, axis.y(point.leakage.high))  # nearer is higher up
        ends = "".join(f"M{box.left:.1f} {y:.1f}h6" for y in (box.top, box.bottom))
        found.append((f"M{x:.1f} {box.top:.1f}V{box.bottom:.1f}{ends}", box))
    return [(f'<path class="whisker" d="{path}"/>', box) for path, box in found]


def _leader(x: float, y: float, box: Box) -> str:
    """From a mark to a label that does not lie beside it."""
    near_x, near_y = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
    if math.hypot(near_x - x, near_y - y) < 2.5 * HALF:
        return ""
    return _line("leader", x, y, near_x, near_y)


def _mark(name: str, x: float, y: float) -> str:
    if name == "plain":  # a cross
        path = f"M{x - HALF:.1f} {y:.1f}h{2 * HALF}M{x:.1f} {y - HALF:.1f}v{2 * HALF}"
        return f'<path class="mark plain" d="{path}"/>'
    if name == "nominal":
        side = 2 * HALF - 1
        return (
            f'<rect class="mark nominal" x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side}" height="{side}"/>'
        )
    return f'<circle class="mark {name}" cx="{x:.1f}" cy="{y:.1f}" r="{HALF - 0.5}"/>'


def _legend(points: Sequence[Point]) -> list[str]:
    there = {kind(point) for point in points}
    parts, x = [], 12.0
    for name, words in KINDS:
        if name in there:
            parts += [_mark(name, x, HEIGHT - 9), _text(x + 10, HEIGHT - 5, words, "soft")]
            x += 24 + 5.6 * len(words)
    return parts


def _attack(point: Point) -> str:
    return ATTACKS[point.best_attack].title.lower()


def _text(x: float, y: float, words: str, name: str = "", anchor: str = "start") -> str:
    return f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _rect(name: str, left: float, top: float, right: float, bottom: float) -> str:
    return (
        f'<rect class="{name}" x="{left:.1f}" y="{top:.1f}" width="{max(0.0, right - left):.1f}" '
        f'height="{max(0.0, bottom - top):.1f}"/>'
    )
