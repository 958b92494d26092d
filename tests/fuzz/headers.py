"""Headers of LoRA files, broken by structure and by bytes: what is read safetensors reads, what is said of one is so.

The checks of what is said share no code with the reader: they go by the standard library and by safetensors itself.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, deserialize

from demo.errors import LoraFileError
from demo.lora.copies import clean_copy
from demo.lora.files import read_lora
from demo.lora.header import Header, parse_header
from demo.lora.header_alphas import stated_alpha
from demo.lora.layouts import sort_keys
from demo.lora.peft_settings import check_settings
from demo.lora.settings_file import METADATA, PARTS, part_of
from demo.lora.shapes import file_shapes
from tests.fuzz.header_claims import CLAIMS, RANKS, READ_ALL_THE_SAME
from tests.fuzz.header_inputs import made
from tests.fuzz.report import Report

NAME = "mia.safetensors"
WHOLE = 50  # of so many tries one is read as a whole file, if its header is accepted


def run(tries: int, seed: int) -> Report:
    """Try ``tries`` headers, the first made from ``seed``, the next from the seed after it."""
    report = Report("headers")
    for number in range(seed, seed + tries):
        attempt(report, number)
    return report


def attempt(report: Report, seed: int) -> None:
    """Make one input, read it, and check what came out."""
    raw = made(random.Random(seed))
    report.tries += 1
    try:
        header = parse_header(NAME, raw, len(raw))
    except LoraFileError as error:
        _check_refusal(report, seed, raw, error.problem)
        return
    except Exception as error:  # whatever it is, it is what is looked for
        report.crashes.append(f"seed {seed}: {type(error).__name__}: {error}")
        return
    wrong = _differs(header, raw)
    if wrong:
        report.wrong.append(f"seed {seed}: {wrong}")
    try:
        _read_on(header)
    except LoraFileError as error:
        report.refused["read as a header, but: " + _kind(error.problem)] += 1
        claim = next((holds for pattern, holds in RANKS if re.search(pattern, error.problem)), None)
        if claim is not None and not _holds(claim, error.problem, raw):
            report.wrong.append(f"seed {seed}: not so: {error.problem}")
        return
    except Exception as error:
        report.crashes.append(f"seed {seed}: {type(error).__name__}: {error}")
        return
    report.accepted += 1
    if seed % WHOLE == 0:
        _whole(report, seed, raw)


def _whole(report: Report, seed: int, raw: bytes) -> None:
    """The reader of whole files, tensors and all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(raw)
        try:
            clean_copy(path, path.with_name("clean.safetensors"))
            read_lora(path)
        except LoraFileError:
            return
        except Exception as error:
            report.crashes.append(f"seed {seed}: in the whole file: {type(error).__name__}: {error}")


def _read_on(header: Header) -> None:
    """What is read besides the header, up to the tensors."""
    keys = sort_keys(NAME, header.entries)
    file_shapes(NAME, header, keys)
    stated_alpha(header.metadata)
    if METADATA in header.metadata:
        try:
            settings = json.loads(header.metadata[METADATA])
        except (ValueError, RecursionError):
            return
        if isinstance(settings, dict):
            for part in PARTS:
                check_settings(NAME, part_of(settings, part))


def _opened(raw: bytes) -> list[tuple[str, dict[str, Any]]] | str:
    """What safetensors reads, or why it does not."""
    try:
        return deserialize(raw)  # type: ignore[no-any-return]
    except SafetensorError as error:
        return str(error)


def _differs(header: Header, raw: bytes) -> str | None:
    found = _opened(raw)
    if isinstance(found, str):
        return f"read, but safetensors refuses it: {found[:200]}"
    theirs = {name: (entry["dtype"], tuple(entry["shape"]), len(entry["data"])) for name, entry in found}
    ours = {name: (e.dtype, e.shape, e.place[1] - e.place[0]) for name, e in header.entries.items()}
    return None if ours == theirs else f"read otherwise than safetensors reads it: {ours} and {theirs}"


def _check_refusal(report: Report, seed: int, raw: bytes, problem: str) -> None:
    found, claim = next(
        ((hit[0], holds) for pattern, holds in CLAIMS if (hit := re.search(pattern, problem))), ("", None)
    )
    report.refused[_kind(found or problem).strip()] += 1
    if claim is None:
        report.wrong.append(f"seed {seed}: nothing checks this cause: {problem}")
    elif not _holds(claim, problem, raw):
        report.wrong.append(f"seed {seed}: not so: {problem}")
    elif not any(re.search(pattern, problem) for pattern in READ_ALL_THE_SAME) and not isinstance(_opened(raw), str):
        report.wrong.append(f"seed {seed}: safetensors reads it: {problem}")


def _holds(claim: Callable[[str, bytes], bool], problem: str, raw: bytes) -> bool:
    try:
        return claim(problem, raw)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):  # such as a header that is no JSON at all
        return False


def _kind(problem: str) -> str:
    """A refusal without what belongs to the one input."""
    short = re.sub(r"\S*[._]\S*|\d[\d,]*", "…", problem.replace(NAME, "FILE").removesuffix("."))
    short = re.sub(
        r"(stores … as|plain LoRA:|layouts:|model:|adapters,|type|settings of FILE set) \S*.*", r"\1 …", short
    )
    return short[:70]
