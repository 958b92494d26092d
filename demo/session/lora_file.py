"""The LoRA file on the desk: an uploaded one, the own one again, a clean copy. While a job runs it stays the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from demo.errors import LoraFileError
from demo.lora.copies import clean_copy
from demo.lora.effect import noise_notice
from demo.lora.files import LoraWeights
from demo.lora.fits import fitting_instead
from demo.lora.header import read_header
from demo.lora.metadata import leak
from demo.photos.decode import label
from demo.session.desk import Cleaned, Refused, Released, new_number
from demo.session.scored import file_of
from demo.session.services import Services
from demo.session.story_jobs import OWN_FILE, check_idle
from demo.session.visitors import Visitor

CLEAN_FILE = "lora-clean.safetensors"


def take_file(services: Services, visitor: Visitor, upload: Path, name: str, base_key: str) -> None:
    """Move an uploaded LoRA file into the visitor's folder and onto the desk.

    A file that cannot be attacked is kept beside it if its header can be read: what that says is shown, and a clean
    copy can be made.

    Raises:
        LoraFileError: it is no LoRA file that can be read, or is for another base.
        WeightsError: the base's configuration cannot be had.
        SettingsError: a job of the visitor waits or runs: it would come back with results of the file before.
    """
    try:
        _take(services, visitor, upload, name, base_key, shutil.move)
    except LoraFileError as error:
        _keep_refused(services, visitor, upload, name, error)
        raise


def _keep_refused(services: Services, visitor: Visitor, upload: Path, name: str, error: LoraFileError) -> None:
    try:
        header = read_header(upload, name)
    except LoraFileError:  # nothing can be said of it, or done with it
        return
    said = leak.scan_header(header)
    with visitor.lock:
        check_idle(services, visitor)
        path = visitor.room("refused") / OWN_FILE
        shutil.move(upload, path)
        refused = Refused(path, label(name), error.problem, said, header.metadata)
        visitor.change(refused=refused, cleaned=None)


def take_example(services: Services, visitor: Visitor) -> None:
    """Put a copy of the file that comes with the project onto the desk, as if it had been uploaded.

    Raises:
        LoraFileError: there is none, or it is damaged.
        SettingsError: a job of the visitor waits or runs.
    """
    path = services.example
    if path is None:
        raise LoraFileError("No example file comes with this base model.", "Fine-tune one, or upload one.")
    _take(services, visitor, path, path.name, services.default_base, shutil.copyfile, example=True)


def take_for(services: Services, visitor: Visitor, base_key: str) -> list[str]:
    """Take the uploaded file on the desk for one of another base, if it fits that.

    Returns:
        why it stays what it is, for the visitor.

    Raises:
        WeightsError: the base's configuration cannot be had.
        SettingsError: a job of the visitor waits or runs.
    """
    desk = visitor.desk
    before = desk.released
    if before is None or not desk.uploaded or before.base_key == base_key:
        return []
    check_idle(services, visitor)
    try:
        lora = services.read_file(before.path, services.bases[base_key], name=before.name)
    except LoraFileError as error:
        stays = f"It stays on the desk for {services.bases[before.base_key].title}"
        return [f"{error.problem} {stays}; the choice applies to the next file."]
    counted = services.story.count_photos(lora, base_key=base_key)
    with visitor.lock:
        check_idle(services, visitor)
        if visitor.desk.released is before:
            visitor.put(replace(before, base_key=base_key, lora=lora, counted=counted, number=new_number()))
    return []


def take_own(services: Services, visitor: Visitor) -> None:
    """Put the visitor's own file in the place of an uploaded one. What it was scored with is still there.

    Raises:
        LoraFileError: there is no own file.
        SettingsError: a job of the visitor waits or runs.
    """
    with visitor.lock:
        check_idle(services, visitor)
        desk = visitor.desk
        if desk.tuned is None:
            raise LoraFileError("There is no LoRA file of your own yet.", "Fine-tune one.")
        if desk.uploaded:
            visitor.put(desk.tuned)


def clean(visitor: Visitor) -> list[str]:
    """Put a copy of the file beside it that says nothing by itself: of a refused upload, else of the file on the desk.

    Returns:
        what of the file is not in the copy, for the visitor.

    Raises:
        LoraFileError: there is no file, or no copy of it would be clean.
    """
    desk = visitor.desk
    of = desk.refused or file_of(desk)
    if desk.cleaned is not None:
        return []
    try:
        made = clean_copy(of.path, visitor.room("clean") / CLEAN_FILE)
        with visitor.lock:
            if of in (visitor.desk.refused, visitor.desk.released):
                visitor.change(cleaned=Cleaned(of, made.path, made.left_out))
            else:
                shutil.rmtree(made.path.parent)
    finally:
        if visitor.gone:
            visitor.delete()  # the copy may have been written after the deletion
    return [f"The clean copy is there. {made.notice}"] if made.notice else []


def _take(
    services: Services,
    visitor: Visitor,
    source: Path,
    name: str,
    base_key: str,
    bring: Callable[[Path, Path], object],
    *,
    example: bool = False,
) -> None:
    check_idle(services, visitor)
    lora, said = _read(services, source, name, base_key), leak.scan(source)
    counted, noise = services.story.count_photos(lora, base_key=base_key), noise_notice(lora)
    with visitor.lock:
        check_idle(services, visitor)  # a job may have begun while the file was read
        path = visitor.room("uploaded") / OWN_FILE
        bring(source, path)
        size = path.stat().st_size
        released = Released(
            path, name, base_key, lora, size=size, said=said, example=example, counted=counted, noise=noise
        )
        visitor.put(released)


def _read(services: Services, path: Path, name: str, base_key: str) -> LoraWeights:
    """A file that fits a base; the error of one that does not names the bases that it fits."""
    chosen = services.bases[base_key]
    try:
        return services.read_file(path, chosen, name=name)
    except LoraFileError as error:
        titles = [base.title for base in fitting_instead(path, chosen, services.bases.values())]
        if not titles:
            raise
        raise LoraFileError(
            error.problem, f"It fits {' and '.join(titles)}: choose that base model and upload it again."
        ) from None
