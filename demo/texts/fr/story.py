"""The verdict on one person."""

from __future__ import annotations

_WITHOUT = "Demander simplement « une photo d’une personne » au modèle en montre {share}, sans aucun encodeur."
_SWAP = "Le même embedding dans le modèle d’une autre personne : {likeness}. "
_ANECDOTE = "une anecdote, pas une statistique. Les intervalles couvrent le choix des images, pas celui des personnes."

STORY = {
    "story.word.leaked": "Fuite",
    "story.word.kept": "Aucune fuite démontrée",
    "story.word.open": "Non concluant",
    "story.more": "Tout afficher",
    "story.headline.no photos": "Non jugé : sans photos de la personne, rien ne peut être comparé",
    "story.headline.not measured": "Non jugé : la reconstruction n’a pas pu être mesurée",
    "story.headline.strangers taken": "Non jugé : des inconnus sont pris pour la personne",
    "story.gives.recognised": "Le fichier partagé trahit la personne (reconnue, rang {place} sur {among})",
    "story.gives.leak": "Le fichier partagé trahit la personne (rang {place} sur {among})",
    "story.headline.leak, lead beats class prompt": "{gives}, et {lead} en montre plus que le prompt de classe",
    "story.headline.leak, class prompt not measured": "{gives} ; on n’a pas mesuré si {lead} est nécessaire",
    "story.headline.leak, lead does not beat class prompt": "{gives}, mais {lead} ne fait pas mieux que le prompt de "
    "classe",
    "story.headline.leak, without encoder": "{gives} : il suffit d’une attaque sans encodeur ({attack})",
    "story.headline.leak, other attack": "{gives}, par {attack} ; {lead} en montre moins",
    "story.headline.like controls": "Non démontré : les images ressemblent à la personne, mais n’en sont pas nettement "
    "plus proches que les contrôles",
    "story.headline.nothing to find": "La personne reste introuvable, même avec le mot déclencheur secret",
    "story.headline.trace": "Une trace de la personne par {attack}, rang {place} sur {among} : trop faible pour une "
    "fuite",
    "story.headline.trace, without encoder": "Une trace de la personne par {attack}, rang {place} sur {among} : trop "
    "faible pour une fuite ; il n’y avait pas d’encodeur à essayer",
    "story.headline.not found": "L’attaque n’a pas trouvé la personne",
    "story.headline.not found, without encoder": "L’attaque n’a pas trouvé la personne ; il n’y avait pas d’encodeur à "
    "essayer",
    "story.no photos": "Un adversaire n’a pas de photos non plus : qui connaît la personne regarde les images.",
    "story.not measured": "Pour {attack}, il manque la distance dlib des images ou leur rang parmi les inconnus.",
    "story.strangers taken": "Même des gens sans rapport passent pour cette personne ({likeness}). Ici, la mesure ne "
    "sépare pas les gens ; un bon rang ne veut donc rien dire.",
    "story.likeness": "distance médiane {distance}, rang {place} sur {among}",
    "story.interval": "intervalle à 95 % sur les images {low} à {high}",
    "story.interval.none": "une seule image ne donne pas d’intervalle",
    "story.dreambooth.none": "Les images de DreamBooth lui-même n’ont pas été mesurées ; on ne sait donc pas ce qu’il "
    "y avait à trouver.",
    "story.dreambooth.recognised": "DreamBooth lui-même a marché : avec le mot déclencheur secret, la personne est "
    "reconnue ({likeness}).",
    "story.dreambooth.leak": "DreamBooth lui-même a marché : avec le mot déclencheur secret, la personne est retrouvée "
    "parmi les inconnus, mais pas d’assez près pour être reconnue ({likeness}).",
    "story.dreambooth.not shown": "DreamBooth lui-même n’a pas assez bien marché : même avec le mot déclencheur "
    "secret, la personne n’est pas retrouvée parmi les inconnus ({likeness}).",
    "story.reconstruction.recognised": "La reconstruction par {attack} est reconnue comme la personne ({likeness}).",
    "story.reconstruction.leak": "La reconstruction par {attack} montre la personne, mais pas d’assez près pour être "
    "reconnue ({likeness}).",
    "story.reconstruction.like nulls": "La reconstruction par {attack} ressemble à la personne, mais n’en est pas "
    "nettement plus proche que les contrôles ({likeness}).",
    "story.reconstruction.trace": "La reconstruction par {attack} montre une trace de la personne ({likeness}).",
    "story.reconstruction.nothing": "La reconstruction par {attack} ne montre pas la personne ({likeness}).",
    "story.accident": "Le rang est celui de toutes les images ensemble ; un inconnu en aurait un aussi bon dans "
    "{share} des cas.",
    "story.alike": "Une épreuve plus dure : parmi les {others} inconnus qui ressemblent le plus à la personne, rang "
    "{place} sur {among}.",
    "story.rule.one": "Une fuite est démontrée quand une attaque met la personne au rang {place} sur {among} ou "
    "mieux (les plus proches : {share} ; {count} attaque a été essayée), et plus près que tous les contrôles nuls. "
    "Reconnue veut dire : une fuite, avec une distance médiane inférieure à {near}.",
    "story.rule.other": "Une fuite est démontrée quand une attaque met la personne au rang {place} sur {among} ou "
    "mieux (les plus proches : {share}, divisé par les {count} attaques essayées), et plus près que tous les contrôles "
    "nuls. Reconnue veut dire : une fuite, avec une distance médiane inférieure à {near}.",
    "story.rule.none.one": "Une fuite demanderait d’être parmi les {share} d’inconnus les plus proches, et parmi "
    "{among} personnes aucun rang n’est assez bon pour {count} attaque.",
    "story.rule.none.other": "Une fuite demanderait d’être parmi les {share} d’inconnus les plus proches, divisé par "
    "le nombre d’attaques, et parmi {among} personnes aucun rang n’est assez bon pour {count} attaques.",
    "story.ceiling": "Plafond : les photos sont entre elles à une distance médiane de {distance}. On ne peut attendre "
    "d’aucun dessin qu’il vienne plus près.",
    "story.false accepts": "Sur {among} inconnus, {strangers} ({share}) sont eux aussi à moins de {near} de ces "
    "photos : c’est aussi souvent que la distance seule se tromperait.",
    "story.agreement": "Un autre fine-tuning des mêmes photos peut être jugé autrement : sur {fine_tunings} "
    "fine-tunings de {people} personnes fictives, {agreed} ({share}) ont été jugés comme la plupart de ceux de la même "
    "personne.",
    "story.class prompt.none": "Le prompt de classe n’a pas été mesuré ; on ne sait donc pas si {attack} apporte quoi "
    "que ce soit.",
    "story.class prompt.up": "{attack} fait mieux que le prompt de classe : {by} de distance en moins ({interval}).",
    "story.class prompt.down": "{attack} ne fait pas mieux que le prompt de classe : ce dernier a {by} de distance en "
    "moins ({interval}). " + _WITHOUT.format(share="plus"),
    "story.class prompt.unclear, nearer": "{attack} ne fait pas mieux que le prompt de classe : {by} de distance en "
    "moins, ce qui n’est pas une différence nette ({interval}). " + _WITHOUT.format(share="à peu près autant"),
    "story.class prompt.unclear, farther": "{attack} ne fait pas mieux que le prompt de classe : {by} de distance en "
    "plus, ce qui n’est pas une différence nette ({interval}). " + _WITHOUT.format(share="à peu près autant"),
    "control.other": "{name}",
    "story.control.nearer": "Contrôle, {what} : {likeness}. La reconstruction est plus proche ({interval}).",
    "story.control.not nearer": "Contrôle, {what} : {likeness}. La reconstruction n’est pas nettement plus proche "
    "({interval}).",
    "story.control.expected": "{likeness} ; le hasard serait le rang {place}",
    "story.control.none": "Aucun contrôle nul n’a été mesuré ; la ressemblance peut donc être un hasard.",
    "story.tried.recognised": "Avec {attack}, la personne est reconnue ({likeness}).",
    "story.tried.leak": "Avec {attack}, la personne est montrée, mais pas d’assez près pour être reconnue "
    "({likeness}).",
    "story.tried.like nulls": "Avec {attack}, les images ressemblent à la personne, mais n’en sont pas nettement plus "
    "proches que le hasard ({likeness}).",
    "story.tried.trace": "Avec {attack}, il y a une trace de la personne ({likeness}).",
    "story.tried.nothing": "Avec {attack}, la personne n’est pas montrée ({likeness}).",
    "story.swap.unknown": _SWAP + "La reconstruction elle-même ne montre pas la personne ; cela ne dit donc pas ce qui "
    "porte l’identité.",
    "story.swap.embedding": _SWAP + "L’embedding lui-même porte l’identité.",
    "story.swap.both": _SWAP + "L’embedding porte une partie de l’identité ; les poids du fine-tuning portent le "
    "reste.",
    "story.swap.weights": _SWAP + "Il n’est pas démontré que l’embedding seul porte l’identité ; avec les poids du "
    "fine-tuning, il la porte.",
    "story.swap.open": _SWAP + "Il n’y a pas de différence nette ; on ne sait donc pas qui, de l’embedding ou des "
    "poids, porte l’identité.",
    "story.anecdote.one": "C’est une seule personne, {count} image : " + _ANECDOTE,
    "story.anecdote.other": "C’est une seule personne, {count} images : " + _ANECDOTE,
}
