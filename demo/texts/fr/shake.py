"""The verdict on Shake-to-Leak, and its gate."""

from __future__ import annotations

_LEAKED = "Shake-to-Leak a provoqué une fuite : après le fine-tuning, les images d’entraînement où figure {person} "
_BEFORE = (
    "Avant tout fine-tuning, {attack} sépare {members} images où figure {person}, prises dans les données "
    "d’entraînement, de {non_members} qui n’y sont pas, avec une AUC de {auc} : "
)
_ANECDOTE = "est une anecdote : un changement aussi petit que ceux publiés demande beaucoup de personnes."

SHAKE = {
    "shake.headline.members unknown": "On ne sait pas ici qui était membre ; l’inférence d’appartenance ne peut donc "
    "pas être notée",
    "shake.headline.nothing tuned": "Aucun fine-tuning n’a encore été fait",
    "shake.headline.inferred": _LEAKED + "sont plus faciles à inférer",
    "shake.headline.extracted": _LEAKED + "sont en partie extraites",
    "shake.headline.inferred and extracted": _LEAKED + "sont plus faciles à inférer et en partie extraites",
    "shake.headline.hidden": "Pas ici : le fine-tuning a mieux caché les images d’entraînement où figure {person}",
    "shake.headline.no change": "Pas ici : les images où figure {person}, seules, ne montrent aucun changement "
    "significatif",
    "shake.before.up": _BEFORE + "mieux que le hasard.",
    "shake.before.down": _BEFORE + "moins bien que le hasard.",
    "shake.before.unclear": _BEFORE + "pas significativement autre chose que le hasard.",
    "shake.change.up": "{change}, une hausse",
    "shake.change.down": "{change}, une baisse",
    "shake.change.unclear": "{change}, aucun changement significatif",
    "shake.after": "{title} : AUC {auc}, {change}.",
    "shake.after.controlled": "{title} : AUC {auc}, {change} ; le même effort sur d’autres images (ensemble OoD) : "
    "{control}, donc l’ensemble SP fait à lui seul une différence de {own}.",
    "shake.positive": "Contrôle positif, {label} sur les images d’entraînement elles-mêmes : AUC {auc}, {change}.",
    "shake.positive.seen": "L’attaque voit donc quand un fine-tuning de cette ampleur provoque une fuite.",
    "shake.positive.blind": "Avec {labels}, l’attaque ne voit même pas cela : avec cette ampleur et si peu d’images, "
    "aucune fuite n’aurait pu être démontrée.",
    "shake.extracted.unknown": "Images que le modèle dessine encore et encore : {counts}. On ne sait pas s’il a été "
    "entraîné dessus.",
    "shake.extracted": "Extraites parmi {members} images d’entraînement selon ({clique}, l2, {distance}), en {draws} "
    "tirages de chaque modèle : {counts}.",
    "shake.extracted.count": "{title} : {count}",
    "shake.extracted.mistaken.one": "{title} : {members} (et {count} non-membre)",
    "shake.extracted.mistaken.other": "{title} : {members} (et {count} non-membres)",
    "shake.extracted.likeness": "Le modèle n’a jamais été entraîné sur les non-membres. Là où ils comptent comme "
    "extraits, la ressemblance suffit au critère, et le nombre de membres ne prouve aucune mémoire.",
    "shake.stopped": "Arrêté après {done} modèles sur {planned}.",
    "shake.anecdote.one": "Une personne avec {count} image de chaque côté " + _ANECDOTE,
    "shake.anecdote.other": "Une personne avec {count} images de chaque côté " + _ANECDOTE,
    "shake.published": "Publié pour Stable Diffusion 1.1 : +0,022 à +0,054 d’AUC, et 4,4 à 16,3 images extraites de "
    "plus.",
    "gate.refused": "Refusé : cet ensemble d’entraînement semble dessiné par le modèle même qu’on veut entraîner "
    "dessus (score {value}, seuil {threshold}).",
    "gate.accepted": "Accepté : rien ne dit que le modèle a dessiné lui-même cet ensemble d’entraînement (score "
    "{value}, seuil {threshold}).",
}
