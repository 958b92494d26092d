"""The whole story, the attack alone, the app, and many people at once: seconds and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from demo.models.bases import BUNDLED

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "weights" / "people" / "examples" / "00"


def run_cli(*arguments: str) -> dict[str, Any]:
    """Run ``python -m demo``; its last line (JSON), with the wall time of the whole process added."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "demo", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {**json.loads(done.stdout.strip().splitlines()[-1]), "wall_s": round(time.monotonic() - began, 1)}


def app_ready(port: int = 7899, limit: float = 120) -> float:
    """Seconds from starting ``app.py`` to its page."""
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.monotonic() - began < limit:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    return time.monotonic() - began
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError(f"The app did not answer within {limit} s.")
    finally:
        process.terminate()
        process.wait(20)


def together_against_alone(people: int = 4, steps: int = 10) -> dict[str, float]:
    """Fine-tuning steps of K people at once against one person at a time: seconds per person-step, and the ratio."""
    from PIL import Image

    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.train.zoo import GroupTrainer

    base = find_base(BUNDLED)
    pipe, settings = load_pipeline(base, "cpu"), find_preset(base.preset)
    photos = [Image.open(EXAMPLE / f"{i:02d}.webp").convert("RGB") for i in range(5)]

    def seconds(count: int) -> float:
        trainer = GroupTrainer(pipe, base, [photos] * count, settings, seed=0)
        trainer.step()
        began = time.monotonic()
        for _ in range(steps):
            trainer.step()
        trainer.remove()
        return (time.monotonic() - began) / steps / count

    alone, together = seconds(1), seconds(people)
    return {"alone_s": round(alone, 4), "together_s": round(together, 4), "ratio": round(alone / together, 2)}


def story() -> None:
    """Print one row a measurement."""
    with tempfile.TemporaryDirectory() as folder:
        told = run_cli("leak", "--photos", str(EXAMPLE), "--out", f"{folder}/leak")
        print(f"whole story: {told['wall_s']} s, peak memory {told.get('peak_memory_mb')} MB; {told.get('seconds')}")
        attack = run_cli("attack", f"{folder}/leak/lora.safetensors", "--out", f"{folder}/attack")
        print(f"attack alone, process start included: {attack['wall_s']} s; {attack.get('seconds')}")
    print(f"app ready: {app_ready():.1f} s")
    row = together_against_alone()
    print(
        f"fine-tuning, seconds a person-step: alone {row['alone_s']}, 4 at once {row['together_s']}: x {row['ratio']}"
    )
