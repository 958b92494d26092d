"""English templates. Another language is a file like this one, with the same keys and fields."""

from __future__ import annotations

from demo.texts.language import Language

_WITHOUT = "Asking the fine-tuned model for 'a photo of a person' shows {share}, without any encoder."
_SWAP = "The same embedding in another person's model: {likeness}. "
_KEEPS = "DreamBooth keeps at least {kept} of what it gains over chance without a defence"
_LOSES = "DreamBooth keeps less than {kept} of what it gains over chance without a defence"
_WRONG = "The accounting or the code is wrong: "

GENERAL = {
    "list.semicolon": "; ",
    "list.comma": ", ",
    "list.and": " and ",
    "list.sentences": " ",
    "number.none": "n/a",
    "epsilon.none": "none",
    "signed": "{change} ({low} to {high})",
    "attack.other": "the attack {name}",
    "no_encoder": "There is no weight encoder for {base}. The pictures come from attacks that need no training "
    "({attacks}). An encoder may show more, or less.",
}

STORY = {
    "story.headline.no photos": "Not judged: without photos of the person nothing can be compared",
    "story.headline.not measured": "Not judged: the reconstruction could not be measured",
    "story.headline.strangers taken": "Not judged: strangers are taken for the person",
    "story.gives.recognised": "The shared file gives the person away (recognised, place {place} of {among})",
    "story.gives.leak": "The shared file gives the person away (place {place} of {among})",
    "story.headline.leak, lead beats class prompt": "{gives}, and {lead} shows more than the class prompt",
    "story.headline.leak, class prompt not measured": "{gives}; it was not measured whether {lead} is needed",
    "story.headline.leak, lead does not beat class prompt": "{gives}, but {lead} does not beat the class prompt",
    "story.headline.leak, without encoder": "{gives} to {attack}, without any encoder",
    "story.headline.leak, other attack": "{gives} to {attack}; {lead} shows less",
    "story.headline.like controls": "Not shown: the pictures resemble the person, but are not clearly nearer than the "
    "controls",
    "story.headline.nothing to find": "The person is not found, not even with the secret trigger",
    "story.headline.trace": "A trace of the person by {attack}, place {place} of {among}: too weak to count as a leak",
    "story.headline.trace, without encoder": "A trace of the person by {attack}, place {place} of {among}: too weak to "
    "count as a leak; there was no encoder to try",
    "story.headline.not found": "The attack did not find the person",
    "story.headline.not found, without encoder": "The attack did not find the person; there was no encoder to try",
    "story.no photos": "An adversary has no photos either: whoever knows the person looks at the pictures.",
    "story.not measured": "The pictures of {attack} have no dlib distance or no place among strangers.",
    "story.strangers taken": "Even unrelated people pass for this person ({likeness}). The measure does not separate "
    "people here, so that a good place means nothing.",
    "story.likeness": "median distance {distance}, place {place} of {among}",
    "story.interval": "95% interval over pictures {low} to {high}",
    "story.interval.none": "one picture gives no interval",
    "story.dreambooth.none": "DreamBooth's own pictures were not measured, so it is not known what there was to find.",
    "story.dreambooth.recognised": "DreamBooth itself worked: with the secret trigger the person is recognised "
    "({likeness}).",
    "story.dreambooth.leak": "DreamBooth itself worked: with the secret trigger the person is found among strangers, "
    "though not near enough to be recognised ({likeness}).",
    "story.dreambooth.not shown": "DreamBooth itself did not work well enough: even with the secret trigger the person "
    "is not found among strangers ({likeness}).",
    "story.reconstruction.recognised": "The reconstruction by {attack} is recognised as the person ({likeness}).",
    "story.reconstruction.leak": "The reconstruction by {attack} shows the person, though not near enough to be "
    "recognised ({likeness}).",
    "story.reconstruction.like nulls": "The reconstruction by {attack} resembles the person, but is not clearly nearer "
    "than the controls ({likeness}).",
    "story.reconstruction.trace": "The reconstruction by {attack} shows a trace of the person ({likeness}).",
    "story.reconstruction.nothing": "The reconstruction by {attack} does not show the person ({likeness}).",
    "story.accident": "The place is that of all pictures together; a stranger would have so good a one in {share} of "
    "cases.",
    "story.alike": "A harder test: among the {others} strangers who look most like the person, place {place} of "
    "{among}.",
    "story.rule.one": "A leak is shown when an attack puts the person at place {place} of {among} or better (the "
    "nearest {share}; {count} attack was tried), and nearer than every null control. Recognised means a leak with a "
    "median distance below {near}.",
    "story.rule.other": "A leak is shown when an attack puts the person at place {place} of {among} or better (the "
    "nearest {share}, divided by the {count} attacks that were tried), and nearer than every null control. Recognised "
    "means a leak with a median distance below {near}.",
    "story.rule.none.one": "A leak would take the nearest {share} of strangers, and among {among} people no place is "
    "good enough for {count} attack.",
    "story.rule.none.other": "A leak would take the nearest {share} of strangers, divided by the number of attacks, "
    "and among {among} people no place is good enough for {count} attacks.",
    "story.ceiling": "Ceiling: the photos lie at a median distance of {distance} from each other. Nothing that is "
    "drawn can be expected to come nearer.",
    "story.false accepts": "Of {among} strangers {strangers} ({share}) lie within {near} of these photos, too: so "
    "often the distance alone would be wrong.",
    "story.agreement": "Another fine-tuning of the same photos may be judged otherwise: of {fine_tunings} fine-tunings "
    "of {people} fictional people, {agreed} ({share}) were judged as most of the same person's were.",
    "story.class prompt.none": "The class prompt was not measured, so it is not known whether {attack} adds anything.",
    "story.class prompt.up": "{attack} beats the class prompt: it comes {by} nearer ({interval}).",
    "story.class prompt.down": "{attack} does not beat the class prompt: the class prompt comes {by} nearer "
    "({interval}). " + _WITHOUT.format(share="more"),
    "story.class prompt.unclear, nearer": "{attack} does not beat the class prompt: it comes {by} nearer, which is no "
    "clear difference ({interval}). " + _WITHOUT.format(share="about as much"),
    "story.class prompt.unclear, farther": "{attack} does not beat the class prompt: it stays {by} farther away, which "
    "is no clear difference ({interval}). " + _WITHOUT.format(share="about as much"),
    "control.other": "{name}",
    "story.control.nearer": "Control, {what}: {likeness}. The reconstruction is nearer ({interval}).",
    "story.control.not nearer": "Control, {what}: {likeness}. The reconstruction is not clearly nearer ({interval}).",
    "story.control.expected": "{likeness}; chance would be place {place}",
    "story.control.none": "No null control was measured, so the likeness may be accidental.",
    "story.tried.recognised": "With {attack} the person is recognised ({likeness}).",
    "story.tried.leak": "With {attack} the person is shown, though not near enough to be recognised ({likeness}).",
    "story.tried.like nulls": "With {attack} the pictures resemble the person, but are not clearly nearer than chance "
    "({likeness}).",
    "story.tried.trace": "With {attack} there is a trace of the person ({likeness}).",
    "story.tried.nothing": "With {attack} the person is not shown ({likeness}).",
    "story.swap.unknown": _SWAP + "The reconstruction itself does not show the person, so this does not say what "
    "carries the identity.",
    "story.swap.embedding": _SWAP + "The embedding itself carries the identity.",
    "story.swap.both": _SWAP + "The embedding carries a part of the identity; the fine-tuned weights carry the rest.",
    "story.swap.weights": _SWAP + "The embedding alone is not shown to carry the identity; with the fine-tuned weights "
    "it does.",
    "story.swap.open": _SWAP + "There is no clear difference, so it stays open whether the embedding or the weights "
    "carry the identity.",
    "story.anecdote.one": "This is one person, {count} picture: an anecdote, not a statistic. The intervals cover the "
    "choice of pictures, not of people.",
    "story.anecdote.other": "This is one person, {count} pictures: an anecdote, not a statistic. The intervals cover "
    "the choice of pictures, not of people.",
}

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

