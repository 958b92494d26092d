"""The metadata leak: what a LoRA file says by itself, before any attack: the header's metadata and names.

kohya's trainer writes tags, folder names, dates and paths there (train_network.py of sd-scripts); others follow it
or Stability's ModelSpec. Only the header is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.lora.header import Header, parse_json, read_header
from demo.lora.metadata.photo_sets import Said, photo_sets
from demo.lora.metadata.rules import OWN, RULES, SEARCHES, SETTINGS, Severity

SHOWN = 200  # characters of a value
SEARCHED = 2**20  # characters of a value that are looked through
MOST = 200  # findings of one file; kohya's richest files have some 60
PLACES = 5  # that one finding names
EMBEDDING = re.compile(r"^bundle_emb\.(?P<word>.+)\.string_to_param")  # a textual inversion inside the file
ADAPTER_KEYS = {"r", "lora_alpha", "rank_pattern", "alpha_pattern", "target_modules"}
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
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return line if len(line) <= limit and len(text) <= 4 * limit else f"{line[: limit - 1]}…"


def _said(metadata: Mapping[str, str]) -> list[Finding]:
    found = [_finding(said) for said in photo_sets(metadata)]
    plain: list[str] = []
    for key, value in metadata.items():
        found += _searched(key, value)
        if key in OWN and _own(key, value):
            continue
        rule = next((rule for rule in RULES if key.lower() in rule.keys), None)
        if rule is not None:
            if value not in {"", "None", "null", "{}", "[]"} and rule.kind != "set":
                shown = rule.read(value) if rule.read is not None else value
                found.append(Finding(rule.kind, rule.what, excerpt(key), excerpt(shown), rule.why, rule.severity))
        elif key.startswith(SETTINGS):
            plain.append(key.removeprefix("ss_"))
        else:
            found.append(
                Finding(
                    "other",
                    "Something else",
                    excerpt(key),
                    excerpt(value),
                    "Not known to this list: read it before the file is shared.",
                    "medium",
                )
            )
    if plain:
        found.append(
            Finding(
                "settings",
                "Settings of the training",
                f"{len(plain)} keys",
                excerpt(", ".join(sorted(plain))),
                "They help to build an attack that fits: steps, learning rate, size of the matrices.",
                "low",
            )
        )
    return found


def _own(key: str, value: str) -> bool:
    """Whether a value holds no more than what the canonical layout needs."""
    if key == "format":
        return value in {"pt", "np", "tf", "mlx", "flax"}
    try:
        table = parse_json(value)
    except ValueError:
        return False
    # Keys start with the component; "unet.r" as well as "r".
    return isinstance(table, dict) and {name.rsplit(".", 1)[-1] for name in table} <= ADAPTER_KEYS


def _searched(key: str, value: str) -> Iterable[Finding]:
    """Paths, addresses and tokens anywhere in a value, also deep in JSON."""
    text = value[:SEARCHED]
    for search in SEARCHES:
        hits = dict.fromkeys(match[search.group] for match in search.pattern.finditer(text))
        for hit in list(hits)[:3]:
            shown = hit if search.kind != "picture" else f"{hit}, {len(value):,} characters"
            yield Finding(search.kind, search.what, excerpt(key), excerpt(shown), search.why, search.severity)


def _names(names: Iterable[str]) -> Iterable[Finding]:
    for word in sorted({match["word"] for name in names if (match := EMBEDDING.match(name))}):
        why = "A textual inversion is in the file under its word: whoever types it draws the person."
        yield Finding("trigger", "Trigger word", "names of tensors", excerpt(word), why, "high")


def _finding(said: Said) -> Finding:
    return Finding(said.kind, said.what, said.where, excerpt(said.value), said.why, said.severity)


def _sorted(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first; what stands in several places once, with the first few of them. No more than :data:`MOST`."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    first: dict[tuple[str, str], Finding] = {}
    for finding in found:
        known = first.setdefault((finding.kind, finding.value), finding)
        places.setdefault((known.kind, known.value), {})[finding.where] = None
    merged = [Finding(f.kind, f.what, _few(places[key]), f.value, f.why, f.severity) for key, f in first.items()]
    merged.sort(key=lambda finding: ORDER[finding.severity])
    if len(merged) > MOST:
        rest, why = len(merged) - MOST, "No usual file holds so much: somebody put it there."
        merged[MOST:] = [Finding("other", "Still more", "metadata", f"{rest:,} more entries", why, "medium")]
    return tuple(merged)


def _few(places: Iterable[str]) -> str:
    listed = list(places)
    more = f" and {len(listed) - PLACES:,} more" if len(listed) > PLACES else ""
    return ", ".join(listed[:PLACES]) + more
