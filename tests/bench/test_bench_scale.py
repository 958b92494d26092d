"""The scaling figures are what their names say, and each run trains what it is asked to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from demo.bench import __main__, scale
from demo.errors import DemoError


def test_strong_is_the_same_update_shared_and_weak_the_same_people_each(monkeypatch, capsys, tmp_path: Path) -> None:
    asked = []

    def run(processes: int, threads: int, load: scale.Load) -> dict[str, object]:
        asked.append((processes, threads, load.people))
        rate = {(1, 8): 2.0, (4, 8): 6.0, (4, 32): 1.5}[processes, load.people]
        return {"updates_per_second": rate, "processes": processes, "threads": threads, "device": "cpu"}

    monkeypatch.setattr(scale, "run", run)
    out = tmp_path / "scale.json"
    assert __main__.main(["scale", "--processes", "4", "--threads", "3", "--updates", "5", "--out", str(out)]) == 0
    assert asked == [(1, 3, 8), (4, 3, 8), (4, 3, 32)]
    (found,) = json.loads(out.read_text())
    assert found["strong_efficiency"] == 0.75
    assert found["weak_efficiency"] == 0.75
    assert found["updates"] == 5
    printed = capsys.readouterr().out
    assert "3 threads a process" in printed
    assert "1 process, 8 people an update: 2.000 updates/s" in printed
    assert "4 processes, 32 people: 1.500 updates/s, weak scaling 75%" in printed


def test_one_process_of_a_run(tiny_base, monkeypatch, capsys) -> None:
    monkeypatch.setattr("demo.models.bases.find_base", lambda key: replace(tiny_base, preset="sd-gpu"))
    load = scale.Load(people=2, pictures=1, updates=1, device="cpu")
    assert __main__.main(["scale", "--child", load.model_dump_json()]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["processes"] == 1
    assert found["updates_per_second"] > 0


def test_a_run_that_fails_says_why(monkeypatch) -> None:
    monkeypatch.setattr(scale.sys, "executable", "/bin/false")
    with pytest.raises(DemoError, match="2 processes failed"):
        scale.run(2, 1, scale.Load(people=2))
