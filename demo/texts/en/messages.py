"""What is said while one waits, of photos that come in, and over errors.

What the core itself says in English has its words there and none here: errors (``errors.*``, ``photos.bad.*``: a
:class:`demo.errors.DemoError` names its key), the stages of a job and its title (``strip.stage.*``, ``strip.job.*``).
The other languages have these.
"""

from __future__ import annotations

STRIP = {
    "strip.word.waiting": "Waiting.",
    "strip.word.running": "Running.",
    "strip.word.failed": "Failed.",
    "strip.word.stopped": "Stopped.",
    "strip.word.done": "Done.",
    "strip.waiting": "{title}: {place}. It starts by itself.",
    "strip.place": "place {place} in line",
    "strip.place.soon": "{where}, less than 10 s to wait",
    "strip.place.time": "{where}, about {time} to wait",
    "strip.ready": "{title}: getting ready. The first time takes longest.",
    "strip.step": "{stage}: {step} of {total}",
    "strip.comma": ", ",
    "strip.left": "{time} left in this part",
    "strip.loss": "loss {loss}",
    "strip.failed": "{title}: {error}",
    "strip.stopped": "{title}, after {time}. What was finished is kept.",
    "strip.cut": "{title}, after {time}, because others are waiting. What was finished is kept.",
    "strip.done": "{title}, after {time}.",
    "strip.seconds": "{seconds} s",
    "strip.minutes": "{minutes} min",
    "strip.minutes and seconds": "{minutes} min {seconds} s",
    "strip.spoken.waiting": "{title}: {place}.",
    "strip.spoken.running": "{title}: running.",
    "strip.spoken.failed": "{title} failed: {error}",
    "strip.spoken.stopped": "{title}: stopped.",
    "strip.spoken.cut": "{title}: stopped, for others are waiting.",
    "strip.spoken.done": "{title}: done.",
}

PHOTOS = {
    "photos.more.one": "{count} more cannot be used: {names}.",
    "photos.more.other": "{count} more cannot be used: {names}.",
    "photos.one too many": "{name} is one too many. At most {most} photos are taken.",
    "photos.too many": "{count} photos are too many: {names}. At most {most} photos are taken.",
    "photos.span": "{first} to {last}",
    "photos.removed": "The photos have been removed.",
    "photos.removed, compared": "The photos have been removed, and the comparison with them.",
    "photos.still": "Still there: {what}. Delete my data deletes that, too.",
    "photos.still.file": "the LoRA file",
    "photos.still.drawn": "what the attack drew from it",
    "photos.still.swept": "the sweep's results",
}

ROWS = {
    "rows.picture": "{title}, picture {number} of {all}",
    "rows.picture.best": "{title}, picture {number} of {all}, the best guess",
    "rows.megabytes": "{size} MB",
    "rows.kilobytes": "{size} kB",
    "rows.best": "best guess",
}

ERRORS = {
    "errors.english": "{text}",  # what is there in English alone
    "errors.title": "This did not work",
    "errors.stopped": "It was stopped.",
    "errors.stopped.title": "Stopped",
}
