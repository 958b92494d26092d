"""What stands on the stage: the same keys as in :mod:`demo.texts.en.stage`."""

from __future__ import annotations

STAGE = {
    "stage.title": "Ce qu’un LoRA partagé révèle",
    "stage.photos": "Les photos que personne n’a partagées",
    "stage.file": "Le fichier qui a été partagé",
    "stage.drawn": "Ce qu’un inconnu en tire",
    "stage.start": "Commencer",
    "stage.again": "Une autre personne",
    "stage.stop": "Arrêter",
    "stage.delete": "Effacer mes données",
    "stage.own": "Vos propres photos",
    "stage.person": "Ou l’une de ces personnes fictives",
    "stage.hidden": "Cachées jusqu’à votre réponse",
    "stage.show": "Montrer les photos",
    "stage.file.inside": "Aucune photo dedans, aucun mot dedans",
    "stage.file.size": "{size}, {layers} couches, {numbers} nombres",
    "stage.waiting": "Encore rien de dessiné",
    "stage.sure": "À quel point est-ce certain ?",
    "stage.slider.owner": "Dessiné avec le mot secret",
    "stage.slider.attacker": "Dessiné par l’attaque",
    "stage.live.distance": "Distance à la personne",
    "stage.live.rank": "Rang parmi {among} inconnus",
    "stage.live.faces": "Visages trouvés",
    "lineup.ask": "Qui l’inconnu a-t-il dessiné ?",
    "lineup.skip": "Passer",
    "lineup.right": "Juste.",
    "lineup.wrong": "Non. C’était cette personne.",
    "lineup.tally": "{right} sur {all} ont deviné juste ici ({low} à {high}) ; le hasard donnerait {chance}.",
    "lineup.tally.none": "Personne n’a encore deviné.",
    "consent.upload": "Seulement des photos de vous, ou de gens qui sont d’accord ; de mineurs seulement avec l’accord "
    "des parents. Elles vont à la machine qui fait tourner cette application. Elles y sont effacées quand vous appuyez "
    "sur « Effacer mes données », {closed} minutes après la fermeture de la page, ou après {idle} minutes sans "
    "utilisation.",
    "mode.booth.attract": "Touchez pour commencer",
    "mode.booth.idle": "Toujours là ? Tout sera effacé dans {seconds} s.",
    "mode.class.join": "Participez avec votre téléphone",
    "mode.class.you": "Vous êtes {person}. Votre défense : {defence}.",
    "mode.class.teacher": "Écran du professeur",
    "mode.class.guesses": "Toutes les réponses",
    "mode.class.plane": "Ce que chaque défense garde et ce qu’elle laisse fuir",
    "mode.class.handout": "Fiche à imprimer",
}
