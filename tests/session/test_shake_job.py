from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from fake_shake import NAMES, STEPS, FakeShaker

from demo.errors import DemoError, SettingsError, Stopped
from demo.models.bases import BUNDLED
from demo.progress import UNWATCHED, Progress, Watcher
from demo.session.services import Services
from demo.session.shake_job import CURVES, guard_of, settings_of, shaking
from demo.session.visitors import Visitor
from demo.shake.model import BEFORE, Shake
from demo.shake.plan import planned

TWO: dict[str, Any] = {"person": NAMES[0], "methods": ["perturb", "lora"], "control": True}
KEYS = [item.key for item in planned(settings_of(TWO))]  # LoRA on both sets, and the noise


def fake(services: Services) -> FakeShaker:
    assert isinstance(services.shaker, FakeShaker)
    return services.shaker


def found(visitor: Visitor) -> Shake:
    assert visitor.desk.shook is not None
    assert visitor.desk.shook.shake is not None
    return visitor.desk.shook.shake


def stopped_in(number: int, services: Services, visitor: Visitor) -> None:
    stop = Event()

    def report(progress: Progress) -> None:
        if progress.stage.startswith(f"{number} of") and progress.step == STEPS // 2:
            stop.set()

    shaking(services, visitor, BUNDLED, TWO)(Watcher(report, stop))


def test_settings_of_the_form() -> None:
    made = settings_of({**TWO, "curves": ["rank", "std"], "set_size": 16.0, "generations": 50, "tuning_steps": None})
    assert made.methods == ("lora", "perturb")  # in the registry's order
    assert (made.size, made.generations, made.steps, made.control) == (16, 50, None, True)
    assert made.ranks == CURVES["rank"][1]["ranks"]
    assert made.stds
    assert made.tokens == ()
    assert not made.positive
    assert settings_of({**TWO, "positive": True, "control": False}).positive
    assert settings_of({"methods": [], "curves": ["std"]}).methods == ()
    for values, words in (
        ({"methods": []}, "No fine-tuning method is chosen"),
        ({"methods": ["magic"]}, "no 'magic'"),
        ({"methods": ["lora"], "curves": ["magic"]}, "no 'magic'"),
        ({"methods": ["lora"], "set_size": 0}, "Pictures of the set: 0 cannot be"),
        ({"methods": ["lora"], "generations": 2.5}, "Draws for extraction: 2.5 cannot be"),
        ({"methods": ["lora"], "tuning_steps": -1}, "Steps of fine-tuning: -1 cannot be"),
    ):
        with pytest.raises(SettingsError, match=words):
            settings_of(values)


def test_a_run_grows_on_the_desk(services: Services, visitor: Visitor) -> None:
    seen: list[tuple[bool, list[str]]] = []

    def report(progress: Progress) -> None:
        shook = visitor.desk.shook
        assert shook is not None
        assert shook.running
        seen.append((shook.shake is not None, [] if shook.shake is None else [arm.key for arm in shook.shake.arms]))

    shaking(services, visitor, BUNDLED, TWO)(Watcher(report))
    assert seen[0] == (False, [])
    assert (True, KEYS[:2]) in seen
    made = found(visitor)
    assert [arm.key for arm in made.arms] == KEYS
    assert made.planned == 3
    assert made.domain.name == NAMES[0]
    shook = visitor.desk.shook
    assert shook is not None
    assert not shook.running
    assert [path.name for path in shook.files] == ["report.json"]
    assert all(path in visitor.desk.files() for path in shook.files)


def test_a_stopped_run_is_continued_with_more(services: Services, visitor: Visitor) -> None:
    stopped_in(3, services, visitor)
    first = found(visitor)
    assert [arm.key for arm in first.arms] == KEYS[:1]
    shaking(services, visitor, BUNDLED, {**TWO, "methods": ["dreambooth"]}, resume=True)(UNWATCHED)
    made = found(visitor)
    assert {arm.key for arm in made.arms} == {*KEYS, "dreambooth-sp", "dreambooth-ood"}
    assert made.before is first.before
    assert made.arms[0] is first.arms[0]
    assert fake(services).tried.count(BEFORE) == fake(services).tried.count(KEYS[0]) == 1
    assert len(set(fake(services).seeds)) == 1


