"""The picture in the README: a bar with its interval for each way to draw, as one SVG without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

WIDTH, LEFT, RIGHT, TOP, ROW = 720, 264, 90, 44, 26
INK, SOFT, BAR, CHOSEN = "#1f2430", "#6b7280", "#9aa5b8", "#c8452d"
MARKED = "file alone"  # the row that the picture is about


def bars(rows: Mapping[str, Mapping[str, float]], title: str) -> str:
    """Shares, each with ``mean``, ``low`` and ``high``."""
    height = TOP + ROW * len(rows) + 14
    scale = (WIDTH - LEFT - RIGHT) / max(row["high"] for row in rows.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        f'<text x="16" y="26" fill="{INK}" font-size="15" font-weight="600">{escape(title)}</text>',
    ]
    for number, (name, row) in enumerate(rows.items()):
        y = TOP + ROW * number
        colour = CHOSEN if MARKED in name else BAR
        low, high, wide = (scale * row[key] for key in ("low", "high", "mean"))
        parts += [
            f'<text x="{LEFT - 10}" y="{y + 16}" fill="{INK}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{y + 3}" width="{max(wide, 1):.1f}" height="{ROW - 8}" rx="2" fill="{colour}"/>',
            f'<path d="M{LEFT + low:.1f} {y + 12}H{LEFT + high:.1f}" stroke="{INK}" stroke-width="1.5"/>',
            f'<text x="{LEFT + high + 8:.1f}" y="{y + 16}" fill="{SOFT}">{row["mean"]:.0%}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
