"""The LoRA file on the desk: an uploaded one, and its clean copy. Under a running job it is not changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from demo.lora import leak0
from demo.lora.files import read_lora
from demo.ui.desk import Cleaned, Released
from demo.ui.scored import file_of
from demo.ui.services import Services
from demo.ui.visitors import Visitor
from demo.ui.work import OWN_FILE, check_idle

CLEAN_FILE = "lora-clean.safetensors"


def take_file(services: Services, visitor: Visitor, upload: Path, name: str, base_key: str) -> None:
    """Move an uploaded LoRA file into the visitor's folder and onto the desk.

    Whether it fits the base is found when it is attacked: that needs the base.

    Raises:
        LoraFileError: it is no LoRA file that can be read.
        SettingsError: a job of the visitor waits or runs: it would come back with results of the file before.
    """
    check_idle(services, visitor)
    lora, said = read_lora(upload), leak0.scan(upload)
    counted = services.story.count_photos(lora, base_key=base_key)
    with visitor.lock:
        check_idle(services, visitor)  # a job may have begun while the file was read
        path = visitor.room("uploaded") / OWN_FILE
        shutil.move(upload, path)
        released = Released(path, name, base_key, lora, size=path.stat().st_size, said=said, counted=counted)
        visitor.change(released=released, cleaned=None, attacked=None, compared=None)


def clean(visitor: Visitor) -> None:
    """Put a copy of the file on the desk beside it that says nothing by itself.

    Raises:
        LoraFileError: there is no file.
    """
    released = file_of(visitor.desk)
    if visitor.desk.cleaned is not None:
        return
    try:
        path = leak0.clean_copy(released.path, visitor.room("clean") / CLEAN_FILE)
        with visitor.lock:
            if visitor.desk.released is released:
                visitor.change(cleaned=Cleaned(released, path))
            else:
                shutil.rmtree(path.parent)
    finally:
        if visitor.gone:
            visitor.delete()  # the copy may have been written after the deletion
