"""What is installed is what is pinned: the figures and the traps in the notes hold for these versions."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PINS = [
    line.split("#")[0].strip()
    for name in ("requirements.txt", "tests/requirements.txt")
    for line in (ROOT / name).read_text().splitlines()
    if line and not line.startswith(("#", "-r"))
]


@pytest.mark.parametrize("pin", PINS)
def test_pinned_and_installed(pin: str) -> None:
    name, wanted = re.fullmatch(r"([\w.-]+)==([\w.+]+)", pin).groups()
    assert version(name).split("+")[0] == wanted


def test_no_file_is_too_large_for_a_plain_push() -> None:
    large = [p for p in (ROOT / "weights").rglob("*") if p.is_file() and p.stat().st_size >= 10_000_000]
    assert not large, "the Hub takes files from 10 MB on only through large-file storage"


def test_nothing_is_pickled() -> None:
    suffixes = {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".npy"}
    assert not [p for p in (ROOT / "weights").rglob("*") if p.suffix in suffixes]
    for path in (ROOT / "demo").rglob("*.py"):
        text = path.read_text()
        assert not re.search(r"pickle\.loads?\(", text), path
        for call in re.findall(r"torch\.load\([^)]*\)", text):
            assert "weights_only=True" in call, path
