"""The verdict of an audit."""

from __future__ import annotations

_WRONG = "Die Buchführung oder der Code ist falsch: "

AUDIT = {
    "audit.no claim": "Es wird kein Epsilon behauptet; der Angriff zeigt {shown}.",
    "audit.wrong.nominal": "Das nominelle Epsilon ist keine Schranke: Der Angriff zeigt {shown}, mehr als ε = "
    "{claimed} in der Buchführung.",
    "audit.wrong.exceeded": _WRONG + "Der Angriff zeigt {shown}, mehr als ε = {claimed} in der Buchführung.",
    "audit.wrong.separated": _WRONG + "Die Versuche trennen Fine-Tunings mit und ohne Kanarienfoto öfter, als es der "
    "Mechanismus mit ε = {claimed} zulässt, bei einer Konfidenz von {confidence}.",
    "audit.consistent": "Stimmig: Der Angriff zeigt {shown}, nicht mehr als ε = {claimed} in der Buchführung.",
    "audit.too few trials": "Zu wenige Versuche für ein Urteil: Selbst ein Angriff, der nie irrt, zeigt in {trials} "
    "Versuchen höchstens ε = {largest}, weniger als ε = {claimed} in der Buchführung. Mindestens {needed} Versuche "
    "wären nötig.",
    "audit.shown": "mindestens ε = {epsilon} bei einer Konfidenz von {confidence} (δ = {delta})",
    "audit.trials": "{trials} Versuche. In der Hälfte, die prüft, lag der Angriff bei {found} von {inside} "
    "Fine-Tunings mit dem Kanarienfoto richtig und bei {false} von {outside} ohne das Foto falsch.",
    "audit.noise.any": "Als DP-SGD gelesen schließen diese Quoten keine Menge an Rauschen aus.",
    "audit.noise": "Als DP-SGD gelesen und mit jedem δ: Der Rauschfaktor ist höchstens {at_most} (die Buchführung sagt "
    "{claimed}), das heißt ε = {epsilon} oder mehr.",
    "audit.object": "Das Audit hat eigene Fine-Tunings von je {steps} Schritten gemacht; sie prüfen den Code und die "
    "Buchführung. Eine Datei mit mehr Schritten hat ihr eigenes Rauschen und ist nicht darunter.",
    "audit.saw.gradients": "Der Angreifer sah jeden verrauschten Gradienten: alles, was der Satz zu DP-SGD erlaubt.",
    "audit.saw.file": "Der Angreifer sah nur die veröffentlichte Datei: viel weniger, als der Satz zu DP-SGD erlaubt.",
    "audit.clipped": "Der Gradient des Kanarienfotos erreichte die Clipping-Norm in {share} der Schritte. Mit einer "
    "kleineren Norm ist es der schlimmste Fall, bei gleichem Epsilon.",
    "audit.largest": "Mehr als ε = {largest} hätte in so wenigen Versuchen kein Angriff zeigen können.",
    "audit.refutes": "Ein Angriff, der wenig findet, beweist nichts: Er kann ein Epsilon widerlegen, aber nie "
    "bestätigen.",
}
