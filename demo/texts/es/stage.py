"""What stands on the stage: the same keys as in :mod:`demo.texts.en.stage`."""

from __future__ import annotations

STAGE = {
    "stage.title": "Lo que revela un LoRA compartido",
    "stage.photos": "Las fotos que nadie compartió",
    "stage.file": "El archivo que se compartió",
    "stage.drawn": "Lo que un desconocido saca de él",
    "stage.start": "Empezar",
    "stage.again": "Otra persona",
    "stage.stop": "Detener",
    "stage.delete": "Borrar mis datos",
    "stage.own": "Tus propias fotos",
    "stage.person": "O una de estas personas ficticias",
    "stage.hidden": "Ocultas hasta que adivines",
    "stage.show": "Mostrar las fotos",
    "stage.file.inside": "Ninguna foto dentro, ninguna palabra dentro",
    "stage.file.size": "{size}, {layers} capas, {numbers} números",
    "stage.waiting": "Aún no hay nada dibujado",
    "stage.sure": "¿Cuánta certeza hay?",
    "stage.slider.owner": "Dibujado con la palabra secreta",
    "stage.slider.attacker": "Dibujado por el ataque",
    "stage.live.distance": "Distancia a la persona",
    "stage.live.rank": "Puesto entre {among} desconocidos",
    "stage.live.faces": "Caras encontradas",
    "lineup.ask": "¿A quién dibujó el desconocido?",
    "lineup.skip": "Saltar",
    "lineup.right": "Correcto.",
    "lineup.wrong": "No. Era esta persona.",
    "lineup.tally": "{right} de {all} han acertado aquí ({low} a {high}); el azar acertaría {chance}.",
    "lineup.tally.none": "Nadie ha respondido todavía.",
    "consent.upload": "Solo fotos tuyas, o de personas que estén de acuerdo; de menores, solo con permiso de sus "
    "padres. Van a la máquina que ejecuta esta aplicación. Allí se borran cuando pulsas «Borrar mis datos», {closed} "
    "minutos después de cerrar la página, o tras {idle} minutos sin uso.",
    "mode.booth.attract": "Toca para empezar",
    "mode.booth.idle": "¿Sigues ahí? Todo se borrará en {seconds} s.",
    "mode.class.join": "Participa con tu móvil",
    "mode.class.you": "Eres {person}. Tu defensa: {defence}.",
    "mode.class.teacher": "Pantalla del profesor",
    "mode.class.guesses": "Todas las respuestas",
    "mode.class.plane": "Lo que cada defensa conserva y lo que filtra",
    "mode.class.handout": "Hoja para imprimir",
}
