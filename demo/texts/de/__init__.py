"""German, with the reader as "du".

One word for one thing:
    attack Angriff; audit Audit; canary Kanarienfoto; ceiling Obergrenze; chance Zufall; class prompt
    Klassen-Prompt; control Kontrolle; defence Schutz; distance Abstand; fine-tuning Fine-Tuning; guess Tipp;
    inconclusive offen; leak Leck, undicht; ledger Buchführung; line-up Gegenüberstellung; place Platz; private
    dicht; recognised erkannt; reconstruction Rekonstruktion; strangers Fremde; trace Spur; trigger word
    Triggerwort; useful brauchbar; weight encoder Gewichts-Encoder. LoRA stays LoRA (das).
"""

from __future__ import annotations

from demo.texts.de.audit import AUDIT
from demo.texts.de.general import GENERAL, NAMES
from demo.texts.de.line_up import LINE_UP
from demo.texts.de.messages import ERRORS, PHOTOS, ROWS, STAGES, STRIP
from demo.texts.de.shake import SHAKE
from demo.texts.de.stage import STAGE
from demo.texts.de.story import STORY
from demo.texts.de.sweep import SWEEP
from demo.texts.language import Language

__all__ = ["GERMAN"]

GERMAN = Language(
    "de",
    "Deutsch",
    GENERAL | NAMES | STORY | LINE_UP | SWEEP | SHAKE | AUDIT | STAGE | STRIP | STAGES | PHOTOS | ROWS | ERRORS,
    decimal=",",
    thousands=".",
    percent="\N{NO-BREAK SPACE}%",
)
