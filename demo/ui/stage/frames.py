"""What the three frames show: the photos, the file, and what is drawn from it."""

from __future__ import annotations

import math
from collections.abc import Hashable

from markupsafe import Markup
from PIL import Image

from demo.attack.registry import best_first
from demo.faces.recognise import SAME_PERSON
from demo.finetune.loop import STAGE
from demo.lora.picture import matrices_picture
from demo.progress import Measured
from demo.report.rendering import call
from demo.session.desk import Attacked, Compared, Released
from demo.texts.language import Language
from demo.ui.components import pictures
from demo.ui.fine_tune_result import TITLES
from demo.ui.page import View

PHOTO_SIDE = 240  # pixels of a photo in its frame: what is shown need not travel larger
MOSAIC = 6  # pixels a side of a photo that is not to be seen yet: colours, and no face
FARTHEST, NEAREST = 1.0, 0.3  # distances at which the bar is empty and full


def piece(macro: str, *values: object) -> Markup:
    """One of the pieces in demo/ui/templates/stage.html.j2."""
    return call("ui/stage.html.j2", macro, *values)


def framed(macro: str, *values: object) -> Markup:
    """One of the pieces in demo/report/templates/frames.html.j2, which the report has, too."""
    return call("report/frames.html.j2", macro, *values)


def released_of(view: View) -> Released | None:
    """The file on the stage: one of other photos than those in the first frame is not."""
    released = view.desk.released
    return None if released is None or view.desk.older(released.source) else released


def attacked_of(view: View) -> Attacked | None:
    """What was drawn from the file on the stage."""
    attacked = view.desk.attacked
    return attacked if attacked is not None and attacked.released is released_of(view) else None


def photos_stamp(view: View) -> Hashable:
    """What the first frame depends on."""
    return view.desk.photos.number, view.desk.photos.hidden, view.language.key


def photos_frame(view: View) -> Markup:
    """The photos, or as much of them as may be seen."""
    have, language = view.desk.photos, view.language
    if not have.shots:
        body = framed("blank", "☺", language.say("stage.photos.none"))
    else:
        shown = [_seen(shot.aligned, have.hidden) for shot in have.shots]
        alts = language.numbered("stage.photos.alt.hidden" if have.hidden else "stage.photos.alt", len(shown))
        body = framed("wall", shown, alts, "mosaic" if have.hidden else "")
    kept = language.say("stage.hidden") if have.hidden else have.person or ""
    return framed("frame", 1, "photos", language.say("stage.photos"), body, _below(kept))


def file_stamp(view: View) -> Hashable:
    """What the second frame depends on."""
    released, job = released_of(view), view.job
    making = _tuning(view)
    step = None if not making or job is None or job.progress is None else (job.progress.stage, job.progress.step)
    return None if released is None else released.number, making, step, view.language.key


def file_frame(view: View) -> Markup:
    """The file: in the making, or as a picture of itself."""
    released, language, job = released_of(view), view.language, view.job
    below = ""
    if _tuning(view) and job is not None and job.progress is not None:
        now = job.progress
        share = now.step / now.total if now.total and now.stage.endswith(STAGE) else 0.0
        body = piece("making", share, language.say("stage.file.making"), language.share(share))
    elif released is None:
        body = framed("blank", "?", "")
    else:
        size = language.say(
            "stage.file.size",
            size=pictures.size(released.size),
            layers=language.fixed(len(released.lora.modules()), 0),
            numbers=language.fixed(sum(tensor.numel() for tensor in released.lora.tensors.values()), 0),
        )
        body = framed("matrices", matrices_picture(released.lora), language.say("stage.file.alt"), released.name)
        below = size if released.said else language.joined((size, language.say("stage.file.inside")), "list.sentences")
    return framed("frame", 2, "file", language.say("stage.file"), body, _below(below))


def drawn_stamp(view: View) -> Hashable:
    """What the third frame depends on."""
    attacked, job = attacked_of(view), view.job
    live = None if job is None or attacked is not None or not _developing(view) else (job.id, job.picture_step)
    return None if attacked is None else attacked.number, live, view.language.key


def drawn_frame(view: View) -> Markup:
    """What the attack draws, in the making and at the end, its own choice first."""
    attacked, language, job = attacked_of(view), view.language, view.job
    if attacked is not None:
        made = attacked.reconstruction
        shown = best_first(made.pictures, made.best)
        body = framed("wall", shown, language.numbered("stage.drawn.alt", len(shown)))
    elif job is not None and _developing(view):
        alts = language.numbered("stage.drawn.alt.live", len(job.pictures))
        body = framed("wall", job.pictures, alts, "even live")
    else:
        body = framed("blank", "?", "")
    return framed("frame", 3, "drawn", language.say("stage.drawn"), body, "")


def gauges_stamp(view: View) -> Hashable:
    """What the measures depend on."""
    compared, job = _final(view), view.job
    if compared is not None:
        return compared.number, view.language.key
    if job is None or not job.measured or not _current(view):
        return None
    return job.id, job.picture_stage, job.picture_step, len(job.measured), view.language.key


def gauges(view: View) -> Markup:
    """The comparison's measures of what is in the third frame; before, the latest live ones of the job, if any."""
    attacked, compared, job, language = attacked_of(view), _final(view), view.job, view.language
    if attacked is not None and compared is not None:
        final = compared.report.measured(attacked.reconstruction.attack)
        return Markup("") if final is None else _gauges(final, "stage.live.final", language)
    if job is None or not job.measured or not _current(view):
        return Markup("")
    whose = "stage.live.owner" if pictures.is_sample(job) else "stage.live.attack"
    return _gauges(job.measured[-1], whose, language)


def _final(view: View) -> Compared | None:
    """The comparison of what is in the third frame."""
    attacked, compared = attacked_of(view), view.desk.compared
    current = attacked is not None and compared is not None and not view.desk.older(compared.source)
    return compared if current else None


def _gauges(now: Measured, whose: str, language: Language) -> Markup:
    near = (FARTHEST - now.distance) / (FARTHEST - NEAREST)
    place = 1 - math.log(now.place) / math.log(now.among)
    among = language.fixed(now.among, 0)
    items = (
        (
            language.say("stage.live.distance", near=language.plain(SAME_PERSON)),
            language.fixed(now.distance),
            min(1.0, max(0.0, near)),
        ),
        (language.say("stage.live.place"), f"{language.fixed(now.place, 0)} / {among}", place),
        (
            language.say("stage.live.faces"),
            f"{language.fixed(now.faces, 0)} / {language.fixed(now.pictures, 0)}",
            now.faces / now.pictures,
        ),
    )
    return piece("gauges", language.say(whose), items)


def _seen(photo: Image.Image, hidden: bool) -> Image.Image:
    side = MOSAIC if hidden else PHOTO_SIDE
    return photo.resize((side, side), Image.Resampling.BOX if hidden else Image.Resampling.LANCZOS)


def _below(words: str) -> Markup | str:
    return piece("below", words) if words else ""


def _current(view: View) -> bool:
    """Whether the job is the story on the stage: it runs, or it made the file that is there."""
    released, job = released_of(view), view.job
    return job is not None and (job.active or (released is not None and released.job == job.id))


def _tuning(view: View) -> bool:
    """Whether a job runs that has not made its file yet, and was not given one."""
    released, job = view.desk.released, view.job
    return job is not None and job.active and job.title in TITLES and (released is None or released.job != job.id)


def _developing(view: View) -> bool:
    """Whether the job's pictures are the attack's."""
    job = view.job
    return job is not None and job.active and bool(job.pictures) and not pictures.is_sample(job) and not _tuning(view)
