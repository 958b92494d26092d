"""The real app over a fake story, for looking at it and for browser tests: python tests/ui/fake_app.py [PORT]"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]


def main(port: int, pause: float) -> None:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    folder = Path(tempfile.mkdtemp(prefix="lora-leak-fake-"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    from fake_story import FakeStory, face

    from demo.jobs import Jobs
    from demo.photos.ingest import read_photo
    from demo.ui.assembly import build_app, launch_options
    from demo.ui.services import Person, Services
    from demo.ui.visitors import Visitors

    people = []
    for number, name in enumerate(("Anouk Quistrow", "Bela Wexholm", "Caspar Yttervik", "Dunja Zwarnik")):
        pictures = sorted((ROOT / "weights/people/planted" / f"{number:02d}").glob("*.webp"))[:8]
        if not pictures:
            pictures = [folder / f"{name[0]}{i}.webp" for i in range(8)]
            for i, path in enumerate(pictures):
                face(10 * number + i, 256).save(path)
        people.append(Person(name, tuple(pictures)))
    jobs = Jobs()
    services = Services(FakeStory(pause), read_photo, jobs, Visitors(folder, jobs), people)
    print("READY", folder, flush=True)
    build_app(services).launch(**launch_options(server_name="127.0.0.1", server_port=port, quiet=True))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7861, float(sys.argv[2]) if len(sys.argv) > 2 else 0.05)
