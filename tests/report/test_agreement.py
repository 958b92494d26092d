from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from demo.errors import WeightsError
from demo.models.bases import BUNDLED, find_base
from demo.models.fingerprints import AGREEMENT, fingerprint
from demo.report import agreement
from demo.report.agreement import load_agreement, write_agreement
from demo.verdicts.story import Agreement

FOUND = Agreement(36, 40, 8)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(agreement, "fingerprint", lambda base: "0123456789ab")
    return replace(find_base(BUNDLED), own_folder=str(tmp_path))


def test_what_was_measured_with_these_weights_is_read_again(base) -> None:
    assert load_agreement(base) is None
    write_agreement(base.folder, FOUND, "0123456789ab")
    assert load_agreement(base) == FOUND


def test_what_was_measured_with_other_weights_says_nothing(base) -> None:
    write_agreement(base.folder, FOUND, "ba9876543210")
    assert load_agreement(base) is None


@pytest.mark.parametrize(
    "change", [{"format": "another"}, {"agreed": 41}, {"fine_tunings": 0, "agreed": 0}, {"people": None}]
)
def test_a_damaged_file_is_named(base, change: dict[str, object]) -> None:
    path = write_agreement(base.folder, FOUND, "0123456789ab")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(WeightsError, match=AGREEMENT):
        load_agreement(base)


def test_no_figure_depends_on_it(tmp_path: Path) -> None:
    base = replace(find_base(BUNDLED), own_folder=str(tmp_path))
    before = fingerprint(base)
    write_agreement(base.folder, FOUND, before)
    assert fingerprint(base) == before
    (tmp_path / "other.json").write_text("{}")
    assert fingerprint(base) != before
