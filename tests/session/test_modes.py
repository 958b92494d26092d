from __future__ import annotations

import pytest

from demo.errors import SettingsError
from demo.session.limits import OFF, SPACE
from demo.session.modes import DEFAULT, MODES, find_mode


def test_the_default_is_for_a_public_space_and_limits_what_a_visitor_starts() -> None:
    mode = find_mode(DEFAULT)
    assert (mode.key, mode.limits) == ("space", SPACE)
    assert mode.stage
    assert mode.lab


def test_a_stand_is_offline_wipes_itself_and_comes_back() -> None:
    booth = MODES["booth"]
    assert booth.offline
    assert booth.restarts
    assert booth.idle_s
    assert not booth.lab


def test_only_a_class_listens_on_the_network() -> None:
    assert [mode.key for mode in MODES.values() if mode.address] == ["class"]
    assert [mode.key for mode in MODES.values() if mode.limits is not OFF] == ["space"]


def test_an_unknown_mode_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"no mode 'kiosk'.*space, booth, class, lab"):
        find_mode("kiosk")