SHAKE = {
    "shake.headline.members unknown": "It is not known here who was a member, so membership inference cannot be scored",
    "shake.headline.nothing tuned": "Nothing was fine-tuned yet",
    "shake.headline.inferred": "Shaking leaked: after fine-tuning the training pictures of {person} are easier to "
    "infer",
    "shake.headline.extracted": "Shaking leaked: after fine-tuning the training pictures of {person} are partly "
    "extracted",
    "shake.headline.inferred and extracted": "Shaking leaked: after fine-tuning the training pictures of {person} are "
    "easier to infer and partly extracted",
    "shake.headline.hidden": "Not here: fine-tuning hid the training pictures of {person} better",
    "shake.headline.no change": "Not here: the pictures of {person} alone show no significant change",
    "shake.before.up": "Before any fine-tuning SecMI separates {members} pictures of {person} in the training set from "
    "{non_members} outside with AUC {auc}: better than guessing.",
    "shake.before.down": "Before any fine-tuning SecMI separates {members} pictures of {person} in the training set "
    "from {non_members} outside with AUC {auc}: worse than guessing.",
    "shake.before.unclear": "Before any fine-tuning SecMI separates {members} pictures of {person} in the training set "
    "from {non_members} outside with AUC {auc}: not significantly different from guessing.",
    "shake.change.up": "{change}, a rise",
    "shake.change.down": "{change}, a fall",
    "shake.change.unclear": "{change}, no significant change",
    "shake.after": "{title}: AUC {auc}, {change}.",
    "shake.after.controlled": "{title}: AUC {auc}, {change}; the same budget on other pictures (OoD set): {control}, "
    "so the SP set itself makes a difference of {own}.",
    "shake.positive": "Positive control, {label} on the training pictures themselves: AUC {auc}, {change}.",
    "shake.positive.seen": "So the attack sees it where fine-tuning at this budget does leak.",
    "shake.positive.blind": "With {labels} the attack does not see even that: at this budget and with so few pictures "
    "no leak could have been shown.",
    "shake.extracted.unknown": "Pictures that the model draws again and again: {counts}. It is not known whether they "
    "were trained on.",
    "shake.extracted": "Extracted of {members} training pictures under ({clique}, l2, {distance}), in {draws} draws "
    "from each model: {counts}.",
    "shake.extracted.count": "{title} {count}",
    "shake.extracted.mistaken.one": "{title} {members} (and {count} non-member)",
    "shake.extracted.mistaken.other": "{title} {members} (and {count} non-members)",
    "shake.extracted.likeness": "Non-members were never trained on. Where they count as extracted, likeness is enough "
    "for the criterion, and the members' count is no proof of memory.",
    "shake.stopped": "Stopped after {done} of {planned} models.",
    "shake.anecdote.one": "One person with {count} picture on either side is an anecdote: a change as small as the "
    "published ones needs many people.",
    "shake.anecdote.other": "One person with {count} pictures on either side is an anecdote: a change as small as the "
    "published ones needs many people.",
    "shake.published": "Published for Stable Diffusion 1.1: +0.022 to +0.054 in AUC and 4.4 to 16.3 more extracted "
    "pictures.",
    "gate.refused": "Refused: this training set looks drawn by the model that is to be trained on it (score {value}, "
    "threshold {threshold}).",
    "gate.accepted": "Accepted: nothing says that the model drew this training set itself (score {value}, threshold "
    "{threshold}).",
}

