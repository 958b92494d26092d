"""The metadata leak: what a LoRA file says by itself, before any attack: the header's metadata and names.

kohya's trainer writes tags, folder names, dates and paths there (train_network.py of sd-scripts); others follow it
or Stability's ModelSpec. Only the header is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.lora.adapter_names import given_names
from demo.lora.header import Header, TensorEntry, read_header
from demo.lora.metadata.captions import NOUNS, only_class
from demo.lora.metadata.entries import Entries
from demo.lora.metadata.photo_sets import photo_sets
from demo.lora.metadata.said import Said, Severity
from demo.lora.words import is_word

SHOWN = 200  # characters of a value
MOST = 200  # findings of one file; kohya's richest files have some 60
PLACES = 5  # that one finding names
BUNDLED = re.compile(r"bundle_emb\.(?P<word>.+)\.(?:string_to_param|clip_[lg]|t5)[\w.*]*", re.DOTALL)
ORDER: dict[Severity, int] = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True)
class Finding:
    """One thing that the file says."""

    kind: str  # for programs, such as "trigger"
    what: str
    where: str  # keys of the metadata, or names of tensors
    value: str  # an excerpt: printable characters of one line
    why: str  # what it gives away
    severity: Severity


def scan(path: Path) -> tuple[Finding, ...]:
    """What a file says, the gravest first. It need not be a LoRA that can be attacked.

    Raises:
        LoraFileError: no safetensors file, or a damaged one.
    """
    return scan_header(read_header(path))


def scan_header(header: Header) -> tuple[Finding, ...]:
    """What a header says, the gravest first."""
    return _sorted([*_names(header.entries), *_said(header.metadata)])


def scan_metadata(metadata: Mapping[str, str]) -> tuple[Finding, ...]:
    """What metadata say, the gravest first."""
    return _sorted(_said(metadata))


def excerpt(text: str, limit: int = SHOWN) -> str:
    """The start of a text from a file: one line, without control characters or marks that turn the direction."""
    if len(text) <= limit and text.isprintable() and "  " not in text:
        return text.strip()
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return line if len(line) <= limit and len(text) <= 4 * limit else f"{line[: limit - 1]}…"


def _said(metadata: Mapping[str, str]) -> list[Finding]:
    entries = Entries().read(metadata)
    known = any(said.kind == "trigger" and not only_class(said.value, NOUNS) for said in entries)
    return [_finding(said) for said in (*photo_sets(metadata, known=known), *entries)]


def _names(entries: Mapping[str, TensorEntry]) -> Iterable[Finding]:
    words = {match["word"] for name in entries if (match := BUNDLED.fullmatch(name))}
    words |= {name for name, entry in entries.items() if is_word(name, entry)}
    for word in sorted(words):
        why = "A textual inversion is in the file under its word: whoever types it draws the person."
        yield Finding("trigger", "Trigger word", "names of tensors", excerpt(word), why, "high")
    for name in given_names(entries):
        why = "The name that its maker gave to the adapter; often that of the person shown."
        yield Finding("name", "Name of the adapter", "names of tensors", excerpt(name), why, "high")


def _finding(said: Said) -> Finding:
    return Finding(said.kind, said.what, excerpt(said.where), excerpt(said.value), said.why, said.severity)


def _sorted(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first; what stands in several places once, with the first few of them. No more than :data:`MOST`."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    first: dict[tuple[str, str], Finding] = {}
    for finding in found:
        key = finding.kind, finding.value
        if key not in first or ORDER[finding.severity] < ORDER[first[key].severity]:
            first[key] = finding
        places.setdefault(key, {})[finding.where] = None
    merged = [Finding(f.kind, f.what, _few(places[key]), f.value, f.why, f.severity) for key, f in first.items()]
    merged.sort(key=lambda finding: ORDER[finding.severity])
    if len(merged) > MOST:
        unread = [finding for finding in merged[MOST:] if finding.kind == "unread"]
        rest, why = len(merged) - MOST - len(unread), "No usual file holds so much: somebody put it there."
        merged[MOST:] = unread
        merged += [Finding("other", "Still more", "metadata", f"{rest:,} more entries", why, "medium")]
    return tuple(merged)


def _few(places: Iterable[str]) -> str:
    """The first few places: no more of them than a line holds."""
    listed = list(places)
    shown = listed[:1]
    for place in listed[1:PLACES]:
        if sum(map(len, shown)) + len(place) > SHOWN:
            break
        shown.append(place)
    more = f" and {len(listed) - len(shown):,} more" if len(listed) > len(shown) else ""
    return ", ".join(shown) + more
