"""The line-up in a report."""

from __future__ import annotations

_COUNTED = (
    "Réponses justes de gens qui n’avaient pas vu les photos : {right} sur {count} ({share}, intervalle à 95 % "
    "{low} à {high} ; le hasard donnerait {chance})."
)

LINE_UP = {
    "lineup.title": "La mesure humaine",
    "lineup.right": "La mesure humaine : d’après la reconstruction, la personne a été retrouvée parmi six visages, "
    "dont cinq d’inconnus qui lui ressemblent. Au hasard, une telle réponse sur six est juste.",
    "lineup.wrong": "La mesure humaine : d’après la reconstruction, c’est un inconnu qui a été choisi parmi six "
    "visages, celui de la personne et ceux de cinq inconnus qui lui ressemblent.",
    "lineup.none": "La mesure humaine : personne n’a encore deviné lequel de six visages la reconstruction montre.",
    "lineup.seen": "La réponse vient de quelqu’un qui avait déjà vu les photos ou connaît la personne ; elle est "
    "comptée à part.",
    "lineup.counted.none": "Personne n’a encore répondu sans avoir vu les photos. Au hasard, {chance} des réponses "
    "seraient justes.",
    "lineup.counted.one": _COUNTED,
    "lineup.counted.other": _COUNTED,
    "lineup.bars": "Réponses justes à la séance d’identification",
    "lineup.bars.who": "des personnes",
    "lineup.bars.what": "part des réponses, parmi six visages, de gens qui n’avaient pas vu les photos",
    "lineup.bars.row.one": "Personnes, {count} réponse",
    "lineup.bars.row.other": "Personnes, {count} réponses",
    "lineup.bars.chance": "Hasard, une sur six",
}
