from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fake_services import fake_services
from fake_story import FakeStory

from demo.errors import WeightsError
from demo.finetune.settings import find_preset
from demo.models.bases import BUNDLED
from demo.ui.fine_tune_estimate import COSTLY, words


def test_the_line_says_what_a_run_costs_or_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def estimate(base, settings):
        asked.append((base.key, settings))
        if base.key != BUNDLED:
            raise WeightsError("It is not there.", "Fetch <it>.")
        return "About an hour."

    services = replace(fake_services(tmp_path, FakeStory()), estimate=estimate)
    preset = find_preset("face64-cpu")
    values = dict.fromkeys(COSTLY) | {"base": BUNDLED, "steps": 120, "prior": False, "rank": preset.unet_rank}
    assert "About an hour." in words(services, values)
    assert asked[-1] == (BUNDLED, preset.model_copy(update={"steps": 120, "prior_weight": 0.0}))
    assert "Fetch &lt;it&gt;" in words(services, values | {"base": "sd14"})
    assert "no such base model" in words(services, values | {"base": "/etc"})
    assert words(replace(services, estimate=lambda *_: ""), values) == ""
    services.jobs.close()
