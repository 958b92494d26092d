"""Who a request is from: the session, the network address and the languages that it names."""

from __future__ import annotations

import hashlib

import gradio as gr

from demo.session.limits import client_address

HEADER = "x-session"  # of a client of the MCP server
LEAST = 16  # characters of it, so that it can be a secret
MCP = "mcp"  # what Gradio's MCP server calls itself, in a header that it takes off its clients' own requests


def session_key(request: gr.Request) -> str:
    """The key of the page or client that asks; empty if it names none.

    Gradio's MCP server asks in the name of its clients, either without a session or in one that all of them share. So
    each has to say by a header of its own who it is, or they would be at one another's photos. Of a page or of Gradio's
    client the header is not looked at: a proxy may send one of that name to all.
    """
    own: str = getattr(request, "session_hash", None) or ""
    if own and not _of_mcp(request):
        return own
    secret = _headers(request).get(HEADER, "")
    return f"{HEADER}-{hashlib.sha256(secret.encode()).hexdigest()}" if len(secret) >= LEAST else ""


def address(request: gr.Request) -> str | None:
    """Where a request comes from, for the limits; None: not known, or from this machine.

    Gradio's MCP server asks from this machine, whoever asked it. So all its clients count as one address.
    """
    if _of_mcp(request):
        return MCP
    peer = getattr(request, "client", None)
    return client_address(getattr(peer, "host", None), _headers(request).get("x-forwarded-for"))


def accepted_languages(request: gr.Request) -> str:
    """The languages that a browser asks for, as in Accept-Language."""
    return _headers(request).get("accept-language") or ""


def _of_mcp(request: gr.Request) -> bool:
    return _headers(request).get("x-gradio-user") == MCP


def _headers(request: gr.Request) -> dict[str, str]:
    return dict(getattr(request, "headers", None) or {})  # in some places Gradio has an object of its own
