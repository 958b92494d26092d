"""How much a visitor may start on a machine that all share. Off, unless the app is told otherwise (:data:`SPACE`).

Counted are jobs that were put in line, by visitor and by network address, over the last hour. Of an address a keyed
digest is held, for that hour, in memory: the key is this run's own and random.
"""

from __future__ import annotations

import ipaddress
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from secrets import token_bytes
from threading import Lock

from demo.errors import DemoError, SettingsError
from demo.workflow.jobs import MAX_WAITING

HOUR_S = 3600.0
VARIABLE = "LORA_LEAK_LIMITS"
WITHOUT = 'Whoever runs the app can lift the limit: LORA_LEAK_LIMITS="visitor=0, address=0".'


class LimitError(DemoError):
    """A visitor has started as many jobs as one may in an hour."""


@dataclass(frozen=True)
class Limits:
    """Jobs an hour, and jobs in line; None: as many as one likes."""

    visitor: int | None = None  # an hour, by one visitor
    address: int | None = None  # an hour, from one address: a school has one for all
    waiting: int = MAX_WAITING  # at once, by all; for :class:`demo.workflow.jobs.Jobs`


OFF = Limits()
SPACE = Limits(visitor=12, address=36)  # a story is one job, or three if it is told step by step


def limits_from(environment: Mapping[str, str], default: Limits = OFF) -> Limits:
    """What LORA_LEAK_LIMITS says, such as "visitor=12, address=36, waiting=20"; 0 is no limit. The rest is ``default``.

    Raises:
        SettingsError: it cannot be read.
    """
    found: dict[str, int | None] = {name: getattr(default, name) for name in Limits.__dataclass_fields__}
    for part in filter(None, (part.strip() for part in environment.get(VARIABLE, "").split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in found or not value.isdecimal():
            raise SettingsError(
                f"{VARIABLE}: '{part}' is no limit.", f"Give any of {', '.join(found)}, such as 'visitor=12'."
            )
        found[name] = int(value) or (default.waiting if name == "waiting" else None)
    return Limits(**found)  # type: ignore[arg-type]


class Starts:
    """The jobs of the last hour.

    Args:
        limits: how many there may be.
        clock: seconds, monotonic.
    """

    def __init__(self, limits: Limits = OFF, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits, self._clock = limits, clock
        self._key, self._lock = token_bytes(32), Lock()
        self._times: dict[bytes, deque[float]] = {}

    def check(self, visitor_id: str, address: str | None = None) -> None:
        """Whether one more may be started now.

        Args:
            address: see :func:`client_address`; None: not known, and not counted.

        Raises:
            LimitError: not yet. It says when.
        """
        with self._lock:
            now = self._clock()
            self._forget(now)
            who = {
                f"You have started {self.limits.visitor} jobs": (visitor_id, self.limits.visitor),
                f"{self.limits.address} jobs have been started from your network": (address, self.limits.address),
            }
            for said, (name, most) in who.items():
                if name is None or most is None:
                    continue
                times = self._times.get(self._digest(name), deque())
                if len(times) >= most:
                    minutes = max(1, ceil((times[-most] + HOUR_S - now) / 60))
                    raise LimitError(
                        f"{said} within an hour, which is as many as this shared machine has for one.",
                        f"The next one is possible in about {minutes} min. {WITHOUT}",
                    )

    def add(self, visitor_id: str, address: str | None = None) -> None:
        """One was put in line. It counts even if it is stopped before it begins."""
        with self._lock:
            for name, most in ((visitor_id, self.limits.visitor), (address, self.limits.address)):
                if name is not None and most is not None:
                    self._times.setdefault(self._digest(name), deque(maxlen=most)).append(self._clock())

    def _digest(self, name: str) -> bytes:
        return blake2b(name.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()

    def _forget(self, now: float) -> None:
        for times in self._times.values():
            while times and times[0] <= now - HOUR_S:
                times.popleft()
        self._times = {name: times for name, times in self._times.items() if times}


def client_address(peer: str | None, forwarded: str | None) -> str | None:
    """Where a request comes from, as far as one can know; an IPv6 network counts as one address.

    A peer with a public address is the client. Behind one of a private network, which is a proxy of ours (as on a
    Space), each proxy has added to X-Forwarded-For whom it saw: the last public address was seen by a proxy of ours.
    What stands before it, a client may have made up.

    Args:
        peer: address of the other end of the connection.
        forwarded: the header X-Forwarded-For.

    Returns:
        None where there is no public address: on one's own machine, or in a classroom.
    """
    for said in (peer, *reversed((forwarded or "").split(","))):
        try:
            address = ipaddress.ip_address((said or "").strip())
        except ValueError:
            if said is peer:  # such as a test's, or of a socket of the file system: it may be a proxy
                continue
            return None
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        address = mapped or address
        if address.is_global:
            whole = isinstance(address, ipaddress.IPv4Address)
            return str(address) if whole else str(ipaddress.ip_network((address, 64), strict=False))
    return None
