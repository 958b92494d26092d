"""The verdict of an audit."""

from __future__ import annotations

_WRONG = "La comptabilité ou le code est faux : "

AUDIT = {
    "audit.no claim": "Aucun epsilon n’est annoncé ; l’attaque montre {shown}.",
    "audit.wrong.nominal": "L’epsilon nominal n’est pas une borne : l’attaque montre {shown}, plus que le ε = "
    "{claimed} du registre.",
    "audit.wrong.exceeded": _WRONG + "l’attaque montre {shown}, plus que le ε = {claimed} du registre.",
    "audit.wrong.separated": _WRONG + "les essais séparent les fine-tunings avec et sans canari plus souvent que le "
    "mécanisme du ε = {claimed} ne le permet, avec une confiance de {confidence}.",
    "audit.consistent": "Cohérent : l’attaque montre {shown}, ce qui ne dépasse pas le ε = {claimed} du registre.",
    "audit.too few trials": "Trop peu d’essais pour conclure : même une attaque qui ne se trompe jamais montre au plus "
    "ε = {largest} en {trials} essais, moins que le ε = {claimed} du registre. Il faudrait au moins {needed} essais.",
    "audit.shown": "au moins ε = {epsilon} avec une confiance de {confidence} (δ = {delta})",
    "audit.trials": "{trials} essais. Dans la moitié qui teste, l’attaque a eu raison pour {found} des {inside} "
    "fine-tunings avec le canari, et tort pour {false} des {outside} sans lui.",
    "audit.noise.any": "Lus comme du DP-SGD, ces taux n’excluent aucune quantité de bruit.",
    "audit.noise": "Lu comme du DP-SGD, et pour tous les δ : le multiplicateur de bruit est au plus {at_most} (le "
    "registre dit {claimed}), soit ε = {epsilon} ou plus.",
    "audit.object": "L’audit a fait ses propres fine-tunings, de {steps} étapes chacun ; ils vérifient le code et la "
    "comptabilité. Un fichier de plus d’étapes a son propre bruit et n’en fait pas partie.",
    "audit.saw.gradients": "L’adversaire a vu chaque gradient bruité : tout ce que permet le théorème de DP-SGD.",
    "audit.saw.file": "L’adversaire n’a vu que le fichier publié : bien moins que ce que permet le théorème de DP-SGD.",
    "audit.clipped": "Le gradient du canari a atteint la norme d’écrêtage dans {share} des étapes. Avec une norme plus "
    "petite, c’est le pire cas, au même epsilon.",
    "audit.largest": "Aucune attaque n’aurait pu montrer plus que ε = {largest} en si peu d’essais.",
    "audit.refutes": "Une attaque qui trouve peu ne prouve rien : elle peut réfuter un epsilon, jamais le confirmer.",
}
