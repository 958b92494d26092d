from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from demo.hardware import devices
from demo.hardware.devices import Device, choose_dtype, choose_placement, find_device

CPU = Device("cpu", "x86_64", 4e9, 3e9, 2)
GPU = Device("cuda", "a card", 8e9, 7e9, 8, bfloat16=True)


def test_precision() -> None:
    assert choose_dtype(CPU) == torch.float32
    assert choose_dtype(GPU) == torch.bfloat16
    assert choose_dtype(replace(GPU, bfloat16=False)) == torch.float16


@pytest.mark.parametrize(
    ("device", "placement"),
    [
        (GPU, "whole"),
        (replace(GPU, free=6e9), "whole"),
        (replace(GPU, free=5.9e9), "offloaded"),
        (replace(CPU, free=1e9), "whole"),  # there is nowhere to offload to
    ],
)
def test_layout_follows_what_is_free(device: Device, placement: str) -> None:
    assert choose_placement(device, 2e9, 4e9) == placement


def test_this_machine() -> None:
    found = find_device("cpu")
    assert found.cores >= 1
    assert 0 < found.free <= found.memory


def test_what_is_in_use_on_a_gpu_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (5e9, 8e9))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 3e9)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 2e9)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a card")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert find_device("cuda").free == 6e9


def test_a_container_has_its_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 300000\n")
    assert (devices.total_memory(), devices.free_memory()) == (1e6, 4e5)
    (tmp_path / "memory.max").write_text("max\n")
    assert devices.free_memory() > 1e6


def test_the_peak_is_no_less_than_what_is_resident() -> None:
    resident = psutil.Process().memory_info().rss
    held = b"1" * 50_000_000
    assert devices.peak_memory() > max(resident, len(held))


def test_a_machine_outside_containers_is_read_by_psutil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CGROUP", tmp_path)  # no control group
    assert devices.total_memory() == psutil.virtual_memory().total
    assert 0 < devices.free_memory() < devices.total_memory()
