from __future__ import annotations

import pytest

from demo.errors import SettingsError
from demo.settings import registered


def test_an_entry_is_found_by_its_key_and_the_known_ones_are_named() -> None:
    assert registered("colour", "red", {"red": 1, "blue": 2}) == 1
    with pytest.raises(SettingsError, match=r"There is no colour 'green'\. Choose one of: red, blue\."):
        registered("colour", "green", {"red": 1, "blue": 2})
