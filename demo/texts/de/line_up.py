"""The line-up in a report."""

from __future__ import annotations

_COUNTED = (
    "Richtige Tipps von Menschen, die die Fotos nicht gesehen hatten: {right} von {count} ({share}, "
    "95-%-Intervall {low} bis {high}; Zufall wäre {chance})."
)

LINE_UP = {
    "lineup.title": "Das menschliche Maß",
    "lineup.right": "Das menschliche Maß: Anhand der Rekonstruktion wurde die Person aus sechs Gesichtern "
    "herausgefunden; die fünf anderen gehören Fremden, die ähnlich aussehen. Durch Zufall ist einer von sechs solchen "
    "Tipps richtig.",
    "lineup.wrong": "Das menschliche Maß: Anhand der Rekonstruktion wurde unter sechs Gesichtern ein fremdes gewählt. "
    "Zur Wahl standen das der Person und die von fünf Fremden, die ähnlich aussehen.",
    "lineup.none": "Das menschliche Maß: Noch hat niemand geraten, welches von sechs Gesichtern die Rekonstruktion "
    "zeigt.",
    "lineup.seen": "Wer geraten hat, hatte die Fotos schon gesehen oder kennt die Person und wird getrennt gezählt.",
    "lineup.counted.none": "Noch hat niemand geraten, der die Fotos nicht schon gesehen hatte. Durch Zufall wären "
    "{chance} der Tipps richtig.",
    "lineup.counted.one": _COUNTED,
    "lineup.counted.other": _COUNTED,
    "lineup.bars": "Richtige Tipps bei der Gegenüberstellung",
    "lineup.bars.who": "Menschen",
    "lineup.bars.what": "Anteil der Tipps, unter sechs Gesichtern, von Menschen, die die Fotos nicht gesehen hatten",
    "lineup.bars.row.one": "Menschen, {count} Tipp",
    "lineup.bars.row.other": "Menschen, {count} Tipps",
    "lineup.bars.chance": "Zufall, einer von sechs",
}
