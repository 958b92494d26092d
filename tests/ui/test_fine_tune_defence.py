from __future__ import annotations

import gradio as gr
import pytest
from markup import Html

from demo.defences.base import EPSILONS
from demo.defences.registry import DEFENCES
from demo.session.forms import DEFENCE_SETTINGS
from demo.ui.fine_tune_defence import build_defence_fields, explain, visible


def shown(key: object) -> dict[str, bool]:
    _, budget, more, *inner = visible(key)
    names = [name for name in DEFENCE_SETTINGS if name != "epsilon"]
    flags = {name: update["visible"] for name, update in zip(names, inner, strict=True)}
    return {"epsilon": budget.visible, "more": more.visible, **flags}


@pytest.mark.parametrize("key", DEFENCES)
def test_a_defence_shows_the_fields_that_it_has(key: str) -> None:
    fields = DEFENCES[key].model_fields
    found = shown(key)
    assert found.pop("epsilon") == DEFENCES[key].has_epsilon == ("epsilon" in fields)
    more = found.pop("more")
    assert found == {name: DEFENCE_SETTINGS[name] in fields for name in found}
    assert more == any(found.values())


def test_dpdm_shows_everything_and_no_defence_nothing() -> None:
    assert all(shown("dpdm").values())
    assert not any(shown("none").values())
    assert not any(shown("unknown").values())


@pytest.mark.parametrize("key", DEFENCES)
def test_explanations_are_told_to_screen_readers(key: str) -> None:
    text = explain(DEFENCES[key])
    assert Html(text).words == DEFENCES[key].explanation
    assert 'role="status"' in text


def test_every_field_belongs_to_a_setting_and_starts_at_its_default() -> None:
    with gr.Blocks():
        made = build_defence_fields()
    assert set(made.fields) == {"defence", *DEFENCE_SETTINGS}
    usual = DEFENCES["dpdm"]().model_dump()
    for name in ("epsilon", "delta", "noise_draws", "accountant"):
        assert made.fields[name].value == usual[DEFENCE_SETTINGS[name]]
    assert EPSILONS == (10, 2, 0.1)
    assert [button.value for button in made.presets] == ["ε = 10", "ε = 2", "ε = 0.1"]
    assert len(made.shown) == len(visible("dpdm"))
