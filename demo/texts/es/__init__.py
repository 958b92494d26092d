"""Spanish, with the reader as "tú".

One word for one thing:
    attack ataque; canary canario; ceiling techo; chance azar; class prompt prompt de clase; control control;
    defence defensa; distance distancia; fine-tuning fine-tuning; guess respuesta; inconclusive no concluyente; leak
    fuga; ledger registro; line-up rueda de reconocimiento; place puesto; private estanca; recognised reconocida;
    reconstruction reconstrucción; shown demostrado; strangers desconocidos; trace rastro; trigger word palabra de
    activación; useful útil; weight encoder codificador de pesos. LoRA stays LoRA (el).
"""

from __future__ import annotations

from demo.texts.es.audit import AUDIT
from demo.texts.es.general import GENERAL, NAMES
from demo.texts.es.line_up import LINE_UP
from demo.texts.es.messages import ERRORS, PHOTOS, ROWS, STAGES, STRIP
from demo.texts.es.shake import SHAKE
from demo.texts.es.stage import STAGE
from demo.texts.es.story import STORY
from demo.texts.es.sweep import SWEEP
from demo.texts.language import Language

__all__ = ["SPANISH"]

_KEPT = "\N{NO-BREAK SPACE}%"
_TEXTS = GENERAL | NAMES | STORY | LINE_UP | SWEEP | SHAKE | AUDIT | STAGE | STRIP | STAGES | PHOTOS | ROWS | ERRORS
SPANISH = Language(
    "es",
    "Español",
    {key: text.replace(" %", _KEPT) for key, text in _TEXTS.items()},
    decimal=",",
    thousands=".",
    grouped_from=10_000,  # four digits stand together
    percent=_KEPT,
)
