"""Run the app: python app.py [--mode space|booth|class|lab]

Reads the environment, builds the services, assembles, launches. Besides Gradio's own variables (such as
GRADIO_SERVER_NAME, GRADIO_SERVER_PORT): LORA_LEAK_MODE, as --mode; LORA_LEAK_BASE, the base model chosen at the start
(or a folder); LORA_LEAK_PASSWORD and LORA_LEAK_LIMITS, who comes in and how much each may start.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from demo.models.bases import BUNDLED

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
    from demo.errors import DemoError, SettingsError
    from demo.session.modes import DEFAULT, ENVIRONMENT, MODES, find_mode
    from demo.session.supervise import supervise_app

    parser = argparse.ArgumentParser(description="What a shared LoRA gives away: the app.")
    known = "; ".join(f"{mode.key}, {mode.title}" for mode in MODES.values())
    parser.add_argument("--mode", default=os.environ.get(ENVIRONMENT, DEFAULT), help=f"{known} (default: %(default)s)")
    try:
        mode = find_mode(parser.parse_args().mode)
    except SettingsError as error:
        sys.exit(f"--mode: {error}")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if mode.restarts and (ended := supervise_app()) is not None:
        sys.exit(ended)
    if mode.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"
    folder = prepare()
    from demo.hardware import zero_gpu

    zero_gpu.prepare()  # before whatever may look for a GPU
    from demo.hardware.network import lan_url
    from demo.session.real import attend, real_services
    from demo.ui.assembly import build_app, launch_options
    from demo.ui.launch import launch

    try:
        services = real_services(folder, os.environ.get("LORA_LEAK_BASE", BUNDLED), mode)
        try:
            demo = build_app(services, mode, address=lan_url())
            attend(services)
            if mode.classroom:
                log.info("Pupils join at %s; the teacher's screen is %steacher", lan_url(), lan_url())
            launch(demo, **launch_options(mode))
        finally:
            services.jobs.close()
            services.visitors.forget_all()
    except DemoError as error:
        sys.exit(f"The app cannot start. {error}")


if __name__ == "__main__":
    main()
