"""The verdict of an audit."""

from __future__ import annotations

_WRONG = "La contabilidad o el código están mal: "

AUDIT = {
    "audit.no claim": "No se afirma ningún épsilon; el ataque muestra {shown}.",
    "audit.wrong.nominal": "El épsilon nominal no es una cota: el ataque muestra {shown}, más que el ε = {claimed} del "
    "registro.",
    "audit.wrong.exceeded": _WRONG + "el ataque muestra {shown}, más que el ε = {claimed} del registro.",
    "audit.wrong.separated": _WRONG + "las pruebas separan los fine-tunings con y sin canario más a menudo de lo que "
    "permite el mecanismo del ε = {claimed}, con una confianza de {confidence}.",
    "audit.consistent": "Coherente: el ataque muestra {shown}, que no supera el ε = {claimed} del registro.",
    "audit.too few trials": "Muy pocas pruebas para decidir: ni un ataque que nunca falla muestra más que ε = "
    "{largest} en {trials} pruebas, menos que el ε = {claimed} del registro. Harían falta al menos {needed} pruebas.",
    "audit.shown": "al menos ε = {epsilon} con una confianza de {confidence} (δ = {delta})",
    "audit.trials": "{trials} pruebas. En la mitad que comprueba, el ataque acertó en {found} de {inside} fine-tunings "
    "con el canario y se equivocó en {false} de {outside} sin él.",
    "audit.noise.any": "Leídas como DP-SGD, estas tasas no excluyen ninguna cantidad de ruido.",
    "audit.noise": "Leído como DP-SGD, y con todos los δ: el multiplicador de ruido es como mucho {at_most} (el "
    "registro dice {claimed}), es decir, ε = {epsilon} o más.",
    "audit.object": "La auditoría hizo sus propios fine-tunings, de {steps} pasos cada uno; comprueban el código y la "
    "contabilidad. Un archivo con más pasos tiene su propio ruido y no está entre ellos.",
    "audit.saw.gradients": "El adversario vio cada gradiente con ruido: todo lo que permite el teorema de DP-SGD.",
    "audit.saw.file": "El adversario vio solo el archivo publicado: mucho menos de lo que permite el teorema de "
    "DP-SGD.",
    "audit.clipped": "El gradiente del canario alcanzó la norma de recorte en el {share} de los pasos. Con una norma "
    "menor es el peor caso, con el mismo épsilon.",
    "audit.largest": "Ningún ataque habría podido mostrar más que ε = {largest} en tan pocas pruebas.",
    "audit.refutes": "Un ataque que encuentra poco no prueba nada: puede refutar un épsilon, nunca confirmarlo.",
}
