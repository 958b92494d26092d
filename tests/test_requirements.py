"""What is installed is what is pinned: the figures and the traps in the notes hold for these versions."""

from __future__ import annotations

import re
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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


def test_what_a_space_adds_goes_with_the_pins() -> None:
    # A Space installs gradio[oauth,mcp] in the same command: a pin outside its bounds, and nothing is built.
    pins = dict(pin.split("==") for pin in PINS)
    extras = [{"extra": name} for name in ("", "oauth", "mcp")]
    wanted = [Requirement(text) for text in requires("gradio")]
    checked = set()
    for need in wanted:
        if need.name in pins and (need.marker is None or any(need.marker.evaluate(extra) for extra in extras)):
            assert need.specifier.contains(pins[need.name]), need
            checked.add(need.name)
    assert {"pydantic", "numpy", "pillow", "pandas"} <= checked


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
