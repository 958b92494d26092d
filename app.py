"""Run the app: python app.py

Reads the environment, builds the services, assembles, launches. Besides Gradio's own variables (such as
GRADIO_SERVER_NAME, GRADIO_SERVER_PORT): LORA_LEAK_BASE, the base model chosen at the start (or a folder).
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from threading import Thread

log = logging.getLogger("app")


def prepare() -> Path:
    """The environment, before gradio is imported: no telemetry, and a private folder for this run's files."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from demo.errors import OutputError
    from demo.session.run_folder import claim, end_with, parent_folder

    try:
        folder = claim(parent_folder())
    except OutputError as error:
        sys.exit(f"GRADIO_TEMP_DIR: {error}")
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    end_with(folder)
    return folder


def main() -> None:
    """Start the app and stay."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    folder = prepare()
    from demo.hardware import zero_gpu

    zero_gpu.prepare()  # before whatever may look for a GPU
    from demo.errors import DemoError, WeightsError
    from demo.hardware.cores import Threads
    from demo.models.bases import find_base
    from demo.paths import PEOPLE
    from demo.photos.ingest import read_photo
    from demo.session.services import Services, find_people
    from demo.session.shake_service import ModelShaker
    from demo.session.visitors import Visitors
    from demo.sweep.run import default_plan, sweep
    from demo.ui.assembly import build_app, launch_options
    from demo.ui.launch import launch
    from demo.workflow import story
    from demo.workflow.jobs import Jobs

    try:
        base = find_base(os.environ.get("LORA_LEAK_BASE", "face64"))
    except DemoError as error:
        sys.exit(f"LORA_LEAK_BASE: {error}")
    missing = ""
    try:
        people = find_people(PEOPLE)
    except WeightsError as error:
        people, missing = [], str(error)
    jobs = Jobs(fit=Threads().fit)
    visitors = Visitors(folder, jobs)
    plan, shaker = default_plan(), ModelShaker()
    services = Services(story, sweep, plan, read_photo, jobs, visitors, shaker, people, missing, default_base=base.key)

    def warm() -> None:
        try:
            with story.COMPUTE:
                story.pipeline(base.key)
        except DemoError as error:
            log.warning("%s", error)

    for task in (warm, visitors.sweep_for_ever):
        Thread(target=task, daemon=True).start()
    try:
        launch(build_app(services), **launch_options())
    finally:
        jobs.close()
        visitors.forget_all()


if __name__ == "__main__":
    main()
