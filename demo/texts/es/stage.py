"""What stands on the stage: the same keys as in :mod:`demo.texts.en.stage`."""

from __future__ import annotations

_LINEUP_TALLY = "Aciertos aquí: {right} de {count} ({low} a {high}); por azar sería uno de cada seis."
_CLASS_JOINED = "Participantes: {count}; ya han terminado: {done}."

STAGE = {
    "stage.title": "Lo que revela un LoRA compartido",
    "stage.photos": "Las fotos que nadie compartió",
    "stage.file": "El archivo que se compartió",
    "stage.drawn": "Lo que un desconocido saca de él",
    "stage.start": "Empezar",
    "stage.again": "Otra persona",
    "stage.stop": "Detener",
    "stage.delete": "Borrar mis datos",
    "stage.own": "Tus propias fotos, u otra persona",
    "stage.hidden": "Ocultas hasta que adivines",
    "stage.show": "Mostrar las fotos",
    "stage.file.inside": "Ninguna foto dentro, ninguna palabra dentro.",
    "stage.file.size": "{size}, {layers} capas, {numbers} números.",
    "stage.file.making": "creándose",
    "stage.file.alt": "Los números del archivo como imagen: puntos de colores, ninguna cara",
    "stage.left out.one": "{count} foto, no incluida",
    "stage.left out.other": "{count} fotos, no incluidas",
    "stage.photos.none": "Aún no hay fotos",
    "stage.photos.alt": "Foto {number} de {count}",
    "stage.photos.alt.hidden": "Foto {number} de {count}, irreconocible hasta que adivines",
    "stage.photos.compared": "Con ellas se comparan las demás imágenes. Solo tú las ves.",
    "stage.drawn.alt": "Imagen {number} de {count}, dibujada por el ataque",
    "stage.drawn.alt.live": "Imagen {number} de {count}, dibujándose",
    "stage.sure": "¿Cuánta certeza hay?",
    "stage.slider.owner": "Dibujado con la palabra secreta",
    "stage.slider.attacker": "Dibujado por el ataque",
    "stage.slider": "Cuánto se ve de cada imagen",
    "stage.place": "puesto {place} de {among}",
    "stage.lab": "Todos los pasos y ajustes",
    "stage.about": "Sobre esta demo y tus fotos",
    "stage.live.attack": "Las imágenes del ataque, medidas mientras se dibujan",
    "stage.live.final": "Las imágenes terminadas del ataque, como las mide el veredicto",
    "stage.live.owner": "Las imágenes con la palabra secreta, medidas mientras se crea el archivo",
    "stage.live.distance": "Distancia (misma persona: menos de {near})",
    "stage.live.place": "Puesto entre desconocidos",
    "stage.live.faces": "Caras encontradas",
    "stage.line_up.ask": "¿A quién dibujó el desconocido?",
    "stage.line_up.skip": "Saltar",
    "stage.line_up.right": "Correcto.",
    "stage.line_up.wrong": "No. Era esta persona.",
    "stage.line_up.tally.one": _LINEUP_TALLY,
    "stage.line_up.tally.other": _LINEUP_TALLY,
    "stage.line_up.alt.open": "Cara {number}: ¿es esta?",
    "stage.line_up.alt.answer": "Cara {number}: es la persona",
    "stage.line_up.alt.other": "Cara {number}: una persona desconocida",
    "consent.upload": "Solo fotos tuyas, o de personas que estén de acuerdo; de menores, solo con permiso de sus "
    "padres. Van a la máquina que ejecuta esta aplicación (un Space público usa una de Hugging Face). Allí se borran "
    "cuando pulsas «Borrar mis datos», {closed} minutos después de cerrar la página, o tras {idle} minutos sin uso.",
    "consent.photos": "De {least} a {most} fotos de una sola persona, de frente y con buena luz.",
    "consent.people": "O elige una persona ficticia: basta un clic. Estas personas no existen; sus imágenes son "
    "generadas.",
    "stage.photo.files": "Archivos",
    "stage.photo.camera": "Cámara",
    "stage.photo.shoot": "Hacer una foto",
    "stage.photo.formats": "Fotos ({formats})",
    "stage.photo.which": "¿Cuál de ellas?",
    "stage.photo.take": "Usar esta cara",
    "stage.photo.leave": "Dejar fuera la foto",
    "stage.photo.remove": "Quitar todas las fotos",
    "stage.photo.choose": "Elige primero una cara.",
    "stage.photo.alt": "Foto {number} de {count}, recortada a la cara: {name}",
    "stage.photo.fictional.one": "{person} no existe: es una persona ficticia, con {count} imagen generada.",
    "stage.photo.fictional.other": "{person} no existe: es una persona ficticia, con {count} imágenes generadas.",
    "stage.photo.hidden": "Se ha elegido a alguien por sorteo; queda oculto hasta que adivines.",
    "stage.photo.ready.one": "{count} foto lista.",
    "stage.photo.ready.other": "{count} fotos listas.",
    "stage.photo.lacking.one": "Aún falta {count}.",
    "stage.photo.lacking.other": "Aún faltan {count}.",
    "stage.photo.expired": "Tus fotos y resultados se han borrado: "
    "llevaban un rato sin usarse, o la aplicación se ha reiniciado.",
    "stage.photo.faces": "{name} muestra {count} caras.",
    "stage.photo.face": "Cara {number}",
    "stage.photo.face.alt": "Cara {number} de {count} en {name}",
    "stage.deleted": "Tus fotos, archivos y resultados se han borrado.",
    "stage.nothing": "No hay nada que detener.",
    "stage.older": "De las fotos cargadas antes ({whose}).",
    "stage.older.own": "las tuyas",
    "stage.yours": "Tus fotos",
    "stage.theirs": "Imágenes de {person}",
    "stage.before": "{title}, cargadas antes",
    "stage.arms": "Lo que se dibujó, según la manera",
    "stage.bars": "Barras",
    "stage.metrics": "Todas las medidas",
    "stage.about.text": "Un LoRA es un archivo pequeño que enseña una cosa más a un modelo que dibuja imágenes: aquí, "
    "la cara de una persona. La gente comparte esos archivos. Un codificador lee los números del archivo, y nada más, "
    "y hace que el modelo dibuje a la persona: sin foto, sin palabra secreta. Esto es una demostración del artículo "
    "«Risks When Sharing LoRA Fine-Tuned Diffusion Model Weights».\n\nface64 es un modelo pequeño, de 64 × 64 "
    "píxeles: muestra el mecanismo, no imágenes nítidas. Una sola persona es una anécdota: el puesto entre 1000 "
    "desconocidos dice si un parecido es más que azar, y los controles dicen de dónde viene.\n\nface64 se entrenó con "
    "CelebA: los pesos y las imágenes son para investigación y enseñanza no comerciales. Las personas ficticias son "
    "generadas.",
    "mode.booth.attract": "Toca para empezar",
    "mode.booth.nobody": "Estas personas no existen.",
    "mode.booth.idle": "¿Sigues ahí? Todo se borrará en {seconds} s.",
    "mode.class.join": "Participa con tu móvil",
    "mode.class.you": "{number}. Eres {person}. Tu defensa: {defence}.",
    "mode.class.joined.one": _CLASS_JOINED,
    "mode.class.joined.other": _CLASS_JOINED,
    "mode.class.leaks.one": "Hubo fuga en {leaks} de {count} historia.",
    "mode.class.leaks.other": "Hubo fuga en {leaks} de {count} historias.",
    "mode.class.useful": "más útil para su dueño",
    "mode.class.leaky": "revela más de la persona",
    "mode.class.chance": "azar",
    "mode.class.intro": "Cada participante hizo el fine-tuning de un modelo con fotos de una persona ficticia, con "
    "defensa o sin ella, y atacó el archivo sin nada más en la mano. Esto es lo que encontró la clase.",
    "mode.class.question.1": "¿Qué llega a ver quien solo tiene el archivo? ¿Qué no necesita?",
    "mode.class.question.2": "¿Qué historias sin defensa tuvieron una fuga? Fíjate en el puesto entre desconocidos, "
    "no en una imagen suelta.",
    "mode.class.question.3": "¿Qué defensa fue estanca, y qué perdió con ella el dueño del archivo?",
    "mode.class.question.4": "¿Cuántas veces acertó la clase? ¿Cuántas acertaría el azar, y podría ser suerte la "
    "diferencia?",
    "mode.class.question.5": "¿Por qué se miden también imágenes de un archivo aleatorio y del archivo de otra "
    "persona?",
    "mode.class.question.6": "¿Compartirías un archivo así de ti? ¿De un amigo o una amiga? ¿Qué preguntarías antes?",
    "mode.class.small": "Las distancias son las del reconocimiento facial de dlib, en promedio sobre las imágenes. "
    "Cada punto es una persona y un fine-tuning: una anécdota, no una estadística.",
    "mode.class.teacher": "Pantalla del profesor",
    "mode.class.plane": "Lo que cada defensa conserva y lo que filtra",
    "mode.class.handout": "Hoja para imprimir",
}
