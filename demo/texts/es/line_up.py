"""The line-up in a report."""

from __future__ import annotations

_COUNTED = (
    "Aciertos de gente que no había visto las fotos: {right} de {count} ({share}, intervalo del 95 %, {low} a "
    "{high}; el azar daría {chance})."
)

LINE_UP = {
    "lineup.title": "La medida humana",
    "lineup.right": "La medida humana: a partir de la reconstrucción se reconoció a la persona entre seis caras, "
    "cinco de ellas de desconocidos parecidos. Por azar, una de cada seis respuestas así es correcta.",
    "lineup.wrong": "La medida humana: a partir de la reconstrucción se eligió a un desconocido entre seis caras, la "
    "de la persona y las de cinco desconocidos parecidos.",
    "lineup.none": "La medida humana: nadie ha adivinado todavía cuál de seis caras muestra la reconstrucción.",
    "lineup.seen": "Quien respondió ya había visto las fotos o conoce a la persona, y se cuenta aparte.",
    "lineup.counted.none": "Nadie que no hubiera visto las fotos ha respondido todavía. Por azar acertaría el "
    "{chance} de las respuestas.",
    "lineup.counted.one": _COUNTED,
    "lineup.counted.other": _COUNTED,
    "lineup.bars": "Aciertos en la rueda de reconocimiento",
    "lineup.bars.who": "gente",
    "lineup.bars.what": "proporción de las respuestas, entre seis caras, de gente que no había visto las fotos",
    "lineup.bars.row.one": "Gente, {count} respuesta",
    "lineup.bars.row.other": "Gente, {count} respuestas",
    "lineup.bars.chance": "Azar, una de cada seis",
}
