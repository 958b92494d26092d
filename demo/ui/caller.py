"""Who a request is from: the session, the network address and the languages that it names."""

from __future__ import annotations

import hashlib

import gradio as gr

from demo.session.limits import client_address

HEADER = "x-session"  # of a client of the MCP server
LEAST = 16  # characters of it, so that it can be a secret


def session_key(request: gr.Request) -> str:
    """The key of the page or client that asks; empty if it names none.

    Gradio's MCP server asks in the name of its clients, either without a session or in one that all of them share. So
    each has to say by a header of its own who it is, or they would be at one another's photos.
    """
    headers = _headers(request)
    secret = headers.get(HEADER, "")
    if len(secret) >= LEAST:
        return f"{HEADER}-{hashlib.sha256(secret.encode()).hexdigest()}"
    if secret or headers.get("x-gradio-user") == "mcp":
        return ""
    return getattr(request, "session_hash", None) or ""


def address(request: gr.Request) -> str | None:
    """Where a request comes from, for the limits; None: not known, or from this machine."""
    peer = getattr(request, "client", None)
    return client_address(getattr(peer, "host", None), _headers(request).get("x-forwarded-for"))


def accepted_languages(request: gr.Request) -> str:
    """The languages that a browser asks for, as in Accept-Language."""
    return _headers(request).get("accept-language") or ""


def _headers(request: gr.Request) -> dict[str, str]:
    return dict(getattr(request, "headers", None) or {})  # in some places Gradio has an object of its own
