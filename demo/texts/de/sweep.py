"""The verdict on defences."""

from __future__ import annotations

_KEEPS = "DreamBooth behält mindestens {kept} dessen, was es ohne Schutz gegenüber dem Zufall gewinnt"
_LOSES = "DreamBooth behält weniger als {kept} dessen, was es ohne Schutz gegenüber dem Zufall gewinnt"

SWEEP = {
    "sweep.headline.nothing finished": "Nichts wurde fertig",
    "sweep.headline.no chance arm": "Nicht beurteilt: nichts zum Vergleichen",
    "sweep.headline.too few pictures": "Nicht beurteilt: zu wenige Bilder",
    "sweep.headline.not measured": "Nicht beurteilt: Die Bilder ließen sich nicht messen",
    "sweep.headline.no undefended point": "Nicht beurteilt: Die Datei ohne Schutz fehlt zum Vergleich",
    "sweep.headline.undefended useless": "Offen: Schon ohne Schutz ist DreamBooth nicht erkennbar besser als der "
    "Zufall",
    "sweep.headline.undefended tight": "Offen: Schon bei der Datei ohne Schutz ist kein Leck gezeigt",
    "sweep.headline.only undefended": "Die Datei ohne Schutz ist undicht; kein Schutz wurde versucht",
    "sweep.headline.corner": "Brauchbar, und diesen Angriffen bleibt höchstens die Hälfte des Lecks: {names}",
    "sweep.headline.unsettled": "Offen: Kein Schutz ist erkennbar brauchbar und dicht, und einige sind nicht geklärt",
    "sweep.headline.none": "Kein versuchter Schutz ist hier brauchbar und dicht zugleich",
    "sweep.nothing finished": "Kein Schutz wurde bis zum Ende versucht.",
    "sweep.no chance arm": "Der Lauf wurde angehalten, bevor die Bilder des Zufalls gemessen waren.",
    "sweep.too few pictures": "Mit weniger als {count} Bildern je Zeile lässt sich kein Unterschied zeigen. Lass mehr "
    "zeichnen.",
    "sweep.not measured": "Zu den Bildern fehlt der Abstand zur Person.",
    "sweep.no undefended point": "Das LoRA ohne Schutz ist nicht unter den Punkten; es ist also nicht bekannt, was zu "
    "schützen war.",
    "sweep.undefended useless": "Dass das Fine-Tuning selbst die Bilder näher an die Person bringt, als Unbeteiligte "
    "liegen, ist nicht gezeigt. Also lässt sich nicht zeigen, was ein Schutz verdirbt oder bewahrt.",
    "sweep.undefended tight": "Die Angriffe zeigen die Person schon bei der Datei ohne Schutz nicht; also ist keinem "
    "Schutz anzusehen, dass er sie schützt.",
    "sweep.undefended": "Ohne Schutz liegen die Bilder von DreamBooth in einem Abstand von {dreambooth} zur Person und "
    "die des besten Angriffs ({attack}) bei {attacked}; der Zufall liegt bei {chance}. {utility} {leakage}",
    "sweep.dreambooth.nearer": "DreamBooth liegt um {by} näher als der Zufall (95-%-Intervall {low} bis {high}).",
    "sweep.dreambooth.unclear": "DreamBooth liegt nicht klar näher als der Zufall (95-%-Intervall {low} bis {high}).",
    "sweep.attack.nearer": "Der Angriff liegt um {by} näher als der Zufall (95-%-Intervall {low} bis {high}).",
    "sweep.attack.unclear": "Der Angriff liegt nicht klar näher als der Zufall (95-%-Intervall {low} bis {high}).",
    "sweep.group.useful, private": "Brauchbar und dicht: {names}. " + _KEEPS + "; der beste Angriff hat mindestens "
    "{lost} seines Gewinns verloren und zeigt nichts von der Person.",
    "sweep.group.useful, leaks": "Brauchbar, aber weiter undicht: {names}. " + _KEEPS + "; der beste Angriff zeigt die "
    "Person.",
    "sweep.group.useful, open": "Brauchbar, und ob dicht, ist nicht geklärt: {names}. "
    + _KEEPS
    + "; der beste Angriff zeigt die Person nicht, behält aber eine Spur oder hat nicht erkennbar genug verloren.",
    "sweep.group.open, leaks": "Undicht: {names}. Der beste Angriff zeigt die Person; wie viel DreamBooth behält, ist "
    "mit so wenigen Bildern nicht geklärt.",
    "sweep.group.open, open": "Nicht geklärt: {names}. Wie viel DreamBooth behält, ist mit so wenigen Bildern nicht "
    "geklärt; ein Leck ist nicht gezeigt.",
    "sweep.group.useless, leaks": "Undicht und wenig brauchbar: {names}. " + _LOSES + "; der beste Angriff zeigt die "
    "Person.",
    "sweep.group.useless, open": "Wenig brauchbar: {names}. " + _LOSES + "; ein Leck ist nicht gezeigt.",
    "sweep.group.ruined": "Verdorben: {names}. In weniger als der Hälfte der Bilder von DreamBooth ist ein Gesicht zu "
    "finden.",
    "sweep.useless": "Wenig brauchbar: {names}. " + _LOSES + ".",
    "sweep.proved": "Was bewiesen ist (ε für ein Foto und ε für die Person, die auf allen ist): {pairs}. Das ε von "
    "DP-SGD vergleicht mit dem Fehlen all dieser Fotos, das von Gauß-Rauschen mit anderen Fotos an ihrer Stelle. "
    "Wessen Gesicht herauskommt, ist eine Frage des ε der Person.",
    "sweep.proved.pair": "{name}: Foto {photo}, Person {person}",
    "sweep.nominal": "Diese haben ein nominelles ε, das kein Beweis stützt: {names}.",
    "sweep.anecdote.one": "Das ist eine Person mit {count} Bild je Zeile: eine Anekdote, keine Statistik.",
    "sweep.anecdote.other": "Das ist eine Person mit {count} Bildern je Zeile: eine Anekdote, keine Statistik.",
    "sweep.intervals": "Die Intervalle decken die Wahl der Bilder ab, nicht die der Menschen, der Fotos oder des "
    "Rauschens beim Training. Planmäßig liegt jedes zwanzigste der Intervalle hier daneben. Der beste Angriff ist "
    "an denselben Bildern ausgewählt und sieht deshalb etwas besser aus, als er ist. Ein Angriff zeigt die Person, wo "
    "seine Bilder sie unter die nächsten {share} der Fremden bringen, geteilt durch die Zahl der Angriffe, und näher "
    "als der Zufall. Erkannt hieße außerdem ein Abstand unter {near}.",
    "sweep.private": "Dicht heißt: Dem besten dieser Angriffe bleibt höchstens die Hälfte des Gewinns. Der Encoder hat "
    "an Dateien ohne Schutz gelernt; einer, der an ebenso geschützten Dateien lernt, holt vielleicht mehr heraus. Nur "
    "ein Beweis für die Person könnte das ausschließen.",
}
