"""Photos that are spoiled in every way: each is taken or refused with a true reason, and none ends the process.

``python -m tests.fuzz pictures`` runs it at length; a few hundred run in the suite. Each try has a seed of its own, so
that any of them can be had again.
"""

from __future__ import annotations

import multiprocessing as mp
import random
import re
import warnings
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.photos.decode import BadPhotoError, decode
from tests.fuzz.picture_mutations import MAGICS, MUTATIONS, cut, metadata
from tests.fuzz.picture_seeds import Seed, seeds
from tests.fuzz.report import Report

CHUNK = 2000  # tries of a process: one that crashes takes no others with it
LONGEST_S = 300.0  # of a chunk: then it hangs
BEGINS = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "WebP": b"RIFF"}
SIZE = re.compile(r"has (\d+) x (\d+) pixels; the limit is 50 megapixels")


def run(tries: int, seed: int) -> Report:
    """Spoil and read that many pictures.

    Args:
        seed: of the first; the others follow.
    """
    report = Report("pictures")
    seeds()  # once, before the processes part
    waiting = [(first, min(first + CHUNK, seed + tries)) for first in range(seed, seed + tries, CHUNK)][::-1]
    while waiting:
        first, last = waiting.pop()
        reached: Any = mp.get_context("fork").Value("q", first)
        here, there = mp.get_context("fork").Pipe(duplex=False)
        worker = mp.get_context("fork").Process(target=_work, args=(first, last, reached, there))
        worker.start()
        there.close()
        try:
            part = here.recv() if here.poll(LONGEST_S) else None
        except EOFError:
            part = None
        if part is None:
            worker.kill()
        worker.join()
        if part is None:
            at = reached.value
            report.tries += 1
            report.crashes.append(f"seed {at}: the process ended with {worker.exitcode}")
            waiting += [(some, end) for some, end in ((at + 1, last), (first, at)) if some < end]
            continue
        report.tries += part.tries
        report.accepted += part.accepted
        report.refused += part.refused
        report.crashes += part.crashes
        report.wrong += part.wrong
    return report


def _work(first: int, last: int, reached: Any, out: Any) -> None:
    report = Report("pictures")
    warnings.simplefilter("error")
    for seed in range(first, last):
        reached.value = seed
        one(seed, report)
    out.send(report)


def one(number: int, report: Report) -> None:
    """Make the picture of one seed, read it, and note what came of it."""
    chance = random.Random(number)
    seed, mutation = chance.choice(seeds()), chance.choice(MUTATIONS)
    data = mutation(seed, chance)
    where = f"seed {number} ({seed.kind}, {mutation.__name__})"
    report.tries += 1
    try:
        made = decode(data, "me")
    except BadPhotoError as bad:
        report.refused[f"{bad.reason}: {_kind(bad.problem)}"] += 1
        if mutation is metadata:
            report.wrong.append(f"{where}: only its metadata were changed, but {bad.problem}")
        elif problem := untrue(bad.problem, data, seed, mutation):
            report.wrong.append(f"{where}: {bad.problem} {problem}")
    except Exception as error:
        report.crashes.append(f"{where}: {type(error).__name__}: {error}")
    else:
        report.accepted += 1
        if made.mode != "RGB" or made.info or (mutation in {metadata, cut} and not _same(made, seed)):
            report.wrong.append(f"{where}: its pixels are not those of the picture")


def untrue(problem: str, data: bytes, seed: Seed, mutation: object) -> str:
    """What speaks against a reason, found without the code that gave it; "" if it is true."""
    if problem == "me is empty.":
        return "" if not data else "It is not."
    if "is cut short" in problem:
        return "" if mutation is cut or _too_short(data, seed) else "Its end is there."
    if size := SIZE.search(problem):
        width, height = map(int, size.groups())
        told = width * height > 50_000_000 and _written(width, height, data)
        return "" if told else "Its header does not say so."
    if told := re.match(r"The decoder of (\w+) refuses me: (.+)\.", problem):
        begin = BEGINS.get(told[1])
        fits = data.startswith(begin) if begin is not None else data[4:8] == b"ftyp"
        return "" if fits else "It is of another format."
    if told := re.match(r"me is (.+)\.$", problem):
        return _untrue_kind(told[1], data)
    return "" if problem.startswith("There is not enough memory") else "Nothing checks this reason."


