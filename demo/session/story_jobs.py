"""The jobs: what runs in the worker thread for a visitor. Results go onto the visitor's desk."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from demo.attack.registry import AttackSettings
from demo.defences.registry import Defence, NoDefence
from demo.errors import PhotoError, SettingsError, Stopped
from demo.finetune.settings import LoraSettings
from demo.lora.effect import noise_notice
from demo.lora.files import LoraWeights, read_lora
from demo.lora.metadata import leak
from demo.metrics.registry import bundled
from demo.photos.split import FOR_TUNING, LEAST_PHOTOS, split_photos
from demo.progress import Watcher
from demo.report import write_report
from demo.session.desk import Attacked, Compared, Desk, Released, Scored
from demo.session.guessing import line_up, with_guess
from demo.session.scored import comparable, file_of, resized
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.shake.gate.decision import load_gate
from demo.texts.ledger import words

OWN_FILE = "lora.safetensors"

Part = Callable[[Watcher], None]


@dataclass(frozen=True)
class Order:
    """What the visitor chose."""

    base_key: str
    lora: LoraSettings
    attack: AttackSettings
    method: str | None = None  # which attack; None: the encoder where the base has one, else what needs none
    photos: int = FOR_TUNING  # how many to fine-tune on
    seed: int | None = None  # None: a random one
    include_photos: bool = False  # in report.html
    metrics: tuple[str, ...] = field(default_factory=bundled)
    defence: Defence = field(default_factory=NoDefence)
    gate: bool = False  # refuse photos that the base drew itself


def begin(services: Services, visitor: Visitor, title: str, work: Part) -> None:
    """Put a visitor's job in line; one job a visitor.

    Raises:
        SettingsError: the visitor has one already.
        LimitError: the visitor has started as many as one may in an hour.
        BusyError: the line is full.
    """

    def guarded(watcher: Watcher) -> None:
        try:
            work(watcher)
        finally:
            if visitor.gone:
                visitor.delete()  # the job may have written after the deletion

    with visitor.lock:
        check_idle(services, visitor)
        services.starts.check(visitor.id, visitor.address)
        visitor.change(tab=None, job=services.jobs.submit(visitor.id, title, guarded))
        services.starts.add(visitor.id, visitor.address)


def check_idle(services: Services, visitor: Visitor) -> None:
    """Refuse what would change the desk under a job. Under the visitor's lock it holds until the lock is let go.

    Raises:
        SettingsError: a job of the visitor waits or runs.
    """
    if services.jobs.busy(visitor.id):
        raise SettingsError("A job of yours is in line or running.", "Wait for its end, or stop it.", key="errors.job")


def tuning(services: Services, visitor: Visitor, order: Order) -> Part:
    """A job that fine-tunes on the visitor's photos and puts the file on the desk.

    Raises:
        PhotoError: too few photos, or a face is still to be chosen.
        SettingsError: the defence cannot be had with so many photos and steps.
        WeightsError: the gate is wanted, and there is none for the base.
    """
    desk = visitor.desk
    check_photos(desk)
    base = services.bases[order.base_key]
    photos = resized([shot.aligned for shot in desk.photos.shots], base.side)
    used, scored, note = split_photos(photos, order.photos)
    order.defence.check(len(used), order.lora)
    if order.gate:
        load_gate(base)  # to refuse now what would fail after the wait
    seed = secrets.randbelow(2**63) if order.seed is None else order.seed  # the trigger follows from it: a secret

    def work(watcher: Watcher) -> None:
        path = visitor.room("tuned") / OWN_FILE
        tuned = services.story.tune(
            used,
            path,
            base_key=order.base_key,
            settings=order.lora,
            defence=order.defence,
            gate=order.gate,
            seed=seed,
            watcher=services.measuring(watcher, scored),
        )
        if tuned.steps == 0:
            shutil.rmtree(path.parent)
            raise Stopped
        lora = read_lora(path)  # as everybody sees it, header and all
        released = Released(
            path=path,
            name=path.name,
            base_key=order.base_key,
            lora=lora,
            size=path.stat().st_size,
            trigger=tuned.trigger,
            settings=order.lora,
            steps=tuned.steps,
            stopped=tuned.stopped,
            source=desk.photos.source,
            ledger=None if order.defence.key == NoDefence.key else tuned.ledger,
            job=visitor.desk.job,
            said=leak.scan(path),
            counted=services.story.count_photos(lora, base_key=order.base_key),
            noise=noise_notice(lora),
        )
        kept = Scored(tuple(scored), note)
        visitor.put(released, tuned=released, scored=kept)

    return work


def attacking(services: Services, visitor: Visitor, order: Order) -> Part:
    """A job that attacks the file on the desk: the file and public models go in, nothing else of the visitor's.

    What it draws is measured against the photos that the file was made from, where they are there: on the way out.
    """

    def work(watcher: Watcher) -> None:
        released, kept = file_of(visitor.desk), visitor.desk.kept
        watcher = services.measuring(watcher, () if kept is None else kept.photos)
        file = services.story.open_lora(released.path, base_key=released.base_key)
        _attack(services, visitor, order, released, file, watcher)

    return work


def comparing(services: Services, visitor: Visitor, order: Order) -> Part:
    """A job that compares the reconstruction with photos, DreamBooth and controls, and writes the report.

    Raises:
        LoraFileError: there is no file.
        PhotoError: there are no photos to compare with.
    """
    comparable(services, visitor.desk)

    def work(watcher: Watcher) -> None:
        desk = visitor.desk
        released, scored, source = comparable(services, desk)
        file = services.story.open_lora(released.path, base_key=released.base_key)
        attacked = desk.attacked
        if attacked is None or not _ordered(attacked, order):
            attacked = _attack(services, visitor, order, released, file, watcher)
        made = services.story.compare(
            file,
            released.trigger,
            scored.photos,
            base_key=released.base_key,
            settings=order.attack,
            reconstruction=attacked.reconstruction,
            metrics=order.metrics,
            extra=_said(released),
            notes=[
                scored.note,
                *([] if released.ledger is None else words(released.ledger)),
                *filter(None, [visitor.desk.no_line_up]),
            ],
            watcher=watcher,
        )
        room = visitor.room("report")
        with visitor.lock:  # whoever guesses now waits, and finds a report to write the guess into
            made = with_guess(services, visitor.desk, made)
            json, html = write_report(room, made, include_photos=order.include_photos)
            visitor.change(compared=Compared(made, source, json, html, order.include_photos))
        if services.classroom is not None:
            services.classroom.record(visitor.id, made)

    return work


def story(services: Services, visitor: Visitor, order: Order) -> Part:
    """Fine-tune, attack and compare in one job; the desk says which tab the story has come to.

    Raises:
        PhotoError: as for :func:`tuning`.
    """
    tune = tuning(services, visitor, order)

    def work(watcher: Watcher) -> None:
        tune(_part(watcher, 1))
        _go_on(visitor, watcher, "attack")
        attacking(services, visitor, order)(_part(watcher, 2))
        _go_on(visitor, watcher, None)
        comparing(services, visitor, order)(_part(watcher, 3))
        _go_on(visitor, watcher, "compare")

    return work


def ready(desk: Desk) -> bool:
    """Whether the photos can be fine-tuned on."""
    return len(desk.photos.shots) >= LEAST_PHOTOS and not desk.photos.groups


def check_photos(desk: Desk) -> None:
    """Refuse a desk whose photos cannot be fine-tuned on.

    Raises:
        PhotoError: too few photos, or a face is still to be chosen.
    """
    if desk.photos.groups:
        name = desk.photos.groups[0].name
        remedy = "Choose one of them, or leave the photo out."
        raise PhotoError(f"{name} shows several faces.", remedy, key="errors.faces", name=name)
    have = len(desk.photos.shots)
    if have < LEAST_PHOTOS:
        raise PhotoError(
            f"{have} photo{'' if have == 1 else 's'} loaded; at least {LEAST_PHOTOS} are needed.",
            "Add photos of one person, or choose a fictional one.",
            key="errors.few photos",
            count=have,
            least=LEAST_PHOTOS,
        )


def _attack(
    services: Services,
    visitor: Visitor,
    order: Order,
    released: Released,
    file: LoraWeights,
    watcher: Watcher,
) -> Attacked:
    """Draw from the file, and put what was drawn onto the desk."""
    done = services.story.attack(file, order.method, base_key=released.base_key, settings=order.attack, watcher=watcher)
    attacked = Attacked(released, done, order.attack)
    visitor.change(attacked=attacked, compared=None)
    line_up(services, visitor)
    return attacked


def _ordered(attacked: Attacked, order: Order) -> bool:
    """Whether it was drawn as an order wants: the rows of one comparison have their settings in common."""
    return attacked.settings == order.attack and order.method in (None, attacked.reconstruction.attack)


def _said(released: Released) -> dict[str, object]:
    """What a report may say of how the file was made: never the trigger, nor the seed that it follows from."""
    said: dict[str, object] = {}
    if released.settings is not None:
        said["fine-tuning"] = released.settings.model_dump()
    if released.ledger is not None:
        said["defence"] = dict(released.ledger.settings) | {"title": released.ledger.title}
    if released.counted is not None:
        said["number of photos, read from the spectrum"] = released.counted.photos or "not read"
    return said


def _part(watcher: Watcher, number: int) -> Watcher:
    """Progress that names the part of the story."""
    return watcher.retold(lambda progress: replace(progress, stage=f"Part {number} of 3, {progress.stage}"))


def _go_on(visitor: Visitor, watcher: Watcher, tab: str | None) -> None:
    watcher.check()
    if tab is not None:
        visitor.change(tab=tab)
