from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event

import pytest
import torch
from shake_parts import QUICK, assert_same, new_arm

from demo.defences.registry import choose as choose_defence
from demo.errors import SettingsError, Stopped
from demo.finetune import class_images
from demo.models.sampling import encode_pictures, encode_prompts
from demo.progress import Progress, Watcher
from demo.shake import run
from demo.shake.attacks.membership import MEMBERSHIP
from demo.shake.methods.lora import Lora
from demo.shake.model import Experiment
from demo.shake.people import free_text
from demo.shake.run import shake


def test_every_model_is_attacked_and_the_base_is_left_as_it_was(
    tiny_pipe, tiny_base, domain, state: Callable[..., dict[str, object]]
) -> None:
    before, kept, seen = state(tiny_pipe), [], []
    made = shake(tiny_pipe, tiny_base, Experiment(domain, QUICK), keep=kept.append, watcher=Watcher(seen.append))
    assert_same(before, state(tiny_pipe))
    assert [arm.key for arm in (made.before, *made.arms)] == ["before", "lora-8-sp", "lora-8-ood"]
    assert kept == [made.before, *made.arms]
    assert made.planned == 2
    assert made.budgets == {"lora": {"steps": 1, "batch": 8, "lr": 1e-3}}
    assert made.control_prompt == tiny_base.class_prompt
    assert len(made.synthetic) == QUICK.size
    for arm in (made.before, *made.arms):
        assert (len(arm.scores_members), len(arm.scores_non_members)) == (3, 2)
        assert arm.roc is not None
        assert arm.seconds > 0
    assert made.before.parameters == 0
    assert made.arms[0].parameters > 0
    assert made.arms[0].loss is not None
    assert (made.arms[0].curve, made.arms[0].value, made.arms[1].value) == ("rank", 8, None)
    scores = [arm.scores_members for arm in (made.before, *made.arms)]
    assert not any(torch.equal(scores[i], scores[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    stages = list(dict.fromkeys(progress.stage.split(":")[0] for progress in seen))
    assert stages[:3] == ["1 of 3", "2 of 3", "3 of 3"]


@pytest.mark.parametrize("key", MEMBERSHIP)
def test_before_is_the_attack_on_the_base_itself(tiny_pipe, tiny_base, domain, key: str) -> None:
    settings = QUICK.model_copy(update={"methods": (), "membership": key})
    made = shake(tiny_pipe, tiny_base, Experiment(domain, settings))
    latents, embedding = encode_pictures(tiny_pipe, domain.members), encode_prompts(tiny_pipe, [domain.prompt])
    assert torch.equal(made.before.scores_members, MEMBERSHIP[key].run(tiny_pipe, latents, embedding))
    assert made.attack == MEMBERSHIP[key].title
    assert made.arms == []


def test_both_sets_are_trained_on_under_their_own_prompt_and_asked_for_the_target(
    tiny_pipe, tiny_base, domain, monkeypatch
) -> None:
    asked = []
    draw_set = run.draw_set

    def watch(pipe, base, prompt, settings, **more):
        asked.append((prompt, settings.seed, settings.size))
        return draw_set(pipe, base, prompt, settings, **more)

    monkeypatch.setattr(run, "draw_set", watch)
    shake(
        tiny_pipe, tiny_base, Experiment(domain, QUICK.model_copy(update={"methods": ("lora", "hypernetwork")}), seed=5)
    )
    assert asked == [(domain.prompt, 5, 2), (tiny_base.class_prompt, 5, 2)]  # each set once for all methods


def test_finished_arms_are_not_run_again(tiny_pipe, tiny_base, domain, monkeypatch) -> None:
    first = shake(tiny_pipe, tiny_base, Experiment(domain, QUICK))
    kept = []
    more = QUICK.model_copy(update={"stds": (1e-3,)})
    second = shake(tiny_pipe, tiny_base, Experiment(domain, more, done=[first.before, *first.arms]), keep=kept.append)
    assert [arm.key for arm in kept] == ["perturb-0.001"]
    assert second.before is first.before
    assert list(second.arms[:2]) == list(first.arms)
    assert [p.tobytes() for p in second.synthetic] == [p.tobytes() for p in first.synthetic]  # drawn again to be shown


def test_the_same_seed_gives_the_same_figures(tiny_pipe, tiny_base, domain) -> None:
    plain = QUICK.model_copy(update={"control": False})
    found = [
        shake(tiny_pipe, tiny_base, Experiment(domain, plain, seed=seed)).arms[0].scores_members for seed in (1, 1, 2)
    ]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_a_stop_returns_what_is_finished(tiny_pipe, tiny_base, domain) -> None:
    stop = Event()
    made = shake(
        tiny_pipe,
        tiny_base,
        Experiment(domain, QUICK),
        keep=lambda arm: stop.set() if arm.source == "sp" else None,
        watcher=Watcher(stop=stop),
    )
    assert [arm.key for arm in made.arms] == ["lora-8-sp"]
    assert made.planned == 2
    with pytest.raises(Stopped):
        shake(tiny_pipe, tiny_base, Experiment(domain, QUICK), watcher=Watcher(stop=stop))


def test_a_stop_keeps_arms_that_were_finished_earlier(tiny_pipe, tiny_base, domain) -> None:
    first = shake(tiny_pipe, tiny_base, Experiment(domain, QUICK))
    stop = Event()
    stop.set()
    done = [first.before, first.arms[1]]
    made = shake(tiny_pipe, tiny_base, Experiment(domain, QUICK, done=done), watcher=Watcher(stop=stop))
    assert list(made.arms) == [first.arms[1]]


def test_pictures_that_may_not_be_shown_stay_inside(tiny_pipe, tiny_base, domain) -> None:
    private = replace(domain, publishable=False)
    assert shake(tiny_pipe, tiny_base, Experiment(private, QUICK)).synthetic == ()


def test_free_text_is_extracted_from_and_not_scored(tiny_pipe, tiny_base) -> None:
    made = shake(tiny_pipe, tiny_base, Experiment(free_text("an old man"), QUICK))
    assert [arm.roc for arm in (made.before, *made.arms)] == [None] * 3
    assert made.before.candidates  # with an edge of 1 all draws are near-duplicates
    assert made.before.matches == []


def test_a_defence_stands_beside_the_plain_run(tiny_pipe, tiny_base, domain) -> None:
    defence = choose_defence("dpdm", epsilon=5.0, noise_seed=1)
    settings = QUICK.model_copy(update={"control": False})
    made = shake(tiny_pipe, tiny_base, Experiment(domain, settings, defence=defence))
    assert [arm.key for arm in made.arms] == ["lora-8-sp", "lora-8-dpdm-sp"]
    assert made.defence == defence.label
    assert not torch.equal(made.arms[0].scores_members, made.arms[1].scores_members)


def test_the_positive_control_is_trained_on_the_members_themselves(tiny_pipe, tiny_base, domain, monkeypatch) -> None:
    asked, trained = [], []
    shaken = Lora.shaken

    def watch(self, pipe, base, latents, prompt, **more):
        trained.append((latents, prompt, more["target"]))
        return shaken(self, pipe, base, latents, prompt, **more)

    monkeypatch.setattr(run, "draw_set", lambda *args, **_: pytest.fail(f"drew {args[2]}"))
    monkeypatch.setattr(Lora, "shaken", watch)
    settings = QUICK.model_copy(update={"positive": True})
    plain = [replace(arm, roc=None) for arm in (new_arm(), new_arm("lora-8-sp", source="sp"))]
    plain.append(replace(plain[1], key="lora-8-ood", source="ood"))
    private = replace(domain, publishable=False)
    made = shake(tiny_pipe, tiny_base, Experiment(private, settings, done=plain), keep=asked.append)
    assert [arm.key for arm in asked] == ["lora-8-members"]
    (latents, prompt, target), arm = trained[0], made.positives()[0]
    assert torch.equal(latents, encode_pictures(tiny_pipe, domain.members))
    assert prompt == target == domain.prompt
    assert (arm.source, arm.title, arm.curve) == ("members", "LoRA, rank 8, training pictures", None)
    assert made.control_of(made.arms[0]) is made.arms[1]


def test_what_cannot_be_done_is_refused_before_any_work(tiny_pipe, tiny_base, domain, monkeypatch) -> None:
    for key, attack in MEMBERSHIP.items():
        begun = replace(attack, run=lambda *_, **__: pytest.fail("work was begun"))
        monkeypatch.setitem(MEMBERSHIP, key, begun)
    with pytest.raises(SettingsError, match="magic"):
        shake(tiny_pipe, tiny_base, Experiment(domain, QUICK.model_copy(update={"methods": ("magic",)})))
    with pytest.raises(SettingsError, match="membership attack 'guess'"):
        shake(tiny_pipe, tiny_base, Experiment(domain, QUICK.model_copy(update={"membership": "guess"})))
    with monkeypatch.context() as patch:
        patch.setattr(tiny_pipe.scheduler, "alphas_cumprod", tiny_pipe.scheduler.alphas_cumprod[:400])
        with pytest.raises(SettingsError, match="beyond the schedule"):
            shake(tiny_pipe, tiny_base, Experiment(domain, QUICK))
    with pytest.raises(SettingsError, match="no positive control"):
        shake(tiny_pipe, tiny_base, Experiment(free_text("an old man"), QUICK.model_copy(update={"positive": True})))


def test_progress_names_the_model(tiny_pipe, tiny_base, domain) -> None:
    seen: list[Progress] = []
    shake(
        tiny_pipe,
        tiny_base,
        Experiment(domain, QUICK.model_copy(update={"control": False})),
        watcher=Watcher(seen.append),
    )
    stages = {progress.stage for progress in seen}
    assert "2 of 2: LoRA, rank 8, SP set: fine-tune" in stages
    assert "2 of 2: LoRA, rank 8, SP set: draw the SP set" in stages


def test_an_edge_that_is_not_given_is_the_bases_own(tiny_pipe, tiny_base, domain, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path)
    monkeypatch.setattr(run, "UNRELATED", 6)
    settings = QUICK.model_copy(update={"edge": None, "methods": (), "stds": (1e-3,)})
    made = shake(tiny_pipe, tiny_base, Experiment(domain, settings))
    edge = made.settings.edge
    assert edge is not None
    assert 0 < edge < 1
    assert edge == run.edge_of(tiny_pipe, tiny_base)
