"""Whose request it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from demo.ui.caller import LEAST, address, session_key

SECRET = "k7" * LEAST


def request(session: str | None = "a", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(session_hash=session, headers=named, client=None)


def test_a_page_is_known_by_its_session() -> None:
    assert session_key(request("abc")) == "abc"
    assert session_key(request(None)) == ""
    assert session_key(SimpleNamespace(headers={})) == ""  # type: ignore[arg-type]


def test_a_proxys_header_changes_no_page() -> None:
    assert session_key(request("abc", x_session=SECRET)) == "abc"
    assert session_key(request("abc", x_session="short")) == "abc"


def test_clients_of_mcp_share_a_session_and_are_told_apart_by_their_secrets() -> None:
    one, other = (session_key(request(x_gradio_user="mcp", x_session=secret)) for secret in (SECRET, f"{SECRET}2"))
    assert one != other
    assert SECRET not in one
    assert session_key(SimpleNamespace(headers={"x-session": SECRET})) == one  # type: ignore[arg-type]


def test_without_a_secret_a_client_of_mcp_is_nobody() -> None:
    assert session_key(request(x_gradio_user="mcp")) == ""
    assert session_key(request(x_gradio_user="mcp", x_session="short")) == ""


def test_a_request_without_a_peer_has_no_address() -> None:
    assert address(request()) is None
    assert address(request(x_forwarded_for="8.8.8.8")) == "8.8.8.8"


def test_clients_of_mcp_count_as_one_address_whatever_they_say() -> None:
    assert {address(request(x_gradio_user="mcp", x_forwarded_for=said)) for said in ("8.8.8.8", "9.9.9.9")} == {"mcp"}
