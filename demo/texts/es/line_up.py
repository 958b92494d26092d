"""The line-up in a report."""

from __future__ import annotations

_COUNTED = (
    "Aciertos de gente que no había visto las fotos: {right} de {count} ({share}, intervalo del 95 %, {low} a "
    "{high}; el azar daría {chance})."
)

LINE_UP = {
    "line_up.title": "La medida humana",
    "line_up.right": "La medida humana: a partir de la reconstrucción se reconoció a la persona entre seis caras, "
    "cinco de ellas de desconocidos parecidos. Por azar, una de cada seis respuestas así es correcta.",
    "line_up.wrong": "La medida humana: a partir de la reconstrucción se eligió a un desconocido entre seis caras, la "
    "de la persona y las de cinco desconocidos parecidos.",
    "line_up.none": "La medida humana: nadie ha adivinado todavía cuál de seis caras muestra la reconstrucción.",
    "line_up.seen": "Quien respondió ya había visto las fotos o conoce a la persona, y se cuenta aparte.",
    "line_up.counted.none": "Nadie que no hubiera visto las fotos ha respondido todavía. Por azar acertaría el "
    "{chance} de las respuestas.",
    "line_up.counted.one": _COUNTED,
    "line_up.counted.other": _COUNTED,
    "line_up.bars": "Aciertos en la rueda de reconocimiento",
    "line_up.bars.who": "gente",
    "line_up.bars.what": "proporción de las respuestas, entre seis caras, de gente que no había visto las fotos",
    "line_up.bars.row.one": "Gente, {count} respuesta",
    "line_up.bars.row.other": "Gente, {count} respuestas",
    "line_up.bars.chance": "Azar, una de cada seis",
}