AUDIT = {
    "audit.no claim": "No epsilon is claimed; the attack shows {shown}.",
    "audit.wrong.nominal": "The nominal epsilon is no bound: the attack shows {shown}, more than the ledger's ε = "
    "{claimed}.",
    "audit.wrong.exceeded": _WRONG + "the attack shows {shown}, more than the ledger's ε = {claimed}.",
    "audit.wrong.separated": _WRONG + "the trials separate fine-tunings with and without the canary more often than "
    "the mechanism of the ledger's ε = {claimed} can allow, with {confidence} confidence.",
    "audit.consistent": "Consistent: the attack shows {shown}, which does not exceed the ledger's ε = {claimed}.",
    "audit.too few trials": "Too few trials to say: even an attack that is never wrong shows at most ε = {largest} in "
    "{trials} trials, less than the ledger's ε = {claimed}. At least {needed} trials would be needed.",
    "audit.shown": "at least ε = {epsilon} with {confidence} confidence (δ = {delta})",
    "audit.trials": "{trials} trials. In the half that tests, the attack was right in {found} of {inside} fine-tunings "
    "with the canary and wrong in {false} of {outside} without it.",
    "audit.noise.any": "Taken as DP-SGD, these rates rule out no amount of noise.",
    "audit.noise": "Taken as DP-SGD, and using every δ: the noise multiplier is at most {at_most} (the ledger says "
    "{claimed}), which is ε = {epsilon} or more.",
    "audit.object": "The audit made its own fine-tunings, of {steps} steps each; they check the code and the "
    "accounting. A file of more steps has noise of its own, and is not among them.",
    "audit.saw.gradients": "The adversary saw every noisy gradient, which is all that the theorem of DP-SGD allows.",
    "audit.saw.file": "The adversary saw the released file alone, which is much less than the theorem of DP-SGD "
    "allows.",
    "audit.clipped": "The canary's gradient reached the clipping norm in {share} of the steps. With a smaller norm it "
    "is the worst case, at the same epsilon.",
    "audit.largest": "No attack could have shown more than ε = {largest} in so few trials.",
    "audit.refutes": "An attack that finds little proves nothing: it can refute an epsilon, never confirm one.",
}

ENGLISH = Language("en", "English", GENERAL | STORY | LINE_UP | SWEEP | SHAKE | AUDIT)
