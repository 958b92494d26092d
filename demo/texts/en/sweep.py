"""The verdict on defences."""

from __future__ import annotations

_KEEPS = "DreamBooth keeps at least {kept} of what it gains over chance without a defence"
_LOSES = "DreamBooth keeps less than {kept} of what it gains over chance without a defence"

SWEEP = {
    "sweep.headline.nothing finished": "Nothing was finished",
    "sweep.headline.no chance arm": "Not judged: nothing to compare with",
    "sweep.headline.too few pictures": "Not judged: too few pictures",
    "sweep.headline.not measured": "Not judged: the pictures could not be measured",
    "sweep.headline.no undefended point": "Not judged: there is nothing to compare with",
    "sweep.headline.undefended useless": "Inconclusive: even without a defence DreamBooth is not shown to be better "
    "than chance",
    "sweep.headline.undefended tight": "Inconclusive: even the undefended file is not shown to leak",
    "sweep.headline.only undefended": "The undefended file leaks; no defence was tried",
    "sweep.headline.corner": "Useful, with at most half of the leak left to these attacks: {names}",
    "sweep.headline.unsettled": "Inconclusive: no defence is shown to be useful and private, and some are not settled",
    "sweep.headline.none": "No defence tried is both useful and private here",
    "sweep.nothing finished": "No defence was tried to its end.",
    "sweep.no chance arm": "The sweep was stopped before the pictures of chance were measured.",
    "sweep.too few pictures": "With fewer than {count} pictures in each arm no difference can be shown. Draw more of "
    "them.",
    "sweep.not measured": "The pictures have no identity distance.",
    "sweep.no undefended point": "The undefended LoRA is not among the points, so it is not known what there was to "
    "protect.",
    "sweep.undefended useless": "Fine-tuning itself is not shown to bring the pictures nearer to the person than "
    "unrelated people are. So it cannot be shown what a defence ruins or protects.",
    "sweep.undefended tight": "The attacks do not show the person even from the undefended file, so no defence can be "
    "seen to protect it.",
    "sweep.undefended": "Without a defence DreamBooth's pictures lie at a distance of {dreambooth} from the person, "
    "and those of the best attack ({attack}) at {attacked}; chance is {chance}. {utility} {leakage}",
    "sweep.dreambooth.nearer": "DreamBooth is {by} nearer than chance (95% interval {low} to {high}).",
    "sweep.dreambooth.unclear": "DreamBooth is not clearly nearer than chance (95% interval {low} to {high}).",
    "sweep.attack.nearer": "The attack is {by} nearer than chance (95% interval {low} to {high}).",
    "sweep.attack.unclear": "The attack is not clearly nearer than chance (95% interval {low} to {high}).",
    "sweep.group.useful, private": "Useful and private: {names}. " + _KEEPS + "; the best attack has lost at least "
    "{lost} of its gain, and shows nothing of the person.",
    "sweep.group.useful, leaks": "Useful, but it still leaks: {names}. " + _KEEPS + "; the best attack shows the "
    "person.",
    "sweep.group.useful, open": "Useful, and not settled whether private: {names}. "
    + _KEEPS
    + "; the best attack does "
    "not show the person, but keeps a trace, or is not shown to have lost enough.",
    "sweep.group.open, leaks": "Leaks: {names}. The best attack shows the person; how much DreamBooth keeps is not "
    "settled with so few pictures.",
    "sweep.group.open, open": "Not settled: {names}. How much DreamBooth keeps is not settled with so few pictures; "
    "nothing is shown to leak.",
    "sweep.group.useless, leaks": "Leaks, and of little use: {names}. " + _LOSES + "; the best attack shows the "
    "person.",
    "sweep.group.useless, open": "Of little use: {names}. " + _LOSES + "; nothing is shown to leak.",
    "sweep.group.ruined": "Ruined: {names}. Faces are found in fewer than half of DreamBooth's pictures.",
    "sweep.useless": "Of little use: {names}. " + _LOSES + ".",
    "sweep.proved": "What is proved (ε for one photo, and ε for the person, who is on all of them): {pairs}. The ε of "
    "DP-SGD compares with none of these photos, that of Gaussian noise with other photos in their place. Whose face "
    "comes out is a question of the person's ε.",
    "sweep.proved.pair": "{name}: photo {photo}, person {person}",
    "sweep.nominal": "These have a nominal ε, which no proof supports: {names}.",
    "sweep.anecdote.one": "This is one person, {count} picture in each arm: an anecdote, not a statistic.",
    "sweep.anecdote.other": "This is one person, {count} pictures in each arm: an anecdote, not a statistic.",
    "sweep.intervals": "Intervals cover the choice of pictures, not of people, photos or training noise. By "
    "construction one in twenty of all intervals drawn here misses. The best attack is chosen on the same pictures, so "
    "it looks a little better than it is. An attack shows the person where its pictures put them among the nearest "
    "{share} of strangers, divided by the number of attacks, and nearer than chance. Recognised would mean a distance "
    "below {near} besides.",
    "sweep.private": "Private means: at most half of the gain is left to the best of these attacks. The encoder has "
    "learned from undefended files; one that learns from files defended in the same way may get more out of them. Only "
    "a proof for the person could exclude that.",
}
