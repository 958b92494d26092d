"""What stands on the stage: the same keys as in :mod:`demo.texts.en.stage`."""

from __future__ import annotations

_LINEUP_TALLY = "Réponses justes ici : {right} sur {count} ({low} à {high}) ; le hasard en donnerait une sur six."
_PHOTO_LACKING = "Il en manque encore {count}."
_CLASS_JOINED = "Participants : {count}, dont {done} ayant terminé."
_CLASS_LEAKS = "Le fichier a fui dans {leaks} cas sur {count}."

STAGE = {
    "stage.title": "Ce qu’un LoRA partagé révèle",
    "stage.photos": "Les photos que personne n’a partagées",
    "stage.file": "Le fichier qui a été partagé",
    "stage.drawn": "Ce qu’un inconnu en tire",
    "stage.start": "Commencer",
    "stage.again": "Une autre personne",
    "stage.stop": "Arrêter",
    "stage.delete": "Effacer mes données",
    "stage.own": "Vos photos, ou une autre personne",
    "stage.hidden": "Cachées jusqu’à votre réponse",
    "stage.show": "Montrer les photos",
    "stage.file.inside": "Aucune photo dedans, aucun mot dedans.",
    "stage.file.size": "{size}, {layers} couches, {numbers} nombres.",
    "stage.file.making": "en cours de création",
    "stage.file.alt": "Les nombres du fichier en image : des points colorés, aucun visage",
    "stage.left out.one": "{count} photo, non jointe",
    "stage.left out.other": "{count} photos, non jointes",
    "stage.photos.none": "Pas encore de photos",
    "stage.photos.alt": "Photo {number} sur {count}",
    "stage.photos.alt.hidden": "Photo {number} sur {count}, méconnaissable jusqu’à votre réponse",
    "stage.photos.compared": "C’est à elles que les autres images sont comparées. Personne d’autre ne les voit.",
    "stage.drawn.alt": "Image {number} sur {count}, dessinée par l’attaque",
    "stage.drawn.alt.live": "Image {number} sur {count}, en cours de dessin",
    "stage.sure": "Avec quelle certitude ?",
    "stage.slider.owner": "Dessiné avec le mot secret",
    "stage.slider.attacker": "Dessiné par l’attaque",
    "stage.slider": "Part visible de chaque image",
    "stage.place": "rang {place} sur {among}",
    "stage.lab": "Chaque étape, chaque réglage",
    "stage.about": "À propos de cette démo et de vos photos",
    "stage.live.attack": "Les images de l’attaque, mesurées pendant le dessin",
    "stage.live.final": "Les images terminées de l'attaque, telles que le verdict les mesure",
    "stage.live.owner": "Les images avec le mot secret, mesurées pendant la création du fichier",
    "stage.live.distance": "Distance (même personne : moins de {near})",
    "stage.live.place": "Rang parmi les inconnus",
    "stage.live.faces": "Visages trouvés",
    "stage.line_up.ask": "Qui l’inconnu a-t-il dessiné ?",
    "stage.line_up.skip": "Passer",
    "stage.line_up.right": "Juste.",
    "stage.line_up.wrong": "Non. C’était cette personne.",
    "stage.line_up.tally.one": _LINEUP_TALLY,
    "stage.line_up.tally.other": _LINEUP_TALLY,
    "stage.line_up.alt.open": "Visage {number} : est-ce celui-ci ?",
    "stage.line_up.alt.answer": "Visage {number} : c’est la personne",
    "stage.line_up.alt.other": "Visage {number} : une personne inconnue",
    "consent.upload": "Seulement des photos de vous, ou de gens qui sont d’accord ; de mineurs seulement avec "
    "l’accord des parents. Elles vont à la machine qui fait tourner cette application (un Space public tourne chez "
    "Hugging Face). Elles y sont effacées quand vous appuyez sur « Effacer mes données », {closed} minutes après la "
    "fermeture de la page, ou après {idle} minutes sans utilisation.",
    "consent.photos": "De {least} à {most} photos d’une seule personne, de face, bien éclairées.",
    "consent.people": "Ou prenez une personne fictive : un clic suffit. Ces personnes n’existent pas ; leurs images "
    "ont été générées.",
    "stage.photo.files": "Fichiers",
    "stage.photo.camera": "Appareil photo",
    "stage.photo.shoot": "Prendre une photo",
    "stage.photo.formats": "Photos : {formats}",
    "stage.photo.which": "Lequel ?",
    "stage.photo.take": "Prendre ce visage",
    "stage.photo.leave": "Laisser la photo de côté",
    "stage.photo.remove": "Retirer toutes les photos",
    "stage.photo.choose": "Choisissez d’abord un visage.",
    "stage.photo.alt": "Photo {number} sur {count}, recadrée sur le visage : {name}",
    "stage.photo.fictional.one": "{person} n’existe pas : c’est une personne fictive, {count} image générée.",
    "stage.photo.fictional.other": "{person} n’existe pas : c’est une personne fictive, {count} images générées.",
    "stage.photo.hidden": "Une personne a été tirée au sort ; elle reste cachée jusqu’à votre réponse.",
    "stage.photo.ready.one": "{count} photo prête.",
    "stage.photo.ready.other": "{count} photos prêtes.",
    "stage.photo.lacking.one": _PHOTO_LACKING,
    "stage.photo.lacking.other": _PHOTO_LACKING,
    "stage.photo.expired": "Vos photos et vos résultats ont été effacés : "
    "ils n’ont pas servi depuis un moment, ou l’application a redémarré.",
    "stage.photo.faces": "{name} montre {count} visages.",
    "stage.photo.face": "Visage {number}",
    "stage.photo.face.alt": "Visage {number} sur {count} dans {name}",
    "stage.deleted": "Vos photos, fichiers et résultats ont été effacés.",
    "stage.nothing": "Il n’y a rien à arrêter.",
    "stage.older": "D’après les photos chargées avant ({whose}).",
    "stage.older.own": "les vôtres",
    "stage.yours": "Vos photos",
    "stage.theirs": "Images : {person}",
    "stage.before": "{title}, chargées avant",
    "stage.arms": "Ce qui a été dessiné, selon la manière",
    "stage.bars": "Barres",
    "stage.metrics": "Toutes les mesures",
    "stage.about.text": "Un LoRA est un petit fichier qui apprend une chose de plus à un modèle qui dessine des "
    "images : ici, le visage d’une personne. Ces fichiers se partagent. Un encodeur lit les nombres du fichier, rien "
    "d’autre, et amène le modèle à dessiner la personne : sans photo, sans mot secret. C’est une démonstration de "
    "l’article « Risks When Sharing LoRA Fine-Tuned Diffusion Model Weights ».\n\nface64 est un petit modèle, 64 × 64 "
    "pixels : il montre le mécanisme, pas des images nettes. Une seule personne est une anecdote : le rang parmi "
    "1\N{NARROW NO-BREAK SPACE}000 inconnus dit si une ressemblance dépasse le hasard, et les contrôles disent d’où "
    "elle vient.\n\nface64 a été entraîné sur CelebA : les poids et les images sont réservés à la recherche et à "
    "l’enseignement non commerciaux. Les personnes fictives ont été générées.",
    "mode.booth.attract": "Touchez pour commencer",
    "mode.booth.nobody": "Ces personnes n’existent pas.",
    "mode.booth.idle": "Toujours là ? Tout sera effacé dans {seconds} s.",
    "mode.class.join": "Participez avec votre téléphone",
    "mode.class.you": "{number}. Vous êtes {person}. Votre défense : {defence}.",
    "mode.class.joined.one": _CLASS_JOINED,
    "mode.class.joined.other": _CLASS_JOINED,
    "mode.class.leaks.one": _CLASS_LEAKS,
    "mode.class.leaks.other": _CLASS_LEAKS,
    "mode.class.useful": "plus utile à son propriétaire",
    "mode.class.leaky": "révèle davantage la personne",
    "mode.class.chance": "hasard",
    "mode.class.intro": "Chacun de vous a fait le fine-tuning d’un modèle sur des photos d’une personne fictive, avec "
    "ou sans défense, puis a attaqué le fichier, sans rien d’autre en main. Voici ce que la classe a trouvé.",
    "mode.class.question.1": "Que peut voir quelqu’un qui n’a que le fichier ? De quoi n’a-t-il pas besoin ?",
    "mode.class.question.2": "Quelles histoires sans défense ont montré une fuite ? Regardez le rang parmi les "
    "inconnus, et non une image isolée.",
    "mode.class.question.3": "Quelle défense a été étanche, et qu’est-ce que le propriétaire du fichier y a perdu ?",
    "mode.class.question.4": "Combien de fois la classe a-t-elle deviné juste ? Combien de fois le hasard "
    "tomberait-il juste, et la différence pourrait-elle n’être que de la chance ?",
    "mode.class.question.5": "Pourquoi mesure-t-on aussi des images tirées d’un fichier aléatoire et du fichier d’une "
    "autre personne ?",
    "mode.class.question.6": "Partageriez-vous un tel fichier de vous ? D’un proche ? Que demanderiez-vous d’abord ?",
    "mode.class.small": "Les distances sont celles de la reconnaissance faciale de dlib, en moyenne sur les images. "
    "Chaque point est une personne et un fine-tuning : une anecdote, pas une statistique.",
    "mode.class.teacher": "Écran du professeur",
    "mode.class.plane": "Ce que chaque défense garde et ce qu’elle laisse fuir",
    "mode.class.handout": "Fiche à imprimer",
}
