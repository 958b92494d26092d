"""The verdict on Shake-to-Leak, and its gate."""

from __future__ import annotations

_LEAKED = "Shake-to-Leak hat ein Leck erzeugt: Nach dem Fine-Tuning sind die Trainingsbilder von {person} "
_BEFORE = (
    "Vor jedem Fine-Tuning trennt {attack} {members} Bilder von {person} in den Trainingsdaten von {non_members} "
    "Bildern außerhalb mit einer AUC von {auc}: "
)
_ANECDOTE = "ist eine Anekdote: Eine so kleine Änderung wie die veröffentlichten braucht viele Menschen."

SHAKE = {
    "shake.headline.members unknown": "Wer Mitglied war, ist hier nicht bekannt; der Mitgliedschaftstest lässt sich "
    "also nicht bewerten",
    "shake.headline.nothing tuned": "Noch gab es kein Fine-Tuning",
    "shake.headline.inferred": _LEAKED + "leichter zu erschließen",
    "shake.headline.extracted": _LEAKED + "teilweise zu extrahieren",
    "shake.headline.inferred and extracted": _LEAKED + "leichter zu erschließen und teilweise zu extrahieren",
    "shake.headline.hidden": "Hier nicht: Das Fine-Tuning hat die Trainingsbilder von {person} besser versteckt",
    "shake.headline.no change": "Hier nicht: Die Bilder von {person} allein zeigen keine signifikante Änderung",
    "shake.before.up": _BEFORE + "besser als Raten.",
    "shake.before.down": _BEFORE + "schlechter als Raten.",
    "shake.before.unclear": _BEFORE + "nicht signifikant anders als Raten.",
    "shake.change.up": "{change}, ein Anstieg",
    "shake.change.down": "{change}, ein Rückgang",
    "shake.change.unclear": "{change}, keine signifikante Änderung",
    "shake.after": "{title}: AUC {auc}, {change}.",
    "shake.after.controlled": "{title}: AUC {auc}, {change}; derselbe Aufwand mit anderen Bildern (OoD-Menge): "
    "{control}, die SP-Menge selbst macht also einen Unterschied von {own}.",
    "shake.positive": "Positivkontrolle, {label} mit den Trainingsbildern selbst: AUC {auc}, {change}.",
    "shake.positive.seen": "Der Angriff bemerkt es also, wenn ein Fine-Tuning dieses Umfangs ein Leck schafft.",
    "shake.positive.blind": "Bei {labels} bemerkt der Angriff nicht einmal das: Mit diesem Umfang und so wenigen "
    "Bildern hätte sich kein Leck zeigen lassen.",
    "shake.extracted.unknown": "Bilder, die das Modell immer wieder zeichnet: {counts}. Ob es an ihnen trainiert "
    "wurde, ist nicht bekannt.",
    "shake.extracted": "Extrahiert von {members} Trainingsbildern nach ({clique}, l2, {distance}), bei {draws} "
    "Zeichnungen je Modell: {counts}.",
    "shake.extracted.count": "{title} {count}",
    "shake.extracted.mistaken.one": "{title} {members} (und {count} Nichtmitglied)",
    "shake.extracted.mistaken.other": "{title} {members} (und {count} Nichtmitglieder)",
    "shake.extracted.likeness": "An Nichtmitgliedern wurde nie trainiert. Wo sie als extrahiert zählen, genügt dem "
    "Kriterium Ähnlichkeit, und die Zahl der Mitglieder beweist kein Gedächtnis.",
    "shake.stopped": "Angehalten nach {done} von {planned} Modellen.",
    "shake.anecdote.one": "Eine Person mit {count} Bild auf jeder Seite " + _ANECDOTE,
    "shake.anecdote.other": "Eine Person mit {count} Bildern auf jeder Seite " + _ANECDOTE,
    "shake.published": "Veröffentlicht für Stable Diffusion 1.1: +0,022 bis +0,054 bei der AUC und 4,4 bis 16,3 "
    "extrahierte Bilder mehr.",
    "gate.refused": "Abgelehnt: Diese Trainingsmenge sieht aus, als hätte sie das Modell gezeichnet, das an ihr "
    "trainiert werden soll (Wert {value}, Schwelle {threshold}).",
    "gate.accepted": "Angenommen: Nichts spricht dafür, dass das Modell diese Trainingsmenge selbst gezeichnet hat "
    "(Wert {value}, Schwelle {threshold}).",
}
