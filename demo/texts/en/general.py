"""What several kinds of text share: lists, and words for what has no number or no name."""

from __future__ import annotations

GENERAL = {
    "list.semicolon": "; ",
    "list.comma": ", ",
    "list.and": " and ",
    "sentence": "{text}.",
    "list.sentences": " ",
    "number.none": "n/a",
    "epsilon.none": "none",
    "signed": "{change} ({low} to {high})",
    "attack.other": "the attack {name}",
    "no_encoder": "There is no weight encoder for {base}. The pictures come from attacks that need no training "
    "({attacks}). An encoder may show more, or less.",
}
