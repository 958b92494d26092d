"""The verdict on Shake-to-Leak, and its gate."""

from __future__ import annotations

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
    "shake.before.up": "Before any fine-tuning {attack} separates {members} pictures of {person} in the training set "
    "from {non_members} outside with AUC {auc}: better than guessing.",
    "shake.before.down": "Before any fine-tuning {attack} separates {members} pictures of {person} in the training set "
    "from {non_members} outside with AUC {auc}: worse than guessing.",
    "shake.before.unclear": "Before any fine-tuning {attack} separates {members} pictures of {person} in the training "
    "set from {non_members} outside with AUC {auc}: not significantly different from guessing.",
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