def _untrue_kind(what: str, data: bytes) -> str:
    if any(data.startswith(begin) and (begin != b"RIFF" or data[8:12] == b"WEBP") for begin in BEGINS.values()):
        return "It is a picture."
    begins = {name for magic, name in MAGICS.items() if data.startswith(magic)}
    if begins:
        return "" if any(what.startswith(name) for name in begins) else f"It is {begins}."
    if what == "a text":
        controls = [byte for byte in data[:4000] if byte < 32 and byte not in b"\t\r\n\f"]
        return "" if not controls or data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "It is none."
    if data[4:8] in {b"mdat", b"free", b"skip"}:
        return "" if what.startswith("a video or another file") else "It does not say what it is."
    if data[4:8] == b"ftyp":
        fits = what.startswith("a file of the MP4 family") and not {b"heic", b"avif"} & {data[8:12]}
        return "" if fits or what in {"a video", "a sound", "a camera raw file (CR3)"} else "It is of the MP4 family."
    return "" if what == "not a picture of a known type" or len(data) < 12 else "It does not begin so."


def _too_short(data: bytes, seed: Seed) -> bool:
    """Whether a file ends before its end, by a walk of its own."""
    if data.startswith(BEGINS["PNG"]):
        return b"IEND\xaeB`\x82" not in data[-12:]
    if data.startswith(BEGINS["JPEG"]):
        return not data.rstrip(b"\0").endswith(b"\xff\xd9")
    if data.startswith(b"RIFF"):
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    at = 0
    while 0 <= at < len(data) and len(data) - at >= 8:
        size = int.from_bytes(data[at : at + 4])
        at += int.from_bytes(data[at + 8 : at + 16]) if size == 1 else size or len(data) - at
    if at > len(data) or 0 < len(data) - at < 8 or len(data) < len(seed.data):
        return True
    return _places(data) != _places(seed.data)  # the list of where the pictures lie was spoiled, and names other bytes


def _places(data: bytes) -> bytes:
    at = data.find(b"iloc")
    return data[at : at + int.from_bytes(data[at - 4 : at])]


def _written(width: int, height: int, data: bytes) -> bool:
    """Whether a file's header gives this size, as it lies or turned."""
    if data[4:8] == b"ftyp":  # as it is coded, or cropped: each number stands in a box by itself
        return all(side.to_bytes(4) in data for side in (width, height))
    if data.startswith(b"RIFF") and (at := data.find(b"VP8 ")) == 12:  # two bits of each are a scale
        return (width, height) == tuple(
            int.from_bytes(data[place : place + 2], "little") & 0x3FFF for place in (at + 14, at + 16)
        )
    if data.startswith(b"RIFF") and (at := data.find(b"VP8L")) == 12:  # 14 bits each, less by one
        bits = int.from_bytes(data[at + 9 : at + 13], "little")
        return (width, height) == ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if data.startswith(b"RIFF"):  # less by one
        return (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") in data
    size = 4 if data.startswith(BEGINS["PNG"]) else 2
    pairs = (width, height), (height, width)
    return any(
        across.to_bytes(size) + down.to_bytes(size) in data for across, down in pairs if max(across, down) < 256**size
    )


def _same(made: Image.Image, seed: Seed) -> bool:
    """Whether a picture is the seed's, turned in whatever way."""
    before = _original(seed)
    turned = (made, *(made.transpose(turn) for turn in Image.Transpose))
    return any(np.array_equal(np.asarray(some), before) for some in turned)


@cache
def _original(seed: Seed) -> NDArray[np.uint8]:
    return np.asarray(decode(seed.data, "seed"))


def _kind(problem: str) -> str:
    """A reason without what differs from picture to picture."""
    return re.sub(r"\d+", "N", problem)[:70]