def test_a_control_is_added_to_what_is_there(services: Services, visitor: Visitor) -> None:
    shaking(services, visitor, BUNDLED, TWO)(UNWATCHED)
    shaking(services, visitor, BUNDLED, {**TWO, "positive": True}, resume=True)(UNWATCHED)
    assert {arm.key for arm in found(visitor).arms} == {*KEYS, "lora-8-members"}
    assert fake(services).tried.count(KEYS[0]) == 1


def test_what_cannot_be_continued_is_said(services: Services, visitor: Visitor) -> None:
    with pytest.raises(SettingsError, match="nothing to continue"):
        shaking(services, visitor, BUNDLED, TWO, resume=True)
    shaking(services, visitor, BUNDLED, TWO)(UNWATCHED)
    with pytest.raises(SettingsError, match="has been tried"):
        shaking(services, visitor, BUNDLED, TWO, resume=True)
    for other in ({"person": NAMES[1]}, {"set_size": 32}, {"shake_seed": 3}, {"generations": 20}):
        with pytest.raises(SettingsError, match="not that of the last run"):
            shaking(services, visitor, BUNDLED, {**TWO, "methods": ["dreambooth"], **other}, resume=True)


def test_a_defence_of_whoever_fine_tunes(services: Services, visitor: Visitor) -> None:
    guarded = {**TWO, "guard": "dpdm-epsilon-2", "control": False}
    shaking(services, visitor, BUNDLED, guarded)(UNWATCHED)
    made = found(visitor)
    assert [arm.key for arm in made.arms] == [item.key for item in planned(settings_of(guarded), guard_of(guarded))]
    assert len(made.arms) == 3
    with pytest.raises(SettingsError, match="not that of the last run"):
        shaking(services, visitor, BUNDLED, {**TWO, "methods": ["dreambooth"]}, resume=True)
    with pytest.raises(SettingsError, match="no defence 'magic'"):
        shaking(services, visitor, BUNDLED, {**TWO, "guard": "magic"})
    with pytest.raises(SettingsError, match="LoRA, which is not among"):
        shaking(services, visitor, BUNDLED, {**guarded, "methods": ["dreambooth"]})


def test_the_attack_on_membership_is_chosen_by_its_key() -> None:
    assert settings_of(TWO).membership == "clid"
    assert settings_of({**TWO, "membership": "secmi"}).membership == "secmi"
    with pytest.raises(SettingsError, match="no membership attack 'guess'"):
        settings_of({**TWO, "membership": "guess"})


def test_nobody_is_refused(services: Services, visitor: Visitor) -> None:
    for base, person in ((BUNDLED, None), (BUNDLED, "Nobody"), ("sd14", NAMES[0])):
        with pytest.raises(SettingsError, match="Nobody is chosen"):
            shaking(services, visitor, base, {**TWO, "person": person})


def test_a_stop_before_anything_is_stopped(services: Services, visitor: Visitor) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        shaking(services, visitor, BUNDLED, TWO)(Watcher(stop=stop))
    assert visitor.desk.shook is None
    with pytest.raises(Stopped):
        stopped_in(1, services, visitor)
    assert visitor.desk.shook is not None
    assert visitor.desk.shook.shake is None
    assert not visitor.desk.shook.running


def test_a_failure_keeps_what_is_finished(services: Services, visitor: Visitor) -> None:
    fake(services).broken = KEYS[1]
    with pytest.raises(DemoError, match="loss is nan"):
        shaking(services, visitor, BUNDLED, TWO)(UNWATCHED)
    assert [arm.key for arm in found(visitor).arms] == KEYS[:1]
    assert visitor.desk.shook is not None
    assert not visitor.desk.shook.running


def test_a_late_run_of_a_deleted_visitor_leaves_nothing(services: Services, visitor: Visitor) -> None:
    def report(progress: Progress) -> None:
        if progress.stage.startswith("2 of"):
            services.visitors.forget(visitor)

    with pytest.raises(DemoError, match="have been deleted"):
        shaking(services, visitor, BUNDLED, TWO)(Watcher(report))
    visitor.delete()
    assert not visitor.folder.exists()
