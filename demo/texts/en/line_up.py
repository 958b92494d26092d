"""The line-up in a report."""

from __future__ import annotations

LINE_UP = {
    "line_up.title": "The human measure",
    "line_up.right": "The human measure: from the reconstruction, the person was picked out of six faces, five of them "
    "of strangers who look alike. By chance one such guess in six is right.",
    "line_up.wrong": "The human measure: from the reconstruction, a stranger was picked out of six faces, the person's "
    "and those of five strangers who look alike.",
    "line_up.none": "The human measure: nobody has guessed yet which of six faces the reconstruction shows.",
    "line_up.seen": "Whoever guessed had seen the photos before or knows the person, and is counted apart.",
    "line_up.counted.none": "Nobody who had not seen the photos has guessed yet. By chance {chance} of the guesses "
    "would be right.",
    "line_up.counted.one": "Of {count} guess by people who had not seen the photos {right} was right ({share}, 95% "
    "interval {low} to {high}; chance would be {chance}).",
    "line_up.counted.other": "Of {count} guesses by people who had not seen the photos {right} were right ({share}, "
    "95% interval {low} to {high}; chance would be {chance}).",
    "line_up.bars": "Right guesses in the line-up",
    "line_up.bars.who": "people",
    "line_up.bars.what": "share of guesses, among six faces, by people who had not seen the photos",
    "line_up.bars.row.one": "People, {count} guess",
    "line_up.bars.row.other": "People, {count} guesses",
    "line_up.bars.chance": "Chance, one in six",
}
