"""What is said while one waits, of photos that come in, and over errors; the core's own words among them."""

from __future__ import annotations

STRIP = {
    "strip.word.waiting": "En espera.",
    "strip.word.running": "En marcha.",
    "strip.word.failed": "Fallido.",
    "strip.word.stopped": "Detenido.",
    "strip.word.done": "Terminado.",
    "strip.waiting": "{title}: {place}. Empieza solo.",
    "strip.place": "puesto {place} en la cola",
    "strip.place.soon": "{where}, menos de 10 s de espera",
    "strip.place.time": "{where}, unos {time} de espera",
    "strip.ready": "{title}: en preparación. La primera vez es la que más tarda.",
    "strip.step": "{stage}: {step} de {total}",
    "strip.comma": ", ",
    "strip.left": "quedan {time} en esta parte",
    "strip.loss": "pérdida {loss}",
    "strip.failed": "{title}: {error}",
    "strip.stopped": "{title}, después de {time}. Lo que estaba terminado se conserva.",
    "strip.cut": "{title}, después de {time}, porque otros esperan. Lo que estaba terminado se conserva.",
    "strip.done": "{title}, después de {time}.",
    "strip.seconds": "{seconds} s",
    "strip.minutes": "{minutes} min",
    "strip.minutes and seconds": "{minutes} min {seconds} s",
    "strip.spoken.waiting": "{title}: {place}.",
    "strip.spoken.running": "{title}: en marcha.",
    "strip.spoken.failed": "{title}: fallido. {error}",
    "strip.spoken.stopped": "{title}: detenido.",
    "strip.spoken.cut": "{title}: detenido, porque otros esperan.",
    "strip.spoken.done": "{title}: terminado.",
}

STAGES = {
    "strip.job.Fine-tuning": "Fine-tuning",
    "strip.job.The whole story": "Toda la historia",
    "strip.job.Attack": "Ataque",
    "strip.job.Comparison": "Comparación",
    "strip.job.Sweep": "Comparación de defensas",
    "strip.job.Shake-to-Leak": "Shake-to-Leak",
    "strip.stage.part": "Parte {number} de {all}, {stage}",
    "strip.stage.point": "{number} de {all}, {name}: {stage}",
    "strip.stage.class images": "imágenes de clase, desde la {number} de {all}",
    "strip.stage.extraction": "extracción, desde la {number} de {all}",
    "strip.stage.measure": "medición ({name})",
    "strip.stage.draw the set": "dibujo del conjunto ({name})",
    "strip.stage.fine-tune": "fine-tuning",
    "strip.stage.encoder": "codificador de pesos",
    "strip.stage.class prompt": "prompt de clase",
    "strip.stage.guessed trigger": "palabra de activación adivinada",
    "strip.stage.swapped model": "modelo cambiado",
    "strip.stage.DreamBooth": "DreamBooth",
    "strip.stage.chance": "azar",
    "strip.stage.draw": "dibujo",
    "strip.stage.gate": "revisión de las fotos",
    "strip.stage.membership inference": "inferencia de pertenencia",
    "strip.stage.download, MB": "descarga, MB",
    "strip.spent": "gastado: ε por foto {photo}, ε de la persona {person}",
    "strip.spent.nominal": "nominal, sin garantía: ε por foto {photo}, ε de la persona {person}",
}

PHOTOS = {
    "photos.more.one": "{count} foto más no se puede usar: {names}.",
    "photos.more.other": "{count} fotos más no se pueden usar: {names}.",
    "photos.one too many": "{name} es una de más. Se aceptan {most} fotos como máximo.",
    "photos.too many": "Sobran {count} fotos: {names}. Se aceptan {most} fotos como máximo.",
    "photos.span": "{first} a {last}",
    "photos.removed": "Se han quitado las fotos.",
    "photos.removed, compared": "Se han quitado las fotos y, con ellas, la comparación.",
    "photos.still": "Aún queda: {what}. «Borrar mis datos» también lo borra.",
    "photos.still.file": "el archivo LoRA",
    "photos.still.drawn": "lo que el ataque dibujó con él",
    "photos.still.swept": "los resultados de las defensas",
}

ROWS = {
    "rows.picture": "{title}, imagen {number} de {all}",
    "rows.picture.best": "{title}, imagen {number} de {all}, el mejor intento",
    "rows.megabytes": "{size} MB",
    "rows.kilobytes": "{size} kB",
    "rows.best": "mejor intento",
}

ERRORS = {
    "errors.english": "En inglés: {text}",
    "errors.title": "No ha funcionado",
    "errors.stopped": "Se ha detenido.",
    "errors.stopped.title": "Detenido",
    "errors.gone": "Tus fotos y resultados se han borrado. Carga fotos para empezar de nuevo.",
    "errors.busy.one": "Ya hay {count} tarea en espera. Vuelve a intentarlo en unos minutos.",
    "errors.busy.other": "Ya hay {count} tareas en espera. Vuelve a intentarlo en unos minutos.",
    "errors.closing": "La aplicación se está cerrando. Empieza de nuevo cuando vuelva.",
    "errors.job": "Una tarea tuya ya espera o está en marcha. Espera a que termine o detenla.",
    "errors.unexpected": "Ha ocurrido algo inesperado. Vuelve a intentarlo; el registro de la aplicación dice qué fue.",
    "errors.no session": "La petición no nombra ninguna sesión. Da un session_hash, como hacen los clientes de Gradio. "
    "Un cliente de MCP envía una cabecera X-Session: al menos 16 caracteres que nadie pueda adivinar.",
    "errors.memory": "La memoria de la GPU no ha bastado. Usa menos fotos o imágenes de clase por paso, o un modelo "
    "base más pequeño como «face64»; o cierra otros programas que usen la GPU.",
    "errors.faces": "{name} muestra varias caras. Elige una de ellas o deja fuera la foto.",
    "errors.few photos.one": "{count} foto cargada; hacen falta al menos {least}. Añade fotos de una misma persona o "
    "elige una ficticia.",
    "errors.few photos.other": "{count} fotos cargadas; hacen falta al menos {least}. Añade fotos de una misma persona "
    "o elige una ficticia.",
    "errors.no photos": "No hay fotos con las que comparar. Carga fotos primero.",
    "photos.bad.missing": "{name} no está. Elige la foto otra vez.",
    "photos.bad.unreadable": "{name} no se puede leer. Sube la foto otra vez o guárdala como JPEG.",
    "photos.bad.truncated": "{name} está cortada: falta el final. Sube la foto otra vez.",
    "photos.bad.unsupported": "{name} tiene un formato que aquí no se lee. Guarda la foto como JPEG.",
    "photos.bad.too_large": "{name} es demasiado grande. Expórtala más pequeña.",
    "photos.bad.bomb": "{name} tiene muchísimos más píxeles de los permitidos. Expórtala más pequeña.",
    "photos.bad.no_face": "No se encuentra ninguna cara en {name}. Usa una foto que muestre una cara de frente y con "
    "buena luz.",
    "photos.bad.no_such_face": "Esa cara no existe en {name}. Elige otra.",
    "photos.bad.several_faces": "{name} muestra varias caras. Recorta la foto a una persona o déjala fuera.",
    "photos.bad.not_deleted": "{name} no se ha podido borrar. Borra el archivo a mano: es una copia sin proteger de la "
    "foto.",
}
