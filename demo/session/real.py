"""The services that the app runs on: the real story, the real people, one line of jobs."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from threading import Thread

from demo.errors import DemoError, WeightsError
from demo.hardware.cores import Threads
from demo.models.bases import find_base
from demo.paths import PEOPLE
from demo.photos.ingest import read_photo
from demo.session.classroom import Classroom
from demo.session.limits import Starts, limits_from
from demo.session.modes import Mode
from demo.session.services import Services, find_people
from demo.session.shake_service import ModelShaker
from demo.session.visitors import Visitors
from demo.sweep.run import default_plan, sweep
from demo.workflow import story
from demo.workflow.jobs import Jobs

log = logging.getLogger(__name__)


def real_services(folder: Path, base_key: str, mode: Mode) -> Services:
    """All that a mode's page needs.

    Args:
        folder: private; visitors' files lie in it.
        base_key: of the base model chosen at the start, or its folder.
        mode: whose page it is.

    Raises:
        SettingsError: there is no such base, or LORA_LEAK_LIMITS cannot be read.
        WeightsError: the folder holds no model that can be used.
    """
    base = find_base(base_key)
    missing = ""
    try:
        people = find_people(PEOPLE)
    except WeightsError as error:
        people, missing = [], str(error)
    limits = limits_from(os.environ, mode.limits)
    jobs, plan = Jobs(max_waiting=limits.waiting, fit=Threads().fit), default_plan()
    return Services(
        story,
        sweep,
        plan,
        read_photo,
        jobs,
        Visitors(folder, jobs),
        ModelShaker(),
        people,
        missing,
        for_show=len(people) // 2 if mode.idle_s is not None else 0,
        default_base=base.key,
        classroom=Classroom(len(people), plan) if mode.classroom else None,
        starts=Starts(limits),
    )


def attend(services: Services) -> None:
    """Start what goes on beside the page: the default base is loaded, and what nobody uses is deleted in time."""

    def warm() -> None:
        try:
            with story.COMPUTE:
                story.pipeline(services.default_base)
        except DemoError as error:
            log.warning("%s", error)

    for task in (warm, services.visitors.sweep_for_ever):
        Thread(target=task, daemon=True).start()
