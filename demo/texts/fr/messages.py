"""What is said while one waits, of photos that come in, and over errors; the core's own words among them."""

from __future__ import annotations

STRIP = {
    "strip.word.waiting": "En attente.",
    "strip.word.running": "En cours.",
    "strip.word.failed": "Échec.",
    "strip.word.stopped": "Arrêté.",
    "strip.word.done": "Terminé.",
    "strip.waiting": "{title} : {place}. Le départ est automatique.",
    "strip.place": "place {place} dans la file",
    "strip.place.soon": "{where}, moins de 10 s d'attente",
    "strip.place.time": "{where}, environ {time} d'attente",
    "strip.ready": "{title} : préparation. La première fois est la plus longue.",
    "strip.step": "{stage} : {step} sur {total}",
    "strip.comma": ", ",
    "strip.left": "encore {time} pour cette partie",
    "strip.loss": "perte {loss}",
    "strip.failed": "{title} : {error}",
    "strip.stopped": "{title}, après {time}. Ce qui était terminé est gardé.",
    "strip.cut": "{title}, après {time}, car d’autres attendent. Ce qui était terminé est gardé.",
    "strip.done": "{title}, après {time}.",
    "strip.seconds": "{seconds} s",
    "strip.minutes": "{minutes} min",
    "strip.minutes and seconds": "{minutes} min {seconds} s",
    "strip.spoken.waiting": "{title} : {place}.",
    "strip.spoken.running": "{title} : en cours.",
    "strip.spoken.failed": "{title} : échec. {error}",
    "strip.spoken.stopped": "{title} : arrêté.",
    "strip.spoken.cut": "{title} : arrêté, car d’autres attendent.",
    "strip.spoken.done": "{title} : terminé.",
}

STAGES = {
    "strip.job.Fine-tuning": "Fine-tuning",
    "strip.job.The whole story": "Toute l’histoire",
    "strip.job.Attack": "Attaque",
    "strip.job.Comparison": "Comparaison",
    "strip.job.Sweep": "Comparaison des défenses",
    "strip.job.Shake-to-Leak": "Shake-to-Leak",
    "strip.stage.part": "Partie {number} sur {all}, {stage}",
    "strip.stage.point": "{number} sur {all}, {name} : {stage}",
    "strip.stage.class images": "images de classe, à partir de {number} sur {all}",
    "strip.stage.extraction": "extraction, à partir de {number} sur {all}",
    "strip.stage.measure": "mesure ({name})",
    "strip.stage.draw the set": "dessin de l’ensemble ({name})",
    "strip.stage.fine-tune": "fine-tuning",
    "strip.stage.encoder": "encodeur de poids",
    "strip.stage.class prompt": "prompt de classe",
    "strip.stage.guessed trigger": "mot déclencheur deviné",
    "strip.stage.swapped model": "modèle échangé",
    "strip.stage.DreamBooth": "DreamBooth",
    "strip.stage.chance": "hasard",
    "strip.stage.draw": "dessin",
    "strip.stage.gate": "contrôle des photos",
    "strip.stage.membership inference": "inférence d’appartenance",
    "strip.stage.download, MB": "téléchargement, Mo",
    "strip.spent": "dépensé : ε par photo {photo}, ε de la personne {person}",
    "strip.spent.nominal": "nominal, sans garantie : ε par photo {photo}, ε de la personne {person}",
}

PHOTOS = {
    "photos.more.one": "{count} autre photo est inutilisable : {names}.",
    "photos.more.other": "{count} autres photos sont inutilisables : {names}.",
    "photos.one too many": "{name} est de trop. On prend {most} photos au plus.",
    "photos.too many": "{count} photos sont de trop : {names}. On prend {most} photos au plus.",
    "photos.span": "{first} à {last}",
    "photos.removed": "Les photos ont été retirées.",
    "photos.removed, compared": "Les photos ont été retirées, et avec elles la comparaison.",
    "photos.still": "Reste encore : {what}. « Effacer mes données » l’efface aussi.",
    "photos.still.file": "le fichier LoRA",
    "photos.still.drawn": "ce que l’attaque en a dessiné",
    "photos.still.swept": "les résultats sur les défenses",
}

ROWS = {
    "rows.picture": "{title}, image {number} sur {all}",
    "rows.picture.best": "{title}, image {number} sur {all}, le meilleur essai",
    "rows.megabytes": "{size} Mo",
    "rows.kilobytes": "{size} ko",
    "rows.best": "meilleur essai",
}

ERRORS = {
    "errors.english": "En anglais : {text}",
    "errors.title": "Cela n’a pas marché",
    "errors.stopped": "L’opération a été arrêtée.",
    "errors.stopped.title": "Arrêté",
    "errors.gone": "Vos photos et vos résultats ont été effacés. Chargez des photos pour recommencer.",
    "errors.busy.one": "{count} tâche attend déjà. Réessayez dans quelques minutes.",
    "errors.busy.other": "{count} tâches attendent déjà. Réessayez dans quelques minutes.",
    "errors.closing": "L’application est en train de s’arrêter. Recommencez quand elle sera revenue.",
    "errors.job": "Une de vos tâches attend ou tourne déjà. Attendez sa fin, ou arrêtez-la.",
    "errors.unexpected": "Une erreur inattendue s’est produite. Réessayez ; le journal de l’application dit ce que "
    "c’était.",
    "errors.no session": "La requête ne nomme aucune session. Donnez un session_hash, comme les clients de Gradio. "
    "Un client MCP envoie un en-tête X-Session : au moins 16 caractères que personne ne peut deviner.",
    "errors.memory": "La mémoire du GPU n’a pas suffi. Prenez moins de photos ou d’images de classe par étape, ou un "
    "modèle de base plus petit comme « face64 » ; ou fermez d’autres programmes qui utilisent le GPU.",
    "errors.faces": "{name} montre plusieurs visages. Choisissez-en un, ou laissez la photo de côté.",
    "errors.few photos.one": "{count} photo chargée ; il en faut au moins {least}. Ajoutez des photos d’une même "
    "personne, ou choisissez une personne fictive.",
    "errors.few photos.other": "{count} photos chargées ; il en faut au moins {least}. Ajoutez des photos d’une même "
    "personne, ou choisissez une personne fictive.",
    "errors.no photos": "Il n’y a pas de photos pour comparer. Chargez d’abord des photos.",
    "photos.bad.missing": "{name} n’est pas là. Choisissez la photo encore une fois.",
    "photos.bad.unreadable": "{name} est illisible. Envoyez la photo encore une fois, ou enregistrez-la en JPEG.",
    "photos.bad.truncated": "{name} est incomplète : il manque la fin. Envoyez la photo encore une fois.",
    "photos.bad.unsupported": "{name} a un format qui n’est pas lu ici. Enregistrez la photo en JPEG.",
    "photos.bad.too_large": "{name} est trop grande. Exportez-la en plus petit.",
    "photos.bad.bomb": "{name} a beaucoup trop de pixels. Exportez-la en plus petit.",
    "photos.bad.no_face": "Aucun visage dans {name}. Prenez une photo qui montre un visage de face, bien éclairé.",
    "photos.bad.no_such_face": "Ce visage n’existe pas dans {name}. Choisissez-en un autre.",
    "photos.bad.several_faces": "{name} montre plusieurs visages. Recadrez la photo sur une personne, ou laissez-la de "
    "côté.",
    "photos.bad.not_deleted": "{name} n’a pas pu être effacée. Effacez le fichier à la main : c’est une copie non "
    "protégée de la photo.",
}
