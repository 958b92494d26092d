"""The line-up in a report."""

from __future__ import annotations

_COUNTED = (
    "Réponses justes de gens qui n’avaient pas vu les photos : {right} sur {count} ({share}, intervalle à 95 % "
    "{low} à {high} ; le hasard donnerait {chance})."
)

LINE_UP = {
    "line_up.title": "La mesure humaine",
    "line_up.right": "La mesure humaine : d’après la reconstruction, la personne a été retrouvée parmi six visages, "
    "dont cinq d’inconnus qui lui ressemblent. Au hasard, une telle réponse sur six est juste.",
    "line_up.wrong": "La mesure humaine : d’après la reconstruction, c’est un inconnu qui a été choisi parmi six "
    "visages, celui de la personne et ceux de cinq inconnus qui lui ressemblent.",
    "line_up.none": "La mesure humaine : personne n’a encore deviné lequel de six visages la reconstruction montre.",
    "line_up.seen": "La réponse vient de quelqu’un qui avait déjà vu les photos ou connaît la personne ; elle est "
    "comptée à part.",
    "line_up.counted.none": "Personne n’a encore répondu sans avoir vu les photos. Au hasard, {chance} des réponses "
    "seraient justes.",
    "line_up.counted.one": _COUNTED,
    "line_up.counted.other": _COUNTED,
    "line_up.bars": "Réponses justes à la séance d’identification",
    "line_up.bars.who": "des personnes",
    "line_up.bars.what": "part des réponses, parmi six visages, de gens qui n’avaient pas vu les photos",
    "line_up.bars.row.one": "Personnes, {count} réponse",
    "line_up.bars.row.other": "Personnes, {count} réponses",
    "line_up.bars.chance": "Hasard, une sur six",
}
