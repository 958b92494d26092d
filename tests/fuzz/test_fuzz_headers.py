"""A short run of the headers, and that its checks can fail. The long run: ``python -m tests.fuzz headers``."""

from __future__ import annotations

from typing import Any

import pytest

from demo.errors import LoraFileError
from demo.lora.header import Header, TensorEntry, parse_header
from tests.fuzz import headers
from tests.fuzz.__main__ import main


def test_whatever_the_header_it_is_read_or_refused_for_a_reason_that_holds() -> None:
    report = headers.run(4000, seed=0)
    assert report.passed, "\n".join(report.lines())
    assert report.tries == 4000
    assert report.accepted > 300
    assert len(report.refused) > 30  # kinds


def test_a_seed_makes_its_input_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["headers", "--only", "77"]) == 0
    first = capsys.readouterr().out
    assert main(["headers", "--only", "77"]) == 0
    assert capsys.readouterr().out == first
    assert first.startswith("headers: 1 tries")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("mia.safetensors is empty.", "not so"),
        ("mia.safetensors is cut short: 3 bytes are missing at its end.", "not so"),
        ("The header of mia.safetensors is not valid JSON.", "not so"),
        ("mia.safetensors is damaged.", "nothing checks this cause"),
    ],
)
def test_a_wrong_cause_is_found(monkeypatch: pytest.MonkeyPatch, problem: str, said: str) -> None:
    def refusing(*_: Any) -> Header:
        raise LoraFileError(problem, "Try again.")

    monkeypatch.setattr(headers, "parse_header", refusing)
    monkeypatch.setattr(headers, "made", lambda _: b"\x02" + bytes(7) + b"{}")
    report = headers.run(1, seed=5)
    assert not report.passed
    assert report.wrong[0].startswith(f"seed 5: {said}")


def test_a_crash_and_a_header_that_safetensors_refuses_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def crashing(*_: Any) -> Header:
        raise KeyError("dtype")

    monkeypatch.setattr(headers, "parse_header", crashing)
    assert headers.run(1, seed=5).crashes == ["seed 5: KeyError: 'dtype'"]
    monkeypatch.setattr(headers, "parse_header", lambda *_: Header({}, {"x": TensorEntry("F32", (1,), (0, 4))}, 8))
    monkeypatch.setattr(headers, "made", lambda _: b"no header")
    assert "safetensors refuses it" in headers.run(1, seed=5).wrong[0]
    monkeypatch.setattr(headers, "made", lambda _: b"\x02" + bytes(7) + b"{}")
    assert "read otherwise" in headers.run(1, seed=5).wrong[0]
    monkeypatch.setattr(headers, "parse_header", parse_header)
    assert headers.run(1, seed=5).passed
