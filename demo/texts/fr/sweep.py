"""The verdict on defences."""

from __future__ import annotations

_KEEPS = "DreamBooth garde au moins {kept} de ce qu’il gagne sur le hasard sans défense"
_LOSES = "DreamBooth garde moins de {kept} de ce qu’il gagne sur le hasard sans défense"

SWEEP = {
    "sweep.headline.nothing finished": "Rien n’a été terminé",
    "sweep.headline.no chance arm": "Non jugé : rien à quoi comparer",
    "sweep.headline.too few pictures": "Non jugé : trop peu d’images",
    "sweep.headline.not measured": "Non jugé : les images n’ont pas pu être mesurées",
    "sweep.headline.no undefended point": "Non jugé : il manque le fichier sans défense pour comparer",
    "sweep.headline.undefended useless": "Non concluant : même sans défense, DreamBooth ne fait pas nettement mieux "
    "que le hasard",
    "sweep.headline.undefended tight": "Non concluant : même pour le fichier sans défense, aucune fuite n’est "
    "démontrée",
    "sweep.headline.only undefended": "Le fichier sans défense fuit ; aucune défense n’a été essayée",
    "sweep.headline.corner": "Utile, et il ne reste à ces attaques que la moitié de la fuite au plus : {names}",
    "sweep.headline.unsettled": "Non concluant : aucune défense ne se montre à la fois utile et étanche, et "
    "quelques-unes restent indécises",
    "sweep.headline.none": "Aucune défense essayée n’est ici à la fois utile et étanche",
    "sweep.nothing finished": "Aucune défense n’a été essayée jusqu’au bout.",
    "sweep.no chance arm": "La comparaison a été arrêtée avant que les images du hasard soient mesurées.",
    "sweep.too few pictures": "Avec moins de {count} images par ligne, aucune différence ne peut être démontrée. "
    "Faites-en dessiner plus.",
    "sweep.not measured": "Il manque la distance des images à la personne.",
    "sweep.no undefended point": "Le LoRA sans défense n’est pas parmi les points ; on ne sait donc pas ce qu’il y "
    "avait à protéger.",
    "sweep.undefended useless": "Il n’est pas démontré que le fine-tuning lui-même rapproche les images de la personne "
    "plus que des gens sans rapport. On ne peut donc pas dire ce qu’une défense abîme ou protège.",
    "sweep.undefended tight": "Les attaques ne montrent pas la personne, même avec le fichier sans défense ; on ne "
    "peut donc voir aucune défense la protéger.",
    "sweep.undefended": "Sans défense, les images de DreamBooth sont à une distance de {dreambooth} de la personne, et "
    "celles de la meilleure attaque ({attack}) à {attacked} ; le hasard est à {chance}. {utility} {leakage}",
    "sweep.dreambooth.nearer": "DreamBooth a {by} de distance en moins que le hasard (intervalle à 95 % {low} à "
    "{high}).",
    "sweep.dreambooth.unclear": "DreamBooth n’est pas nettement plus près que le hasard (intervalle à 95 % {low} à "
    "{high}).",
    "sweep.attack.nearer": "L’attaque a {by} de distance en moins que le hasard (intervalle à 95 % {low} à {high}).",
    "sweep.attack.unclear": "L’attaque n’est pas nettement plus près que le hasard (intervalle à 95 % {low} à {high}).",
    "sweep.group.useful, private": "Utiles et étanches : {names}. " + _KEEPS + " ; la meilleure attaque a perdu au "
    "moins {lost} de son gain et ne montre rien de la personne.",
    "sweep.group.useful, leaks": "Utiles, mais avec une fuite : {names}. " + _KEEPS + " ; la meilleure attaque montre "
    "la personne.",
    "sweep.group.useful, open": "Utiles, et étanches ou non, on ne sait : {names}. "
    + _KEEPS
    + " ; la meilleure attaque ne montre pas la personne, mais garde une trace ou n’a pas nettement assez perdu.",
    "sweep.group.open, leaks": "Avec une fuite : {names}. La meilleure attaque montre la personne ; ce que DreamBooth "
    "garde reste indécis avec si peu d’images.",
    "sweep.group.open, open": "Indécis : {names}. Ce que DreamBooth garde reste indécis avec si peu d’images ; aucune "
    "fuite n’est démontrée.",
    "sweep.group.useless, leaks": "Avec une fuite, et peu utiles : {names}. " + _LOSES + " ; la meilleure attaque "
    "montre la personne.",
    "sweep.group.useless, open": "Peu utiles : {names}. " + _LOSES + " ; aucune fuite n’est démontrée.",
    "sweep.group.ruined": "Abîmés : {names}. On trouve un visage dans moins de la moitié des images de DreamBooth.",
    "sweep.useless": "Peu utiles : {names}. " + _LOSES + ".",
    "sweep.proved": "Ce qui est prouvé (ε pour une photo, et ε pour la personne, qui est sur toutes) : {pairs}. Le ε "
    "de DP-SGD compare avec l’absence de ces photos, celui du bruit gaussien avec d’autres photos à leur place. Quel "
    "visage en sort est une question du ε de la personne.",
    "sweep.proved.pair": "{name} : photo {photo}, personne {person}",
    "sweep.nominal": "Ceux-ci ont un ε nominal, qu’aucune preuve n’appuie : {names}.",
    "sweep.anecdote.one": "C’est une seule personne, {count} image par ligne : une anecdote, pas une statistique.",
    "sweep.anecdote.other": "C’est une seule personne, {count} images par ligne : une anecdote, pas une statistique.",
    "sweep.intervals": "Les intervalles couvrent le choix des images, pas celui des personnes ou des photos, ni le "
    "bruit de l’entraînement. Par construction, un intervalle sur vingt tombe ici à côté. La meilleure attaque est "
    "choisie sur les mêmes images ; elle paraît donc un peu meilleure qu’elle n’est. Une attaque montre la personne "
    "quand ses images la mettent parmi les {share} d’inconnus les plus proches, divisé par le nombre d’attaques, et "
    "plus près que le hasard. Reconnue demanderait en plus une distance inférieure à {near}.",
    "sweep.private": "Étanche veut dire : il reste à la meilleure de ces attaques la moitié du gain au plus. "
    "L’encodeur a appris sur des fichiers sans défense ; un encodeur qui apprend sur des fichiers défendus de la même "
    "façon en tirerait peut-être davantage. Seule une preuve pour la personne pourrait l’exclure.",
}
