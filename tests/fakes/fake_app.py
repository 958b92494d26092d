"""The real app over a fake story, for looking at it and for browser tests.

python tests/fakes/fake_app.py [PORT [SECONDS A STEP [real|fake [MODE]]]]: "real" and "fake" are the face detector that
reads the photos.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]


def main(port: int = 7861, pause: float = 0.05, detector: str = "real", mode: str = "lab") -> None:
    """Serve until killed."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from demo.session.run_folder import claim, end_with, parent_folder

    folder = claim(parent_folder())
    end_with(folder)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    from dataclasses import replace

    from fake_services import fake_services
    from fake_shake import FakeShaker
    from fake_story import FakeStory, face
    from fake_sweep import FakeSweep

    from demo.photos.ingest import read_photo
    from demo.session.classroom import Classroom
    from demo.session.modes import find_mode
    from demo.session.services import ExamplePerson
    from demo.ui.assembly import build_app, launch_options
    from demo.ui.launch import launch

    people = []
    for number, name in enumerate(("Anouk Quistrow", "Bela Wexholm", "Caspar Yttervik", "Dunja Zwarnik")):
        pictures = sorted((ROOT / "weights/people/planted" / f"{number:02d}").glob("*.webp"))[:8]
        if not pictures:
            pictures = [folder / f"{name[0]}{i}.webp" for i in range(8)]
            for i, path in enumerate(pictures):
                face(10 * number + i, 256).save(path)
        people.append(ExamplePerson(name, tuple(pictures)))
    services = fake_services(
        folder,
        FakeStory(pause, drawing=0.0 if mode == "lab" else 4.0),
        tuple(people),
        time.monotonic,
        FakeSweep(5 * pause),
        FakeShaker(15 * pause),
    )
    if detector == "real":
        services = replace(services, read_photo=read_photo)
    chosen = find_mode(mode)
    if chosen.idle_s is not None:
        chosen = replace(chosen, idle_s=4.0)  # nobody waits a minute for a test
        services = replace(services, for_show=len(people) // 2)
    if chosen.classroom:
        services = replace(services, classroom=Classroom(len(people), services.plan))
    options = launch_options(chosen, server_name="127.0.0.1", server_port=port, quiet=True)
    launch(build_app(services, chosen, address=f"http://127.0.0.1:{port}/"), **options)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*(kind(value) for kind, value in zip((int, float, str, str), given, strict=False)))
