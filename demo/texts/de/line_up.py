"""The line-up in a report."""

from __future__ import annotations

_COUNTED = (
    "Richtige Tipps von Menschen, die die Fotos nicht gesehen hatten: {right} von {count} ({share}, "
    "95-%-Intervall {low} bis {high}; Zufall wäre {chance})."
)

LINE_UP = {
    "line_up.title": "Das menschliche Maß",
    "line_up.right": "Das menschliche Maß: Anhand der Rekonstruktion wurde die Person aus sechs Gesichtern "
    "herausgefunden; die fünf anderen gehören Fremden, die ähnlich aussehen. Durch Zufall ist einer von sechs solchen "
    "Tipps richtig.",
    "line_up.wrong": "Das menschliche Maß: Anhand der Rekonstruktion wurde unter sechs Gesichtern ein fremdes gewählt. "
    "Zur Wahl standen das der Person und die von fünf Fremden, die ähnlich aussehen.",
    "line_up.none": "Das menschliche Maß: Noch hat niemand geraten, welches von sechs Gesichtern die Rekonstruktion "
    "zeigt.",
    "line_up.seen": "Wer geraten hat, hatte die Fotos schon gesehen oder kennt die Person und wird getrennt gezählt.",
    "line_up.counted.none": "Noch hat niemand geraten, der die Fotos nicht schon gesehen hatte. Durch Zufall wären "
    "{chance} der Tipps richtig.",
    "line_up.counted.one": _COUNTED,
    "line_up.counted.other": _COUNTED,
    "line_up.bars": "Richtige Tipps bei der Gegenüberstellung",
    "line_up.bars.who": "Menschen",
    "line_up.bars.what": "Anteil der Tipps, unter sechs Gesichtern, von Menschen, die die Fotos nicht gesehen hatten",
    "line_up.bars.row.one": "Menschen, {count} Tipp",
    "line_up.bars.row.other": "Menschen, {count} Tipps",
    "line_up.bars.chance": "Zufall, einer von sechs",
}
