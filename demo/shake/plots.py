"""Figures of Shake-to-Leak as SVG, for the report and for the app: ROC curves, changes of AUC, ablations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from demo.report.chart import BELOW, KINDS, LEGEND, STYLE, WIDTH, Axis, Curve, chart, mark, round_step, text, tick_words
from demo.stats.intervals import Interval
from demo.stats.roc import Roc

SOURCES = {
    "sp": "SP set: the model's own pictures of the person",
    "ood": "OoD set, the control: its own pictures of somebody else",
    "members": "positive control: the training pictures themselves",
    "none": "no data",
}
# Of the chart's kinds, by source: as the first ROC curves have them.
KIND = {"sp": 1, "ood": 2, "members": 3, "none": 4}
MOST_CURVES = len(KINDS) - 1  # after the grey one; more could not be told apart
ROW, HEAD = 36.0, 8.0  # of the plot of changes, pixels
LEAST = 0.02  # half the span of changes: less would make a landscape out of noise

_Scale = Callable[[float], float]


@dataclass(frozen=True)
class Change:
    """AUC after minus before, of one fine-tuning."""

    label: str
    source: str  # of :data:`SOURCES`
    found: Interval


def roc_plot(before: Roc, after: Sequence[tuple[str, Roc]], *, ident: str = "roc") -> Markup:
    """ROC curves before (grey) and after on logarithmic axes, where the few false alarms are seen.

    Args:
        before: of the base as it was published.
        after: what was done, and the curve then; no more than :data:`MOST_CURVES` are drawn.
        ident: unlike any other's on the page.
    """
    shown = [("before", before), *after[:MOST_CURVES]]
    low = min(_least(curve.members, curve.non_members) for _, curve in shown)
    curves = [
        Curve(
            f"{label}: AUC {curve.auc.estimate:.3f}",
            [(float(x), float(y)) for x, y in zip(curve.fpr, curve.tpr, strict=True)],
            kind=n,
        )
        for n, (label, curve) in enumerate(shown)
    ]
    spoken = "; ".join(
        f"{label}: AUC {span(curve.auc)}, at 1% false positives {curve.tpr_few.estimate:.0%} of the members found"
        for label, curve in shown
    )
    return chart(
        curves,
        Axis("non-members taken for members (false positives)", low, 1.0, log=True),
        Axis("members found (true positives)", low, 1.0, log=True),
        ident=ident,
        title="Members separated from non-members, before and after",
        spoken=f"{spoken}.",
        height=WIDTH - 58.0,
        rules=[("guessing", [(low, low), (1.0, 1.0)])],
    )


def changes_plot(changes: Sequence[Change], *, ident: str = "changes") -> Markup:
    """The change of AUC of each fine-tuning with its 95% interval; a row each, in groups of one label.

    Returns:
        SVG markup; empty without a finite change.
    """
    known = [change for change in changes if math.isfinite(change.found.estimate)]
    if not known:
        return Markup("")
    groups: dict[str, list[Change]] = {}
    for change in known:
        groups.setdefault(change.label, []).append(change)
    ends = [end for c in known for end in (c.found.estimate, c.found.low, c.found.high) if math.isfinite(end)]
    reach = 1.08 * max(LEAST, *map(abs, ends))
    left, right = 8.0, WIDTH - 8.0
    bottom = HEAD + ROW * len(groups)

    def x(value: float) -> float:
        return left + (value + reach) / (2 * reach) * (right - left)

    step = round_step(2 * reach)
    parts = []
    for n in range(-int(reach / step), int(reach / step) + 1):
        at = x(n * step)
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{HEAD}" x2="{at:.1f}" y2="{bottom}"/>')
        parts.append(text(at, bottom + 14, ("+" if n > 0 else "") + tick_words(n * step), "soft", "middle"))
    parts.append(f'<path class="rule" d="M{x(0):.1f} {HEAD}V{bottom}"/>')
    parts.append(text(WIDTH / 2, bottom + 30, "change of AUC; right of 0: leaks more than before", "axis", "middle"))
    for row, (label, some) in enumerate(groups.items()):
        top = HEAD + ROW * row
        parts.append(text(left, top + 11, label))
        for n, change in enumerate(some):
            parts.append(_dot(change, x, top + 18 + 9 * n))
    used = [source for source in SOURCES if any(change.source == source for change in known)]
    tall = bottom + BELOW
    for source in used:
        tall += LEGEND
        parts.append(mark(KIND[source], left + 5, tall - 8))
        parts.append(text(left + 16, tall - 4, SOURCES[source], "soft"))
    spoken = "; ".join(f"{c.label}, {SOURCES[c.source]}: {signed(c.found)}" for c in known)
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {tall:.0f}" role="img" '
        f'aria-labelledby="{escape(ident)}-title {escape(ident)}-text"><title id="{escape(ident)}-title">Change of AUC '
        f'by fine-tuning</title><desc id="{escape(ident)}-text">{escape(spoken)}.</desc><style>{STYLE}</style>'
        f"{''.join(parts)}</svg>"
    )


def ablation_plot(
    name: str, points: Mapping[str, Sequence[tuple[float, Interval]]], *, title: str, ident: str = "ablation"
) -> Markup:
    """The change of AUC over a setting, such as the rank of a LoRA; the setting's axis is logarithmic.

    Args:
        name: of the setting.
        points: source -> (value of the setting, change), in any order.
        title: of the figure.

    Returns:
        SVG markup; empty without a finite change.
    """
    found = {
        source: sorted((p for p in some if math.isfinite(p[1].estimate)), key=lambda p: p[0])
        for source, some in points.items()
    }
    found = {source: some for source, some in found.items() if some}
    if not found:
        return Markup("")
    values = sorted({value for some in found.values() for value, _ in some})
    ends = [
        end
        for some in found.values()
        for _, change in some
        for end in (change.estimate, change.low, change.high)
        if math.isfinite(end)
    ]
    room = 0.05 * max(2 * LEAST, max(ends) - min(ends))
    curves = [
        Curve(
            SOURCES[source],
            [(value, change.estimate) for value, change in some],
            [(change.low, change.high) for _, change in some],
            marked=True,
            kind=KIND[source],
        )
        for source, some in found.items()
    ]
    log = values[0] > 0
    low, high = (values[0] / 1.3, values[-1] * 1.3) if log else (values[0], values[-1] or 1.0)
    spoken = "; ".join(
        f"{SOURCES[source]}: " + ", ".join(f"{name} {tick_words(value)}: {signed(change)}" for value, change in some)
        for source, some in found.items()
    )
    return chart(
        curves,
        Axis(name, low, high, log=log, ticks=values),
        Axis("change of AUC", min(-LEAST, *ends) - room, max(LEAST, *ends) + room),
        ident=ident,
        title=title,
        spoken=f"{spoken}.",
        height=200.0,
        rules=[("as before", [(low, 0.0), (high, 0.0)])],
    )


def span(found: Interval) -> str:
    """An estimate with its 95% interval."""
    if not math.isfinite(found.low):
        return f"{found.estimate:.3f}"
    return f"{found.estimate:.3f} ({found.low:.3f} to {found.high:.3f})"


def signed(found: Interval) -> str:
    """A difference with its 95% interval and its signs."""
    if not math.isfinite(found.low):
        return f"{found.estimate:+.3f}".replace("-", "−")
    return f"{found.estimate:+.3f} ({found.low:+.3f} to {found.high:+.3f})".replace("-", "−")


def _least(members: int, non_members: int) -> float:
    """The power of ten below the smallest rate that so few pictures can show."""
    return 10.0 ** math.floor(math.log10(1 / max(2, members, non_members)))


def _dot(change: Change, x: _Scale, y: float) -> str:
    colour, low, high = KINDS[KIND[change.source]][0], change.found.low, change.found.high
    whisker = ""
    if math.isfinite(low) and math.isfinite(high):
        a, b = x(low), x(high)
        path = f"M{a:.1f} {y:.1f}H{b:.1f}M{a:.1f} {y - 3:.1f}v6M{b:.1f} {y - 3:.1f}v6"
        whisker = f'<path class="whisker" stroke="{colour}" d="{path}"/>'
    hint = f"{change.label}, {SOURCES[change.source]}: {signed(change.found)}"
    dot = mark(KIND[change.source], x(change.found.estimate), y)
    return f"<g><title>{escape(hint)}</title>{whisker}{dot}</g>"
