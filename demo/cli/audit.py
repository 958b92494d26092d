"""``python -m demo audit``: an attack with a canary photo, held against the epsilon that a defence claims."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from demo.cli.output import Narrator, peak_memory_mb, print_json, say
from demo.cli.results import check_out
from demo.files import write_text
from demo.models.bases import BUNDLED
from demo.progress import Watcher

if TYPE_CHECKING:
    from PIL import Image

    from demo.models.bases import Base

CLIP = 0.05  # of DP-SGD: reached by the canary's gradient, which is the worst case; epsilon does not depend on it
OTHERS = 4  # example photos beside the canary, where none are given


def add_arguments(parser: argparse.ArgumentParser, whole: Callable[[int, int], Callable[[str], int]]) -> None:
    """The command's own options; those of the defence are the same as elsewhere.

    Args:
        whole: makes a reader of whole numbers between two limits.
    """
    parser.add_argument(
        "--mode",
        choices=("gradients", "file"),
        default="gradients",
        help="the adversary sees every noisy gradient, as DP-SGD's theorem allows, or the file alone",
    )
    parser.add_argument("--trials", type=whole(8, 1_000_000), default=400, metavar="T", help="default: 400")
    parser.add_argument("--confidence", type=float, default=0.95, metavar="P", help="default: 0.95")
    parser.add_argument(
        "--steps", type=whole(1, 1000), default=4, metavar="N", help="fine-tuning steps in each trial (default: 4)"
    )
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="photos beside the canary (default: a fictional person's)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for audit.json; made if missing")
    parser.add_argument(
        "--base", default=BUNDLED, metavar="KEY", help=f"base model (default: {BUNDLED}, the bundled one)"
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def audit(arguments: argparse.Namespace) -> None:
    """Check the settings, play, and write ``audit.json``.

    Raises:
        DemoError: what is wrong with the input.
    """
    out: Path = arguments.out
    check_out(out, ["audit.json"])
    say("Loading")
    from pydantic import ValidationError

    from demo.audit.run import audit as run_audit
    from demo.audit.settings import AuditSettings
    from demo.cli.leak import chosen_defence
    from demo.defences.dpdm import Dpdm
    from demo.errors import SettingsError
    from demo.finetune.settings import find_preset
    from demo.hardware.zero_gpu import remedied
    from demo.models.bases import find_base
    from demo.preflight.check import check_tuning
    from demo.workflow import story

    base = find_base(arguments.base)
    check_tuning(base)
    defence = chosen_defence(arguments)
    if isinstance(defence, Dpdm) and not any(text.startswith("clip=") for text in arguments.defence_set):
        defence = defence.model_copy(update={"clip": CLIP})
    try:
        settings = AuditSettings(
            mode=arguments.mode, trials=arguments.trials, confidence=arguments.confidence, steps=arguments.steps
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"Audit, {first['loc'][0]}: {first['msg']}.", "Give a value in that range.") from None
    photos = _photos(arguments.photos, base)
    with story.COMPUTE, remedied():
        result = run_audit(
            story.pipeline(base.key, whole=True),
            base,
            photos,
            defence,
            settings=find_preset(base.preset),
            audit=settings,
            watcher=Watcher(Narrator()),
        )
    path = write_text(out / "audit.json", json.dumps(result.as_json(), allow_nan=False, indent=1) + "\n")
    for sentence in result.sentences:
        say(sentence)
    found = result.as_json()
    print_json(
        {
            "command": "audit",
            "base": base.key,
            **{key: value for key, value in found.items() if key not in {"format", "inside", "outside"}},
            "peak_memory_mb": peak_memory_mb(),
            "files": {"audit_json": str(path)},
        }
    )


def _photos(folder: Path | None, base: Base) -> list[Image.Image]:
    if folder is None:
        from demo.origin import read_drawn
        from demo.paths import WEIGHTS

        example = WEIGHTS / "people" / "examples" / "00"
        return [read_drawn(path) for path in sorted(example.glob("*.webp"))[:OTHERS]]
    from demo.cli.leak import find_photos
    from demo.photos.ingest import read_photos

    read = read_photos(find_photos(folder), side=base.side)
    return [photo.aligned for photo in read]
