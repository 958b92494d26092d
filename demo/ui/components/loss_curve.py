"""The loss while it falls."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from demo.report.chart import Axis, Curve, chart

HEIGHT = 150.0


def losses(points: Sequence[tuple[int, float]]) -> Markup:
    """Means of the loss over the steps as a figure; nothing before there are two.

    Args:
        points: (step, loss), the steps rising.
    """
    if len(points) < 2:
        return Markup("")
    values = [loss for _, loss in points]
    last, loss = points[-1]
    curve = Curve("", [(float(step), value) for step, value in points])
    return chart(
        [curve],
        Axis("step", 0, last),
        Axis("loss", min(0.0, *values), max(values) or 1.0),
        ident="losses",
        title="Loss",
        spoken=f"Step {last}: loss {loss:.3f}; lowest so far {min(values):.3f}, highest {max(values):.3f}.",
        height=HEIGHT,
    )
