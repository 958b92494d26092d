"""French, with the reader as "vous".

One word for one thing:
    attack attaque; canary canari; ceiling plafond; chance hasard; class prompt prompt de classe; control contrôle;
    defence défense; distance distance; fine-tuning fine-tuning; guess réponse; inconclusive non concluant; leak
    fuite; place rang; ledger registre; line-up séance d’identification; private étanche; recognised reconnu;
    reconstruction reconstruction; shown démontré; trace trace; strangers inconnus; trigger word mot déclencheur;
    useful utile; weight encoder encodeur de poids. LoRA stays LoRA (le).
"""

from __future__ import annotations

from demo.texts.fr.audit import AUDIT
from demo.texts.fr.general import GENERAL, NAMES
from demo.texts.fr.line_up import LINE_UP
from demo.texts.fr.messages import ERRORS, PHOTOS, ROWS, STAGES, STRIP
from demo.texts.fr.shake import SHAKE
from demo.texts.fr.stage import STAGE
from demo.texts.fr.story import STORY
from demo.texts.fr.sweep import SWEEP
from demo.texts.language import Language, none_or_one

__all__ = ["FRENCH"]

# Spaces that do not break, which the templates leave to be put in here.
_WIDE, _NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
_SPACES = {" :": f"{_WIDE}:", " %": f"{_WIDE}%", "« ": f"«{_WIDE}", " »": f"{_WIDE}»"} | {
    f" {mark}": f"{_NARROW}{mark}" for mark in ";?!"
}


def _spaced(text: str) -> str:
    for plain, kept in _SPACES.items():
        text = text.replace(plain, kept)
    return text


_TEXTS = GENERAL | NAMES | STORY | LINE_UP | SWEEP | SHAKE | AUDIT | STAGE | STRIP | STAGES | PHOTOS | ROWS | ERRORS
FRENCH = Language(
    "fr",
    "Français",
    {key: _spaced(text) for key, text in _TEXTS.items()},
    decimal=",",
    thousands=_NARROW,
    percent=f"{_WIDE}%",
    plural=none_or_one,
)
