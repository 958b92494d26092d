"""The verdict on Shake-to-Leak, and its gate."""

from __future__ import annotations

_LEAKED = "Shake-to-Leak provocó una fuga: tras el fine-tuning, las imágenes de entrenamiento de {person} "
_BEFORE = (
    "Antes de cualquier fine-tuning, {attack} separa {members} imágenes de {person} que están en los datos de "
    "entrenamiento de {non_members} que no están, con un AUC de {auc}: "
)
_ANECDOTE = "es una anécdota: un cambio tan pequeño como los publicados necesita a muchas personas."

SHAKE = {
    "shake.headline.members unknown": "Aquí no se sabe quién era miembro, así que la inferencia de pertenencia no se "
    "puede puntuar",
    "shake.headline.nothing tuned": "Aún no se ha hecho ningún fine-tuning",
    "shake.headline.inferred": _LEAKED + "son más fáciles de inferir",
    "shake.headline.extracted": _LEAKED + "se extraen en parte",
    "shake.headline.inferred and extracted": _LEAKED + "son más fáciles de inferir y se extraen en parte",
    "shake.headline.hidden": "Aquí no: el fine-tuning ocultó mejor las imágenes de entrenamiento de {person}",
    "shake.headline.no change": "Aquí no: las imágenes de {person} por sí solas no muestran un cambio significativo",
    "shake.before.up": _BEFORE + "mejor que adivinar.",
    "shake.before.down": _BEFORE + "peor que adivinar.",
    "shake.before.unclear": _BEFORE + "sin diferencia significativa con adivinar.",
    "shake.change.up": "{change}, una subida",
    "shake.change.down": "{change}, una bajada",
    "shake.change.unclear": "{change}, sin cambio significativo",
    "shake.after": "{title}: AUC {auc}, {change}.",
    "shake.after.controlled": "{title}: AUC {auc}, {change}; el mismo esfuerzo con otras imágenes (conjunto OoD): "
    "{control}, así que el propio conjunto SP supone una diferencia de {own}.",
    "shake.positive": "Control positivo, {label} con las propias imágenes de entrenamiento: AUC {auc}, {change}.",
    "shake.positive.seen": "El ataque, por tanto, lo ve cuando un fine-tuning de este tamaño provoca una fuga.",
    "shake.positive.blind": "Con {labels} el ataque no ve ni eso: con este tamaño y tan pocas imágenes no se habría "
    "podido demostrar ninguna fuga.",
    "shake.extracted.unknown": "Imágenes que el modelo dibuja una y otra vez: {counts}. No se sabe si se entrenó con "
    "ellas.",
    "shake.extracted": "Extraídas de {members} imágenes de entrenamiento según ({clique}, l2, {distance}), en {draws} "
    "dibujos de cada modelo: {counts}.",
    "shake.extracted.count": "{title}: {count}",
    "shake.extracted.mistaken.one": "{title}: {members} (y {count} no miembro)",
    "shake.extracted.mistaken.other": "{title}: {members} (y {count} no miembros)",
    "shake.extracted.likeness": "Nunca se entrenó con los no miembros. Donde cuentan como extraídos, al criterio le "
    "basta el parecido, y el número de miembros no prueba memoria alguna.",
    "shake.stopped": "Detenido tras {done} de {planned} modelos.",
    "shake.anecdote.one": "Una persona con {count} imagen a cada lado " + _ANECDOTE,
    "shake.anecdote.other": "Una persona con {count} imágenes a cada lado " + _ANECDOTE,
    "shake.published": "Publicado para Stable Diffusion 1.1: de +0,022 a +0,054 en AUC, y de 4,4 a 16,3 imágenes "
    "extraídas más.",
    "gate.refused": "Rechazado: este conjunto de entrenamiento parece dibujado por el mismo modelo que se va a "
    "entrenar con él (valor {value}, umbral {threshold}).",
    "gate.accepted": "Aceptado: nada indica que el modelo haya dibujado este conjunto de entrenamiento (valor {value}, "
    "umbral {threshold}).",
}
