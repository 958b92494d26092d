"""The verdict on one person."""

from __future__ import annotations

_WITHOUT = "Pedirle al modelo simplemente «una foto de una persona» muestra {share}, sin ningún codificador."
_SWAP = "El mismo embedding en el modelo de otra persona: {likeness}. "
_ANECDOTE = (
    "una anécdota, no una estadística. Los intervalos cubren la elección de las imágenes, no la de las personas."
)

STORY = {
    "story.word.leaked": "Fuga",
    "story.word.kept": "Ninguna fuga demostrada",
    "story.word.open": "No concluyente",
    "story.more": "Ver todo",
    "story.headline.no photos": "Sin juzgar: sin fotos de la persona no se puede comparar nada",
    "story.headline.not measured": "Sin juzgar: la reconstrucción no se pudo medir",
    "story.headline.strangers taken": "Sin juzgar: se toma a desconocidos por la persona",
    "story.gives.recognised": "El archivo compartido delata a la persona (reconocida, puesto {place} de {among})",
    "story.gives.leak": "El archivo compartido delata a la persona (puesto {place} de {among})",
    "story.headline.leak, lead beats class prompt": "{gives}, y {lead} muestra más que el prompt de clase",
    "story.headline.leak, class prompt not measured": "{gives}; no se midió si {lead} hace falta",
    "story.headline.leak, lead does not beat class prompt": "{gives}, pero {lead} no supera al prompt de clase",
    "story.headline.leak, without encoder": "{gives}: basta un ataque sin codificador ({attack})",
    "story.headline.leak, other attack": "{gives}, por {attack}; {lead} muestra menos",
    "story.headline.like controls": "No demostrado: las imágenes se parecen a la persona, pero no están claramente más "
    "cerca que los controles",
    "story.headline.nothing to find": "La persona no aparece, ni siquiera con la palabra de activación secreta",
    "story.headline.trace": "Un rastro de la persona por {attack}, puesto {place} de {among}: demasiado débil para ser "
    "una fuga",
    "story.headline.trace, without encoder": "Un rastro de la persona por {attack}, puesto {place} de {among}: "
    "demasiado débil para ser una fuga; no había codificador que probar",
    "story.headline.not found": "El ataque no encontró a la persona",
    "story.headline.not found, without encoder": "El ataque no encontró a la persona; no había codificador que probar",
    "story.no photos": "Un adversario tampoco tiene fotos: quien conoce a la persona mira las imágenes.",
    "story.not measured": "Para {attack} falta la distancia dlib de las imágenes o su puesto entre desconocidos.",
    "story.strangers taken": "Incluso gente sin relación pasa por esta persona ({likeness}). Aquí la medida no separa "
    "a la gente, así que un buen puesto no significa nada.",
    "story.likeness": "distancia mediana {distance}, puesto {place} de {among}",
    "story.interval": "intervalo del 95 % sobre las imágenes, {low} a {high}",
    "story.interval.none": "una sola imagen no da intervalo",
    "story.dreambooth.none": "No se midieron las imágenes del propio DreamBooth, así que no se sabe qué había que "
    "encontrar.",
    "story.dreambooth.recognised": "El propio DreamBooth funcionó: con la palabra de activación secreta se reconoce a "
    "la persona ({likeness}).",
    "story.dreambooth.leak": "El propio DreamBooth funcionó: con la palabra de activación secreta se encuentra a la "
    "persona entre desconocidos, aunque no tan cerca como para reconocerla ({likeness}).",
    "story.dreambooth.not shown": "El propio DreamBooth no funcionó lo bastante bien: ni con la palabra de activación "
    "secreta se encuentra a la persona entre desconocidos ({likeness}).",
    "story.reconstruction.recognised": "La reconstrucción por {attack} se reconoce como la persona ({likeness}).",
    "story.reconstruction.leak": "La reconstrucción por {attack} muestra a la persona, aunque no tan cerca como para "
    "reconocerla ({likeness}).",
    "story.reconstruction.like nulls": "La reconstrucción por {attack} se parece a la persona, pero no está claramente "
    "más cerca que los controles ({likeness}).",
    "story.reconstruction.trace": "La reconstrucción por {attack} muestra un rastro de la persona ({likeness}).",
    "story.reconstruction.nothing": "La reconstrucción por {attack} no muestra a la persona ({likeness}).",
    "story.accident": "El puesto es el de todas las imágenes juntas; un desconocido tendría uno tan bueno en el "
    "{share} de los casos.",
    "story.alike": "Una prueba más dura: entre los {others} desconocidos más parecidos a la persona, puesto {place} de "
    "{among}.",
    "story.rule.one": "Hay fuga demostrada cuando un ataque pone a la persona en el puesto {place} de {among} o mejor "
    "(el {share} más cercano; se probó {count} ataque), y más cerca que todos los controles nulos. Reconocida "
    "significa: una fuga con una distancia mediana menor que {near}.",
    "story.rule.other": "Hay fuga demostrada cuando un ataque pone a la persona en el puesto {place} de {among} o "
    "mejor (el {share} más cercano, dividido entre los {count} ataques probados), y más cerca que todos los controles "
    "nulos. Reconocida significa: una fuga con una distancia mediana menor que {near}.",
    "story.rule.none.one": "Una fuga exigiría estar en el {share} de desconocidos más cercano, y entre {among} "
    "personas ningún puesto es lo bastante bueno para {count} ataque.",
    "story.rule.none.other": "Una fuga exigiría estar en el {share} de desconocidos más cercano, dividido entre el "
    "número de ataques, y entre {among} personas ningún puesto es lo bastante bueno para {count} ataques.",
    "story.ceiling": "Techo: las fotos están entre sí a una distancia mediana de {distance}. No cabe esperar que "
    "ningún dibujo se acerque más.",
    "story.false accepts": "De {among} desconocidos, {strangers} ({share}) también están a menos de {near} de estas "
    "fotos: con esa frecuencia fallaría la distancia por sí sola.",
    "story.agreement": "Otro fine-tuning de las mismas fotos puede juzgarse de otro modo: de {fine_tunings} "
    "fine-tunings de {people} personas ficticias, {agreed} ({share}) se juzgaron como la mayoría de los de la misma "
    "persona.",
    "story.class prompt.none": "No se midió el prompt de clase, así que no se sabe si {attack} añade algo.",
    "story.class prompt.up": "{attack} supera al prompt de clase: se acerca {by} más ({interval}).",
    "story.class prompt.down": "{attack} no supera al prompt de clase: este se acerca {by} más ({interval}). "
    + _WITHOUT.format(share="más"),
    "story.class prompt.unclear, nearer": "{attack} no supera al prompt de clase: se acerca {by} más, lo que no es una "
    "diferencia clara ({interval}). " + _WITHOUT.format(share="más o menos lo mismo"),
    "story.class prompt.unclear, farther": "{attack} no supera al prompt de clase: queda {by} más lejos, lo que no es "
    "una diferencia clara ({interval}). " + _WITHOUT.format(share="más o menos lo mismo"),
    "control.other": "{name}",
    "story.control.nearer": "Control, {what}: {likeness}. La reconstrucción está más cerca ({interval}).",
    "story.control.not nearer": "Control, {what}: {likeness}. La reconstrucción no está claramente más cerca "
    "({interval}).",
    "story.control.expected": "{likeness}; el azar sería el puesto {place}",
    "story.control.none": "No se midió ningún control nulo, así que el parecido puede ser casual.",
    "story.tried.recognised": "Con {attack} se reconoce a la persona ({likeness}).",
    "story.tried.leak": "Con {attack} se muestra a la persona, aunque no tan cerca como para reconocerla ({likeness}).",
    "story.tried.like nulls": "Con {attack} las imágenes se parecen a la persona, pero no están claramente más cerca "
    "que el azar ({likeness}).",
    "story.tried.trace": "Con {attack} hay un rastro de la persona ({likeness}).",
    "story.tried.nothing": "Con {attack} no se muestra a la persona ({likeness}).",
    "story.swap.unknown": _SWAP + "La propia reconstrucción no muestra a la persona, así que esto no dice qué lleva la "
    "identidad.",
    "story.swap.embedding": _SWAP + "El propio embedding lleva la identidad.",
    "story.swap.both": _SWAP + "El embedding lleva una parte de la identidad; los pesos del fine-tuning llevan el "
    "resto.",
    "story.swap.weights": _SWAP + "No está demostrado que el embedding por sí solo lleve la identidad; con los pesos "
    "del fine-tuning la lleva.",
    "story.swap.open": _SWAP + "No hay una diferencia clara, así que no se sabe si la identidad la lleva el embedding "
    "o la llevan los pesos.",
    "story.anecdote.one": "Es una sola persona, {count} imagen: " + _ANECDOTE,
    "story.anecdote.other": "Es una sola persona, {count} imágenes: " + _ANECDOTE,
}
