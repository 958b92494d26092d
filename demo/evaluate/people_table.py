"""The table of :mod:`demo.evaluate.people`: means, intervals, differences; parts of several processes put together."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.errors import SettingsError
from demo.evaluate import whole_faces
from demo.faces.recognise import SAME_PERSON
from demo.files import write_text
from demo.stats.intervals import bootstrap_mean_ci, bootstrap_median_ci, paired_difference, paired_ratio, rate_ci

ARMS = (
    "dreambooth",
    "dreambooth_extrapolated",
    "encoder",
    "encoder_ordinary",
    "class_prompt",
    "random_trigger",
    "random_lora",
    "other_lora",
    "foreign_embedding",
    "swapped_model",
    "chance",
)
RATES = ("rank1", "top1pct", "rec_acc")  # shares, of which all people may have none
ONE = ("one_rank1", "one_rec_acc", "one_closed")  # the same of one picture a person
SHARES = (*RATES, *ONE, "faces", "confidence")
NAMES = {"rank1": "rank-1", "top1pct": "top 1 %", "rec_acc": "Rec. Acc."}
# What is the same in all parts of a run.
ONE_RUN = ("base", "weights", "split", "samples", "decoys", "settings", "guidance", "tau", "encoders")
CEILINGS = ("photos", "decoded")  # the photos tuned on, and the same through the autoencoder: nothing can be nearer


def merge(paths: list[Path], out: Path) -> dict[str, Any]:
    """One result from the parts that several processes wrote."""
    return finish(gathered(paths) | {"frechet": whole_faces.measured(paths)}, out)


def gathered(paths: list[Path]) -> dict[str, Any]:
    """The values of all parts, in the people's order.

    Raises:
        SettingsError: the parts are of different runs: one is left from an earlier one.
    """
    parts = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if other := sorted(key for key in ONE_RUN if part.get(key) != parts[0].get(key)):
            raise SettingsError(
                f"{path.name} is of another run than {paths[0].name}: {', '.join(other)} differ.",
                "Run every shard with the same options, then merge.",
            )
    rows = sorted((person, n, k) for n, part in enumerate(parts) for k, person in enumerate(part["order"]))
    values = {
        arm: {key: [parts[n]["values"][arm][key][k] for _, n, k in rows] for key in found}
        for arm, found in parts[0]["values"].items()
    }
    return parts[0] | {"order": [person for person, _, _ in rows], "values": values}


def finish(result: dict[str, Any], out: Path) -> dict[str, Any]:
    """Add means, intervals and differences, and write it all."""
    found = finished(result)
    write_text(out, json.dumps(found, indent=1) + "\n")
    return found


def finished(result: dict[str, Any]) -> dict[str, Any]:
    """With means, intervals and differences."""
    table = result["values"]
    return result | {
        "people": len(result["order"]),
        "arms": {
            arm: {key: summary(values, rate=key in SHARES) for key, values in table[arm].items()}
            for arm in _in_order(table)
        },
        "encoder_minus": {
            arm: {
                key: _difference(table["encoder"][key], table[arm][key]) for key in ("distance", "top1pct", "rec_acc")
            }
            for arm in _in_order(table)
            if "encoder" in table and arm not in ("encoder", *CEILINGS)
        },
        "encoder_over": {
            arm: {key: _ratio(table["encoder"][key], table[arm][key]) for key in ("rank1", "top1pct", "rec_acc")}
            for arm in ("dreambooth", "dreambooth_extrapolated")
            if "encoder" in table and arm in table
        },
    }


def _in_order(table: Mapping[str, Any]) -> list[str]:
    """The arms of a table: known ones first, what else was registered as an attack after them, the ceilings last."""
    known = (*ARMS, *CEILINGS)
    return [arm for arm in (*ARMS, *(arm for arm in table if arm not in known), *CEILINGS) if arm in table]


def summary(values: list[float], *, rate: bool = False) -> dict[str, float]:
    """Mean and median over people with 95% bootstrap intervals; ``rate`` for values in [0, 1]."""
    mean, median = (rate_ci if rate else bootstrap_mean_ci)(values), bootstrap_median_ci(values)
    found = {"mean": mean.estimate, "low": mean.low, "high": mean.high}
    found |= {"median": median.estimate, "median_low": median.low, "median_high": median.high}
    return {key: round(value, 4) for key, value in found.items()}


def _difference(a: list[float], b: list[float]) -> dict[str, float]:
    found = paired_difference(a, b)
    return {"mean": round(found.estimate, 4), "low": round(found.low, 4), "high": round(found.high, 4)}


def _ratio(a: list[float], b: list[float]) -> dict[str, float] | None:
    """None where the arm below has nothing to be a share of."""
    if not any(b):
        return None
    found = paired_ratio(a, b)
    named = {"ratio": found.estimate, "low": found.low, "high": found.high}
    return {key: round(value, 4) for key, value in named.items() if math.isfinite(value)}


def print_table(result: dict[str, Any]) -> None:
    """Print :func:`markdown`."""
    print(markdown(result))


def has_more(result: Mapping[str, Any]) -> bool:
    """Whether one picture a person and whole faces were measured: not before ``face128``."""
    return "frechet" in result


def markdown(result: dict[str, Any], names: Mapping[str, str] | None = None) -> str:
    """The arms in a table, then differences and shares, a line each.

    Args:
        result: of :func:`finished`.
        names: what to call the arms; by default their keys.
    """
    called = {arm: (names or {}).get(arm, arm) for arm in result["arms"]}
    lines = [
        f"{result['people']} people, {result['samples']} pictures each, {result['decoys']} decoys",
        "",
        f"| arm | dlib distance | median rank | rank-1 | top 1 % | Rec. Acc. (dlib < {SAME_PERSON}) |",
        "|---|---|---|---|---|---|",
    ]
    every = {
        arm: {key: f"{v['mean']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" for key, v in found.items()}
        for arm, found in result["arms"].items()
    }
    for arm, cells in every.items():
        r = result["arms"][arm]["rank"]
        shown = [f"{r['median']:.0f} [{r['median_low']:.0f}, {r['median_high']:.0f}]"]
        shown = [cells["distance"], *shown, *(cells[key] for key in RATES)]
        lines.append(f"| {called[arm]} | {' | '.join(shown)} |")
    lines.append("")
    if has_more(result):
        lines += [*_one_each(result, called, every), *_whole_faces(result, called, every)]
    ours = called["encoder"].strip("*")
    for arm, d in result.get("encoder_minus", {}).items():
        x = d["distance"]
        said = f"{ours} minus {called[arm]}, distance, paired"
        lines.append(f"- {said}: {x['mean']:+.3f} [{x['low']:+.3f}, {x['high']:+.3f}]")
    for arm, rates in result.get("encoder_over", {}).items():
        for key, found in rates.items():
            if found is not None:
                low, high = (f"{found[end]:.0%}" if end in found else "unbounded" for end in ("low", "high"))
                said = f"{ours} over {called[arm]}, {NAMES[key]}, paired"
                lines.append(f"- {said}: {found['ratio']:.0%} [{low}, {high}]")
    return "\n".join(lines)


def _one_each(
    result: Mapping[str, Any], called: Mapping[str, str], every: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """One picture a file: the attack's own choice."""
    lines = [
        "One picture a person, the one that the attack itself chooses (nearest to its others):",
        "",
        f"| arm | dlib distance | rank-1 | Rec. Acc. | nearest of the {result['people']} people |",
        "|---|---|---|---|---|",
    ]
    for arm, cells in every.items():
        lines.append(f"| {called[arm]} | {' | '.join(cells[key] for key in ('one_distance', *ONE))} |")
    return [*lines, ""]


def _whole_faces(
    result: Mapping[str, Any], called: Mapping[str, str], every: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Are the faces as whole as the base's own?"""
    found = result["frechet"]
    lines = [
        f"Whole faces. Frechet distance to {found['photos']} photos of the same people, {found['network']}'s features, "
        f"{found['pictures']} pictures in every row:",
        "",
        "| arm | MTCNN finds a face | its confidence | Frechet distance |",
        "|---|---|---|---|",
    ]
    for arm, far in found["arms"].items():
        shown = [every[arm]["faces"], every[arm]["confidence"]]
        shown.append(f"{far['estimate']:.2f} [{far['low']:.2f}, {far['high']:.2f}]")
        lines.append(f"| {called[arm]} | {' | '.join(shown)} |")
    return [*lines, ""]
