"""Safetensors files of every layout, with up to three things wrong with each: by structure, by text and by bytes."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from typing import Any

from demo.lora.settings_file import METADATA

Q = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
FLAT = Q.replace(".", "_")
# A and B of a layer, as each layout names them.
LAYOUTS = (
    (f"unet.{Q}.lora_A.weight", f"unet.{Q}.lora_B.weight"),
    (f"unet.{Q}.lora_A.default.weight", f"unet.{Q}.lora_B.default.weight"),
    (f"base_model.model.{Q}.lora_A.weight", f"base_model.model.{Q}.lora_B.weight"),
    (f"unet.{Q}.lora.down.weight", f"unet.{Q}.lora.up.weight"),
    (f"unet.{Q}.lora_down.weight", f"unet.{Q}.lora_up.weight"),
    ("mid_block.attn1.processor.to_q_lora.down.weight", "mid_block.attn1.processor.to_q_lora.up.weight"),
    (f"lora_unet_{FLAT}.lora_down.weight", f"lora_unet_{FLAT}.lora_up.weight"),
    (
        "diffusion_model.middle_block.1.transformer_blocks.0.attn1.to_q.lora_A.weight",
        "diffusion_model.middle_block.1.transformer_blocks.0.attn1.to_q.lora_B.weight",
    ),
    ("unet:0:down", "unet:0:up"),
    (f"lora_unet_{FLAT}.hada_w1_a", f"lora_unet_{FLAT}.hada_w1_b"),
)
SETTINGS = json.dumps({"unet.r": 2, "unet.lora_alpha": 4, "unet.peft_type": "LORA", "unet.init_lora_weights": True})
METADATA_SEEN: tuple[Any, ...] = (
    {},
    {"format": "pt"},
    {"format": "pt", METADATA: SETTINGS},
    {"ss_network_alpha": "4.0", "ss_network_dim": "2", "ss_tag_frequency": '{"5_mia": {"mia": 3}}'},
    {"ssmd_cover_images": "A" * 50},
)
DTYPES = ("F32", "F16", "BF16", "F64", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "F6_E2M3", "I8", "I64", "BOOL", "C64")
ODD_VALUES: tuple[Any, ...] = (None, 1, -1, 2.5, True, "a", [], {}, [1], {"a": 1}, 2**40, 2**64, 2**70, [[1]], "F32")
ODD_NUMBERS = (0, 1, 3, 4, 5, 7, 8, 16, -1, 2**32, 2**62, 2**63, 2**64, 1.0, True, None, "2")
TEXTS = ("NaN", "-0", "1e3", "1e999", "9" * 5000, "\\ud800", "\\u0000", "\x00", "\ufeff", "\\x", "[" * 200, "Infinity")
STARTS = (
    b"PK\x03\x04",
    b"\x80\x02",
    b"\x80\x04\x95",
    b"<!doctype html>",
    b"GGUF",
    b"{",
    b"\x89PNG\r\n",
    b"\x1f\x8b\x08",
)
STARTS += (b"RIFF\x10\x00\x00\x00WEBP", b"RIFF\x10\x00\x00\x00WAVE", b"<svg>", b"version https://git-lfs", b"\xff\xfe{")


def made(rng: random.Random) -> bytes:
    """A safetensors file with up to three things wrong with it."""
    table, data = _valid(rng)
    changes = rng.choices((0, 1, 2, 3), (1, 6, 3, 1))[0]
    structural = [rng.choice(STRUCTURE) for _ in range(changes) if rng.random() < 0.7]
    for change in structural:
        data = change(rng, table, data)
    text = json.dumps(table, ensure_ascii=rng.random() < 0.5)
    for _ in range(changes - len(structural)):
        if rng.random() < 0.5:
            text = rng.choice(TEXT)(rng, text)
    raw_text = text.encode("utf-8", "surrogatepass") if rng.random() < 0.99 else text.encode("utf-16", "surrogatepass")
    raw = len(raw_text).to_bytes(8, "little") + raw_text + bytes(max(data, 0))
    for _ in range(changes - len(structural)):
        if rng.random() < 0.5:
            raw = rng.choice(BYTES)(rng, raw)
    return raw


def _valid(rng: random.Random) -> tuple[dict[str, Any], int]:
    keys = rng.choice(LAYOUTS)
    table: dict[str, Any] = {"__metadata__": dict(rng.choice(METADATA_SEEN))} if rng.random() < 0.8 else {}
    dtype = rng.choices(("F32", "F16", "F8_E4M3"), (4, 2, 1))[0]
    end = 0
    for key, shape in zip(keys, ([2, 4], [4, 2]), strict=True):
        size = 8 * {"F32": 4, "F16": 2, "F8_E4M3": 1}[dtype]
        table[key] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    if "lora_unet" in keys[0] and rng.random() < 0.7:
        table[f"lora_unet_{FLAT}.alpha"] = {"dtype": "F32", "shape": [], "data_offsets": [end, end + 4]}
        end += 4
    return table, end


def _tensor(rng: random.Random, table: dict[str, Any]) -> str:
    return rng.choice([key for key in table if key != "__metadata__"] or ["x"])


def _field(rng: random.Random, table: dict[str, Any], data: int) -> int:
    entry = table.get(_tensor(rng, table))
    if isinstance(entry, dict):
        entry[rng.choice(("dtype", "shape", "data_offsets", "more"))] = copy.deepcopy(rng.choice(ODD_VALUES))
    return data


def _number(rng: random.Random, table: dict[str, Any], data: int) -> int:
    entry = table.get(_tensor(rng, table))
    numbers = entry.get(rng.choice(("shape", "data_offsets"))) if isinstance(entry, dict) else None
    if isinstance(numbers, list) and numbers:
        numbers[rng.randrange(len(numbers))] = rng.choice(ODD_NUMBERS)
    return data


def _dimensions(rng: random.Random, table: dict[str, Any], data: int) -> int:
    entry = table.get(_tensor(rng, table))
    if isinstance(entry, dict) and isinstance(entry.get("shape"), list):
        entry["shape"] = entry["shape"] + rng.choice(([1], [1, 1], [0], [1] * 20, [3, 3], [2**33, 2**33]))
    return data


def _dtype(rng: random.Random, table: dict[str, Any], data: int) -> int:
    """Another type, the places as they belong to it."""
    end = 0
    dtype = rng.choice((*DTYPES, "F128", "f32", ""))
    bits = {"F4": 4, "F6_E2M3": 6, "F64": 64, "I64": 64, "C64": 64, "F32": 32, "F16": 16, "BF16": 16}.get(dtype, 8)
    for key, entry in table.items():
        if key != "__metadata__" and isinstance(entry, dict) and isinstance(entry.get("shape"), list):
            count = 1
            for n in entry["shape"]:
                count *= n if type(n) is int and 0 <= n < 100 else 1
            entry |= {"dtype": dtype, "data_offsets": [end, end + count * bits // 8]}
            end += count * bits // 8
    return end


def _rename(rng: random.Random, table: dict[str, Any], data: int) -> int:
    key = _tensor(rng, table)
    if key in table:
        others = ("<mia>", "n" * rng.choice((500, 512, 513, 3000)), "", "a\nb", "\ud800", "é", "x.weight")
        table[rng.choice((*others, *rng.choice(LAYOUTS)))] = table.pop(key)
    return data


def _metadata(rng: random.Random, table: dict[str, Any], data: int) -> int:
    kind = rng.random()
    if kind < 0.4:
        table["__metadata__"] = copy.deepcopy(rng.choice(ODD_VALUES))
    elif isinstance(table.get("__metadata__"), dict):
        odd = ("{", "[]", "null", "NaN", '{"unet.r": 3}', '{"unet.use_dora": true}', "9" * 500, "\ud800", "[" * 3000)
        key = rng.choice((METADATA, "ss_network_alpha", "alpha", "a\x1b[31m", "x"))
        table["__metadata__"][key] = rng.choice(odd) if kind < 0.8 else copy.deepcopy(rng.choice(ODD_VALUES))
    return data


def _drop(rng: random.Random, table: dict[str, Any], data: int) -> int:
    table.pop(_tensor(rng, table), None)
    return data


def _length(rng: random.Random, _: dict[str, Any], data: int) -> int:
    return data + rng.choice((-8, -1, 1, 8, 100, -data))


def _nested(rng: random.Random, table: dict[str, Any], data: int) -> int:
    value: Any = 1
    for _ in range(rng.choice((5, 120, 200))):
        value = [value]
    table[rng.choice(("__metadata__", "deep"))] = value
    return data


def _spaces(rng: random.Random, text: str) -> str:
    space = rng.choice((" ", "\n", "\t", "\r", "\x0b", "\x00", "\ufeff", "\xa0")) * rng.choice((1, 3, 200))
    return space + text if rng.random() < 0.5 else text + space


def _inserted(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(TEXTS) + text[place:]


def _replaced(rng: random.Random, text: str) -> str:
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        return text
    found = rng.choice(numbers)
    return text[: found.start()] + rng.choice((*TEXTS, "null", "{}")) + text[found.end() :]


def _doubled(rng: random.Random, text: str) -> str:
    keys = re.findall(r'"[^"]{0,60}": (?:\{[^{}]*\}|"[^"]*"|\[[^\[\]]*\])', text)
    return text.replace("{", "{" + rng.choice(keys) + ", ", 1) if keys else text


def _flipped(rng: random.Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    if changed:
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(rng: random.Random, raw: bytes) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def _moved(rng: random.Random, raw: bytes) -> bytes:
    place, length = rng.randrange(len(raw) + 1), rng.choice((1, 1, 2, 8, 30))
    return raw[:place] + (rng.randbytes(length) if rng.random() < 0.5 else b"") + raw[place + rng.choice((0, length)) :]


def _resized(rng: random.Random, raw: bytes) -> bytes:
    """Another length of the header than it has."""
    known = int.from_bytes(raw[:8], "little")
    new = rng.choice((0, 1, known - 1, known + 1, known + 8, 640, 10**8, 10**8 + 1, 2**40, 2**63, 2**64 - 1))
    return (new % 2**64).to_bytes(8, "little") + raw[8:]


def _begun(rng: random.Random, raw: bytes) -> bytes:
    start = rng.choice(STARTS)
    return start + (raw if rng.random() < 0.5 else raw[len(start) :])


STRUCTURE: tuple[Callable[[random.Random, dict[str, Any], int], int], ...] = (
    *(_field, _number, _dimensions, _dtype, _dtype, _rename, _metadata, _drop, _length, _nested),
)
TEXT: tuple[Callable[[random.Random, str], str], ...] = (_spaces, _inserted, _replaced, _doubled)
BYTES: tuple[Callable[[random.Random, bytes], bytes], ...] = (_flipped, _flipped, _cut, _moved, _resized, _begun)
