"""The address under which other machines of the same network find this one, and the app on it."""

from __future__ import annotations

import os
import socket

import psutil

PORT = 7860  # Gradio's, where the environment names none


def port() -> int:
    """Where the app listens. Gradio may take a later one if it is told none, which a QR code would not know."""
    return int(os.environ.get("GRADIO_SERVER_PORT") or PORT)


def lan_url() -> str:
    """Address of the app for other machines of the network; this machine's own where there is no network."""
    return f"http://{lan_address() or 'localhost'}:{port()}/"


def lan_address() -> str | None:
    """This machine's IPv4 address on its network, or None where it has none but its own. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))  # of a datagram socket: it only chooses the way out
            found = str(probe.getsockname()[0])
        except OSError:
            found = ""
    if found and not found.startswith(("127.", "0.")):
        return found
    for addresses in psutil.net_if_addrs().values():
        for address in addresses:
            if address.family == socket.AF_INET and not address.address.startswith(("127.", "169.254.")):
                return str(address.address)
    return None
