from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from demo.hardware import network


class Offline:
    def __init__(self, *_: object) -> None: ...
    def __enter__(self) -> Offline:
        return self

    def __exit__(self, *_: object) -> None: ...
    def connect(self, _: object) -> None:
        raise OSError("unreachable")


def test_without_a_way_out_the_first_address_that_others_can_reach_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network.socket, "socket", Offline)
    found = {
        "lo": [SimpleNamespace(family=socket.AF_INET, address="127.0.0.1")],
        "wlan0": [
            SimpleNamespace(family=socket.AF_INET6, address="fe80::1"),
            SimpleNamespace(family=socket.AF_INET, address="169.254.3.4"),
            SimpleNamespace(family=socket.AF_INET, address="192.168.7.9"),
        ],
    }
    monkeypatch.setattr(network.psutil, "net_if_addrs", lambda: found)
    assert network.lan_address() == "192.168.7.9"


def test_with_no_network_there_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network.socket, "socket", Offline)
    monkeypatch.setattr(network.psutil, "net_if_addrs", dict)
    assert network.lan_address() is None


def test_the_app_is_found_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "lan_address", lambda: "192.168.7.9")
    monkeypatch.delenv("GRADIO_SERVER_PORT", raising=False)
    assert network.lan_url() == "http://192.168.7.9:7860/"
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7871")
    assert network.lan_url() == "http://192.168.7.9:7871/"
    monkeypatch.setattr(network, "lan_address", lambda: None)
    assert network.lan_url() == "http://localhost:7871/"
