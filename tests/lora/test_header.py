"""Headers: what safetensors reads is read, and nothing is said of a file but what its bytes show."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError, deserialize

from demo.errors import LoraFileError
from demo.lora import header
from demo.lora.header import MAX_HEADER, Header, parse_header, read_header, shown

NAME = "mia.safetensors"
TENSOR = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def framed(table: Any, data: bytes = b"1234") -> bytes:
    text = table if isinstance(table, bytes) else json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text + data


def read(raw: bytes) -> Header:
    return parse_header(NAME, raw, len(raw))


@pytest.mark.parametrize(
    "raw",
    [
        framed({"x": TENSOR, "__metadata__": None}),
        framed({"x": TENSOR, "__metadata__": {}}),
        framed(b" \n\t" + json.dumps({"x": TENSOR}).encode() + b"   \r\n"),
        framed({"x": TENSOR | {"dtype": "F4", "shape": [2, 4]}}),
        framed({"x": TENSOR | {"dtype": "F6_E2M3", "shape": [4], "data_offsets": [0, 3]}}, b"123"),
        framed({"x": TENSOR | {"dtype": "F8_E8M0", "shape": [4]}}),
        framed({"x": TENSOR | {"dtype": "F8_E4M3FNUZ", "shape": [4]}}),
        framed({"x": TENSOR | {"shape": [1] * 20}}),
        framed({"x": TENSOR | {"shape": [0, 2**50], "data_offsets": [0, 0]}}, b""),
        framed({"\u00e9\U0001f600": TENSOR}),
        framed({}, b""),
    ],
)
def test_what_safetensors_reads_is_read(raw: bytes) -> None:
    assert read(raw).entries.keys() == {name for name, _ in deserialize(raw)}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (framed("\ufeff{}".encode(), b""), "no JSON table begins"),
        (framed('{"x": 1}'.encode("utf-16-le"), b""), "not valid JSON"),
        (framed(b"{}\0\0", b""), "not valid JSON"),
        (framed(b'{"x": NaN}', b""), "not valid JSON"),
        (framed({"x": TENSOR}, b"12345"), "1 bytes at its end"),
        (framed({"x": TENSOR}, b"123"), "cut short: 1 bytes are missing"),
        (framed({"x": TENSOR})[:20], "ends inside its header, of whose 61 bytes 12 are there"),
        (struct.pack("<Q", MAX_HEADER + 1) + b"{}", "would have 100000001 bytes; at most 100 MB"),
        (struct.pack("<Q", 2**60), "cut short: it has 8 bytes and ends before its header"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "no JSON table begins"),  # sound, and no picture
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "a picture (WebP)"),
        (b"<svg xmlns='x'></svg>", "no JSON table begins"),  # no web page
        (b"\n <!DOCTYPE HTML><html>", "a web page"),
        (b"\xef\xbb\xbf<!-- saved --><html lang='en'>", "a web page"),
        (b"a text of somebody's about nothing", "no JSON table begins"),
        (b"\x93NUMPY\x01\x00" + bytes(40), "a NumPy array"),
    ],
)
def test_what_is_said_is_what_the_bytes_show(raw: bytes, said: str) -> None:
    with pytest.raises(LoraFileError) as caught:
        read(raw)
    assert said in caught.value.problem
    with pytest.raises(SafetensorError):
        deserialize(raw)


def test_a_key_that_stands_twice_is_no_damage() -> None:
    """safetensors takes the last of them; a header that hides the first is refused for that."""
    raw = framed(b'{"x": %s, "x": %s}' % ((json.dumps(TENSOR).encode(),) * 2))
    deserialize(raw)
    with pytest.raises(LoraFileError, match="two entries with the name x, of which only one can be meant"):
        read(raw)


def test_a_header_of_the_largest_size_is_read_in_seconds(tmp_path: Path) -> None:
    start = b'{"x":' + json.dumps(TENSOR).encode() + b',"__metadata__":{"cover":"'
    text = start + b"A" * (MAX_HEADER - len(start) - 3) + b'"}}'
    (tmp_path / NAME).write_bytes(framed(text))
    began = time.process_time()
    found = read_header(tmp_path / NAME)
    assert time.process_time() - began < 10
    assert len(found.metadata["cover"]) > MAX_HEADER - 200
    assert found.start == 8 + MAX_HEADER


def test_a_header_of_endless_entries_is_refused_before_it_becomes_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "MAX_PIECES", 300_000)
    text = b'{"__metadata__":{"a":"%s"}}'
    read(framed(text % (b"A" * 2**21), b""))
    monkeypatch.setattr(header, "_recording", lambda _: pytest.fail("it was parsed"))
    with pytest.raises(LoraFileError, match="more than 300,000 commas and quotation marks"):
        read(framed(text % (b"A," * 2**20), b""))


def test_what_is_shown_of_a_file_is_one_printable_line() -> None:
    assert shown("a\x1b[31m\nb\u202ec") == "a\ufffd[31m\ufffdb\ufffdc"
    assert shown("a" * 101) == "a" * 97 + "…"
    assert shown("a" * 100) == "a" * 100
