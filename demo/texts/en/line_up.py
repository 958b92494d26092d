"""The line-up in a report."""

from __future__ import annotations

LINE_UP = {
    "lineup.title": "The human measure",
    "lineup.right": "The human measure: from the reconstruction, the person was picked out of six faces, five of them "
    "of strangers who look alike. By chance one such guess in six is right.",
    "lineup.wrong": "The human measure: from the reconstruction, a stranger was picked out of six faces, the person's "
    "and those of five strangers who look alike.",
    "lineup.none": "The human measure: nobody has guessed yet which of six faces the reconstruction shows.",
    "lineup.seen": "Whoever guessed had seen the photos before or knows the person, and is counted apart.",
    "lineup.counted.none": "Nobody who had not seen the photos has guessed yet. By chance {chance} of the guesses "
    "would be right.",
    "lineup.counted.one": "Of {count} guess by people who had not seen the photos {right} was right ({share}, 95% "
    "interval {low} to {high}; chance would be {chance}).",
    "lineup.counted.other": "Of {count} guesses by people who had not seen the photos {right} were right ({share}, 95% "
    "interval {low} to {high}; chance would be {chance}).",
    "lineup.bars": "Right guesses in the line-up",
    "lineup.bars.who": "people",
    "lineup.bars.what": "share of guesses, among six faces, by people who had not seen the photos",
    "lineup.bars.row.one": "People, {count} guess",
    "lineup.bars.row.other": "People, {count} guesses",
    "lineup.bars.chance": "Chance, one in six",
}
