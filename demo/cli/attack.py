"""``python -m demo attack``: one LoRA file, and nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path

from demo.cli.output import Narrator, check_writable, peak_memory_mb, print_json, say, write_pictures

UNJUDGED = "Not judged: without photos of the person nothing can be compared"
WHY = "An adversary has no photos either: whoever knows the person looks at the pictures."


def attack(arguments: argparse.Namespace) -> None:
    """Check the file, header first, then draw and write.

    Raises:
        DemoError: what is wrong with the file or the output.
    """
    out, file = arguments.out, arguments.file
    assert isinstance(out, Path)
    assert isinstance(file, Path)
    check_writable(out)
    from demo.lora.header import read_header

    read_header(file)  # refuses what is no safetensors file before torch is loaded

    say("Loading")
    from demo.lora.files import read_lora

    read_lora(file)  # layers, types, numbers: all that does not need the base

    from demo import story
    from demo.attack.registry import ATTACKS, AttackSettings
    from demo.bases import find_base
    from demo.metrics.verdict import Verdict
    from demo.report import Arm, LeakReport, seen_matrices, write_report

    base = find_base(arguments.base)
    settings = AttackSettings(
        samples=arguments.samples,
        steps=arguments.steps,
        seed=arguments.seed,
        extrapolate=not arguments.ordinary_guidance,
    )
    watch = story.Stopwatch()
    with watch.stage("load"):
        released = story.open_lora(file, base_key=base.key)
    with watch.stage("attack"):
        found = story.attack(released, base_key=base.key, settings=settings, report=Narrator())
    entry = ATTACKS[found.attack]
    numbers = sum(tensor.numel() for tensor in released.tensors.values())
    report = LeakReport(
        title=f"What {file.name} gives away",
        base=f"{base.title}, {base.licence}",
        settings={
            "attack": settings.said(base),
            "file": file.name,
            "bytes": file.stat().st_size,
            "metadata in the header": dict(released.metadata) or "none",
        },
        arms=[Arm(found.attack, entry.title, entry.explanation, found.pictures, found.best)],
        metrics={},
        verdict=Verdict(UNJUDGED, (WHY,), leaked=False),
        seconds=dict(watch.seconds),
        seen=seen_matrices(released.tensors),
    )
    pictures = write_pictures(out, "reconstruction", found.pictures)
    json, html = write_report(out, report)
    say(f"{len(pictures)} pictures; the best guess is {pictures[found.best].name}. See {html}")
    print_json(
        {
            "command": "attack",
            "base": base.key,
            "attack": found.attack,
            "best": found.best,
            "seen": {
                "layers": len(released.modules()),
                "matrices": len(released.tensors),
                "numbers": numbers,
                "ranks": sorted({released.matrices(module)[0].shape[0] for module in released.modules()}),
                "bytes": file.stat().st_size,
                "metadata": sorted(released.metadata),
            },
            "seconds": dict(watch.seconds),
            "peak_memory_mb": peak_memory_mb(),
            "files": {
                "reconstruction": [str(path) for path in pictures],
                "report_json": str(json),
                "report_html": str(html),
            },
        }
    )
