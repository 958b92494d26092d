"""The verdict on defences."""

from __future__ import annotations

_KEEPS = "DreamBooth conserva al menos el {kept} de lo que gana sobre el azar sin defensa"
_LOSES = "DreamBooth conserva menos del {kept} de lo que gana sobre el azar sin defensa"

SWEEP = {
    "sweep.headline.nothing finished": "No se terminó nada",
    "sweep.headline.no chance arm": "Sin juzgar: nada con que comparar",
    "sweep.headline.too few pictures": "Sin juzgar: muy pocas imágenes",
    "sweep.headline.not measured": "Sin juzgar: las imágenes no se pudieron medir",
    "sweep.headline.no undefended point": "Sin juzgar: falta el archivo sin defensa para comparar",
    "sweep.headline.undefended useless": "No concluyente: ni sin defensa se demuestra que DreamBooth sea mejor que el "
    "azar",
    "sweep.headline.undefended tight": "No concluyente: ni en el archivo sin defensa se demuestra una fuga",
    "sweep.headline.only undefended": "El archivo sin defensa tiene una fuga; no se probó ninguna defensa",
    "sweep.headline.corner": "Útil, y a estos ataques les queda como mucho la mitad de la fuga: {names}",
    "sweep.headline.unsettled": "No concluyente: ninguna defensa se muestra útil y estanca, y algunas quedan sin "
    "resolver",
    "sweep.headline.none": "Ninguna defensa probada es aquí útil y estanca a la vez",
    "sweep.nothing finished": "Ninguna defensa se probó hasta el final.",
    "sweep.no chance arm": "La comparación se detuvo antes de medir las imágenes del azar.",
    "sweep.too few pictures": "Con menos de {count} imágenes por fila no se puede demostrar ninguna diferencia. Haz "
    "dibujar más.",
    "sweep.not measured": "Falta la distancia de las imágenes a la persona.",
    "sweep.no undefended point": "El LoRA sin defensa no está entre los puntos, así que no se sabe qué había que "
    "proteger.",
    "sweep.undefended useless": "No está demostrado que el propio fine-tuning acerque las imágenes a la persona más "
    "que la gente sin relación. Así no se puede decir qué estropea o protege una defensa.",
    "sweep.undefended tight": "Los ataques no muestran a la persona ni con el archivo sin defensa, así que no se puede "
    "ver que una defensa la proteja.",
    "sweep.undefended": "Sin defensa, las imágenes de DreamBooth están a una distancia de {dreambooth} de la persona, "
    "y las del mejor ataque ({attack}) a {attacked}; el azar está a {chance}. {utility} {leakage}",
    "sweep.dreambooth.nearer": "DreamBooth está {by} más cerca que el azar (intervalo del 95 %, {low} a {high}).",
    "sweep.dreambooth.unclear": "DreamBooth no está claramente más cerca que el azar (intervalo del 95 %, {low} a "
    "{high}).",
    "sweep.attack.nearer": "El ataque está {by} más cerca que el azar (intervalo del 95 %, {low} a {high}).",
    "sweep.attack.unclear": "El ataque no está claramente más cerca que el azar (intervalo del 95 %, {low} a {high}).",
    "sweep.group.useful, private": "Útiles y estancas: {names}. " + _KEEPS + "; el mejor ataque ha perdido al menos el "
    "{lost} de su ganancia y no muestra nada de la persona.",
    "sweep.group.useful, leaks": "Útiles, pero aún con fuga: {names}. " + _KEEPS + "; el mejor ataque muestra a la "
    "persona.",
    "sweep.group.useful, open": "Útiles, y sin resolver si estancas: {names}. "
    + _KEEPS
    + "; el mejor ataque no muestra a la persona, pero conserva un rastro o no se demuestra que haya perdido bastante.",
    "sweep.group.open, leaks": "Con fuga: {names}. El mejor ataque muestra a la persona; cuánto conserva DreamBooth "
    "queda sin resolver con tan pocas imágenes.",
    "sweep.group.open, open": "Sin resolver: {names}. Cuánto conserva DreamBooth queda sin resolver con tan pocas "
    "imágenes; no se demuestra ninguna fuga.",
    "sweep.group.useless, leaks": "Con fuga y poco útiles: {names}. " + _LOSES + "; el mejor ataque muestra a la "
    "persona.",
    "sweep.group.useless, open": "Poco útiles: {names}. " + _LOSES + "; no se demuestra ninguna fuga.",
    "sweep.group.ruined": "Estropeadas: {names}. Se encuentra una cara en menos de la mitad de las imágenes de "
    "DreamBooth.",
    "sweep.useless": "Poco útiles: {names}. " + _LOSES + ".",
    "sweep.proved": "Lo que está probado (ε para una foto, y ε para la persona, que está en todas): {pairs}. El ε de "
    "DP-SGD compara con la ausencia de estas fotos; el del ruido gaussiano, con otras fotos en su lugar. Qué cara sale "
    "es una cuestión del ε de la persona.",
    "sweep.proved.pair": "{name}: foto {photo}, persona {person}",
    "sweep.nominal": "Estas tienen un ε nominal, que ninguna prueba respalda: {names}.",
    "sweep.anecdote.one": "Es una sola persona, {count} imagen por fila: una anécdota, no una estadística.",
    "sweep.anecdote.other": "Es una sola persona, {count} imágenes por fila: una anécdota, no una estadística.",
    "sweep.intervals": "Los intervalos cubren la elección de las imágenes, no la de las personas o las fotos, ni el "
    "ruido del entrenamiento. Por construcción, aquí falla uno de cada veinte intervalos. El mejor ataque se elige con "
    "las mismas imágenes, así que parece algo mejor de lo que es. Un ataque muestra a la persona cuando sus imágenes "
    "la ponen en el {share} de desconocidos más cercano, dividido entre el número de ataques, y más cerca que el azar. "
    "Reconocida exigiría además una distancia menor que {near}.",
    "sweep.private": "Estanca significa: al mejor de estos ataques le queda como mucho la mitad de la ganancia. El "
    "codificador ha aprendido de archivos sin defensa; uno que aprenda de archivos defendidos del mismo modo quizá "
    "saque más. Solo una prueba para la persona podría excluirlo.",
}
