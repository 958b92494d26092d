from __future__ import annotations

from collections.abc import Mapping

import pytest
from fake_services import Clock

from demo.errors import SettingsError
from demo.session.limits import OFF, SPACE, LimitError, Limits, Starts, client_address, limits_from


def test_off_unless_told_otherwise() -> None:
    starts = Starts()
    for _ in range(1000):
        starts.check("ann", "203.0.113.9")
        starts.add("ann", "203.0.113.9")
    assert starts._times == {}


def test_a_visitor_is_told_when_the_next_is_possible() -> None:
    clock = Clock()
    starts = Starts(Limits(visitor=2), clock=clock)
    for _ in range(2):
        starts.check("ann")
        starts.add("ann")
        clock.now += 600
    with pytest.raises(LimitError, match="You have started 2 jobs within an hour") as caught:
        starts.check("ann")
    assert "possible in about 40 min. Whoever runs the app can lift the limit" in str(caught.value)
    starts.check("bob")
    clock.now += 2400
    starts.check("ann")
    starts.add("ann")
    with pytest.raises(LimitError, match="about 10 min"):
        starts.check("ann")


def test_new_visitors_from_one_address_are_counted_together() -> None:
    starts = Starts(Limits(visitor=2, address=3), clock=Clock())
    for name in ("ann", "bob", "cleo"):
        starts.check(name, "8.8.8.8")
        starts.add(name, "8.8.8.8")
    with pytest.raises(LimitError, match="3 jobs have been started from your network"):
        starts.check("dan", "8.8.8.8")
    starts.check("dan", "9.9.9.9")
    starts.check("dan", None)


def test_no_address_is_kept_and_nothing_for_longer_than_an_hour() -> None:
    clock = Clock()
    starts = Starts(SPACE, clock=clock)
    starts.add("ann", "8.8.8.8")
    assert "8.8.8.8" not in str(vars(starts))
    assert "ann" not in str(starts._times)
    clock.now += 3600
    starts.check("bob", "9.9.9.9")
    assert starts._times == {}


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("8.8.8.8", None, "8.8.8.8"),
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),  # no proxy of ours: anybody can send the header
        ("10.20.1.2", "9.9.9.9", "9.9.9.9"),
        ("10.20.1.2", "1.1.1.1, 9.9.9.9, 10.20.3.4", "9.9.9.9"),  # the first one is made up
        ("10.20.1.2", "1.1.1.1, nonsense", None),
        ("127.0.0.1", None, None),
        ("192.168.1.7", "", None),
        ("testclient", None, None),
        (None, "9.9.9.9", "9.9.9.9"),
        ("::1", "2a00:1450:4001:82b::200e", "2a00:1450:4001:82b::/64"),
        ("::ffff:8.8.8.8", None, "8.8.8.8"),
    ],
)
def test_where_a_request_comes_from(peer: str | None, forwarded: str | None, found: str | None) -> None:
    assert client_address(peer, forwarded) == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, SPACE),
        ({"LORA_LEAK_LIMITS": "visitor=3"}, Limits(3, SPACE.address, SPACE.waiting)),
        ({"LORA_LEAK_LIMITS": " visitor = 0, address=0,waiting=5, "}, Limits(None, None, 5)),
        ({"LORA_LEAK_LIMITS": "waiting=0"}, SPACE),
    ],
)
def test_limits_are_configured(given: Mapping[str, str], found: Limits) -> None:
    assert limits_from(given, SPACE) == found
    assert limits_from({}) == OFF


@pytest.mark.parametrize("given", ["12", "visitors=3", "visitor=-1", "visitor=", "visitor=many"])
def test_limits_that_cannot_be_read(given: str) -> None:
    with pytest.raises(SettingsError, match=r"LORA_LEAK_LIMITS: .* is no limit"):
        limits_from({"LORA_LEAK_LIMITS": given})
