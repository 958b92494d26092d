"""``python -m demo attack``: one LoRA file, and nothing else."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from demo.cli.output import Narrator, peak_memory_mb, print_json, say, write_pictures
from demo.cli.results import REPORT, check_out, check_pictures, clear_results
from demo.files import check_file
from demo.lora.metadata.leak import Finding
from demo.progress import Watcher


def attack(arguments: argparse.Namespace) -> None:
    """Check the file, header first, say what it says by itself, then draw and write.

    Raises:
        DemoError: what is wrong with the file or the output.
    """
    out = arguments.out
    assert isinstance(out, Path)
    assert isinstance(arguments.file, Path)
    check_out(out, REPORT)
    if arguments.clean is not None:
        check_file(arguments.clean)
    from demo.lora.folders import file_in
    from demo.lora.metadata import leak

    file = file_in(arguments.file)
    said = leak.scan(file)  # refuses what is no safetensors file before torch is loaded
    tell(said)
    clean = None if arguments.clean is None else write_clean(file, arguments.clean)

    say("Loading")
    from demo.lora.effect import check_effect, noise_notice
    from demo.lora.files import read_lora

    check_effect(file.name, read_lora(file))  # layers, types, numbers: all that does not need the base

    from demo.attack.registry import ATTACKS, AttackSettings, find_attack, without_encoder
    from demo.errors import LoraFileError
    from demo.lora.fits import with_option
    from demo.models.bases import find_base, known_bases
    from demo.photos.decode import label
    from demo.report import Arm, LeakReport, seen_matrices, write_report
    from demo.report.verdict import worded
    from demo.verdicts.story import StoryGrade, StoryVerdict
    from demo.workflow import story

    base = find_base(arguments.base)
    if arguments.attack is not None:
        find_attack(arguments.attack)
    settings = AttackSettings(
        samples=arguments.samples,
        steps=arguments.steps,
        seed=arguments.seed,
        extrapolate=not arguments.ordinary_guidance,
    )
    check_pictures(out, settings.samples, base.side)
    watch = story.Stopwatch()
    with watch.stage("load"):
        try:
            released = story.open_lora(file, base_key=base.key)
        except LoraFileError as error:
            raise with_option(error, file, base, known_bases().values()) from error
    clear_results(out)
    with watch.stage("attack"):
        found = story.attack(
            released, arguments.attack, base_key=base.key, settings=settings, watcher=Watcher(Narrator())
        )
    warnings = [text for text in (released.assumption, noise_notice(released)) if text is not None]
    for warning in warnings:
        say(warning)
    counted = story.count_photos(released, base_key=base.key)
    if counted is not None:
        say(counted.sentence)
    entry = ATTACKS[found.attack]
    lacking = without_encoder(base)
    if lacking is not None:
        say(lacking)
    say(f"Attack: {entry.title}")
    numbers = sum(tensor.numel() for tensor in released.tensors.values())
    report = LeakReport(
        title=f"What {label(file.name)} gives away",
        base=f"{base.title}, {base.licence}",
        settings={
            "attack": settings.said(base),
            "file": label(file.name),
            "bytes": file.stat().st_size,
            **({} if counted is None else {"number of photos, read from the spectrum": counted.photos or "not read"}),
            "metadata in the header": leak.excerpt(", ".join(sorted(released.metadata))) or "none",
        },
        arms=[Arm(found.attack, entry.title, entry.explanation, found.pictures, found.best)],
        metrics={},
        verdict=worded(StoryVerdict(StoryGrade.NO_PHOTOS)),
        seconds=dict(watch.seconds),
        notes=[*warnings, *([] if lacking is None else [lacking])],
        seen=seen_matrices(released.tensors),
        metadata_leak=said,
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
            "photo_count": None if counted is None else dataclasses.asdict(counted),
            "metadata_leak": [dataclasses.asdict(finding) for finding in said],
            "seconds": dict(watch.seconds),
            "peak_memory_mb": peak_memory_mb(),
            "files": {
                "reconstruction": [str(path) for path in pictures],
                "report_json": str(json),
                "report_html": str(html),
                "clean": None if clean is None else str(clean),
            },
        }
    )


def write_clean(file: Path, target: Path) -> Path:
    """A clean copy, also of a file that cannot be attacked.

    Raises:
        LoraFileError: no copy of the file is clean.
        OutputError: it cannot be written.
    """
    from demo.lora.copies import clean_copy

    copy = clean_copy(file, target)
    say(f"Clean copy, same weights: {copy.path}")
    if copy.notice:
        say(copy.notice)
    return copy.path


def tell(said: Sequence[Finding]) -> None:
    """What the file says by itself, a line each."""
    if not said:
        say("Metadata leak: the header says nothing but ranks, alphas and layers, or what a library writes by itself.")
        return
    say(f"Metadata leak: what the file says by itself, before any attack ({len(said)}):")
    for finding in said:
        say(f"  {finding.severity}: {finding.what.lower()}: {finding.value} ({finding.where})")
