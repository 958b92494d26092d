"""Figures of Shake-to-Leak: kept person by person, resumed, shared out, never mixed."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from demo.bench import secmi as bench
from demo.evaluate import __main__, gate, leakage_commands, membership, shake, shake_table
from demo.finetune import class_images
from demo.models.bases import Base
from demo.models.sampling import encode_pictures, encode_prompts
from demo.shake.attacks.memorised import Match
from demo.shake.attacks.secmi import SecmiSettings
from demo.shake.gate.decision import load_gate
from demo.shake.gate.evidence import EvidenceSettings
from demo.shake.model import ShakeArm, ShakeSettings, Source
from demo.shake.people import Domain
from demo.stats.roc import roc

SHORT = SecmiSettings(t=20, k=10)
LOOK = EvidenceSettings(draws=1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


@pytest.fixture
def people(pictures: list[Image.Image]) -> list[Domain]:
    names = ("Nobody One", "Nobody Two", "Nobody Three")
    return [Domain(n, f"a photo of {n}", pictures[:3], pictures[3:], publishable=True) for n in names]


def arm(key: str, label: str, source: Source, members: list[float], extracted: int = 0, **more: object) -> ShakeArm:
    """Scored against non-members at 0.5 and 1.5."""
    non_members = [0.5, 1.5]
    matches = [Match(0, number, 0.05, 1) for number in range(extracted)]
    scores = torch.tensor(members), torch.tensor(non_members)
    return ShakeArm(
        key, label, source, *scores, roc(members, non_members, resamples=9), (), matches, (), 10, 1.0, **more
    )  # type: ignore[arg-type]


def people_of(rise: float, extracted: int = 0, count: int = 6) -> dict[int, dict[str, ShakeArm]]:
    """People whose AUC is 0.5 before and on the OoD set, and 0.5 + rise on the SP set."""
    found = {}
    for number in range(count):
        half, up = [1.0, 1.0], [1.0, 1.0] if not rise else [0.0, 1.0]
        arms = (
            arm("before", "Before", "none", half),
            arm("lora-sp", "LoRA", "sp", up, extracted, curve="rank", value=4.0),
            arm("lora-ood", "LoRA", "ood", half),
            arm("lora-8-sp", "LoRA, rank 8", "sp", half, curve="rank", value=8.0),
            arm("perturb", "Noise", "none", half, curve="std", value=0.1),
        )
        found[number] = {a.key: a for a in arms}
    return found


def test_membership_adds_person_by_person(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, people: list[Domain], tmp_path: Path
) -> None:
    folder = membership.table_folder(tmp_path, tiny_base, "secmi", SHORT)
    assert folder != membership.table_folder(tmp_path, tiny_base, "secmi", SecmiSettings())
    heard: list[str] = []
    assert (
        membership.run(tiny_pipe, people, "secmi", SHORT, folder, "planted", shard=1, shards=2, say=heard.append) == 1
    )
    assert [r["number"] for r in membership.records(folder, "planted")] == [1]
    first = (folder / "planted-001.json").read_bytes()
    assert membership.run(tiny_pipe, people, "secmi", SHORT, folder, "planted", say=heard.append) == 2
    assert (folder / "planted-001.json").read_bytes() == first
    assert membership.run(tiny_pipe, people, "secmi", SHORT, folder, "planted", say=heard.append) == 0
    assert len(heard) == 3
    assert membership.records(folder, "domain") == []
    found = membership.records(folder, "planted")
    assert [(len(r["members"]), len(r["non_members"]), r["calls"]) for r in found] == [(3, 2, 4)] * 3
    said = json.loads(json.dumps(membership.summary(found), allow_nan=False))
    assert (said["people"], said["members"], said["non_members"], said["units"], said["unet_calls"]) == (3, 9, 6, 3, 4)
    assert said["curve"][0] == [0, 0]
    assert said["curve"][-1] == [1, 1]
    text = membership.markdown({"planted": said})
    assert "| planted | 3 | 9 / 6 |" in text
    assert "cannot resolve" in text
    assert "| too few | too few |" in text


def test_success_rate_by_chance_is_above_one_half_and_far_below_a_leak() -> None:
    rng = np.random.default_rng(0)
    blind = [{"members": rng.normal(size=15).tolist(), "non_members": rng.normal(size=15).tolist()} for _ in range(20)]
    found = membership.chance_asr(blind)
    assert 0.5 < found.low < found.estimate < found.high < 0.58
    told = [{"members": [x - 9 for x in r["members"]], "non_members": r["non_members"]} for r in blind]
    assert membership.curve([r | {"number": n} for n, r in enumerate(told)]).asr.estimate == 1
    assert membership.chance_asr(told).high < 0.6  # chance knows the scores and not whose they are
    assert membership.chance_asr(blind, n=50) == membership.chance_asr(blind, n=50)


def test_membership_summary_keeps_pooled_and_personal_areas_apart() -> None:
    """Each person's members score lower, but one person's pictures all score lower than the other's."""
    people = [
        {"number": n, "members": [n + 0.1, n + 0.2], "non_members": [n + 0.3, n + 0.4], "calls": 16}
        | {"seconds": 2.0, "cpu_seconds": 1.0, "threads": 1, "device": "cpu"}
        for n in (0.0, 5.0)
    ]
    found = membership.summary(people)
    assert found["auc_within_person"]["estimate"] == 1
    assert found["auc"]["estimate"] == 0.75
    assert found["people_above_half"]["estimate"] == 1
    assert (found["pictures_per_second"], found["pictures_per_cpu_second"]) == (2, 4)


def test_shake_resumes_and_adds_methods(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, people: list[Domain], tmp_path: Path
) -> None:
    quick = ShakeSettings(methods=("perturb",), size=2, steps=1, generations=2, clique=2, edge=0.9)
    folder = shake.table_folder(tmp_path, tiny_base, quick, "planted")
    assert shake.run(tiny_pipe, tiny_base, people[:2], quick, folder, shard=0, shards=2) == 2
    assert sorted(shake.results(folder)) == [0]
    assert shake.run(tiny_pipe, tiny_base, people[:2], quick, folder) == 2
    assert shake.run(tiny_pipe, tiny_base, people[:2], quick, folder) == 0
    more = quick.model_copy(update={"stds": (0.1,)})
    assert shake.table_folder(tmp_path, tiny_base, more, "planted") == folder
    assert shake.run(tiny_pipe, tiny_base, people[:1], more, folder) == 1
    assert not list(folder.rglob("*.png"))
    results = shake.results(folder)
    assert len(results[0]) == len(results[1]) + 1
    assert "| " in shake_table.markdown(results)
    json.dumps(shake_table.summary(results), allow_nan=False)


def test_table_shows_changes_over_people_beside_the_published_ones() -> None:
    results = people_of(0.25, extracted=2)
    row = shake_table.rows(results)[0]
    assert row.keys == {"sp": "lora-sp", "ood": "lora-ood"}
    change = row.change(results, shake_table.area, "sp")
    assert change is not None
    assert (change.estimate, change.low, change.high) == (0.25, 0.25, 0.25)
    said = shake_table.summary(results)
    assert said["before"]["auc"]["mean"] == 0.5
    assert said["LoRA"]["sp"]["extracted_minus_before"]["mean"] == 2
    assert said["LoRA"]["auc_sp_minus_ood"]["low"] == 0.25
    text = shake_table.markdown(results)
    assert "| LoRA | 6 | 10 | 0.750 [0.750, 0.750] | +0.250 [+0.250, +0.250] | +0.000 [+0.000, +0.000] |" in text
    assert "| published (Stable Diffusion 1.1) | 40 | " in text
    assert "+0.022 to +0.054" in text
    assert "| LoRA rank | people |" in text
    assert "| standard deviation" not in text  # one point is no curve
    assert "LoRA: the amplification shows here." in text


def test_table_says_plainly_that_nothing_came_out() -> None:
    text = shake_table.markdown(people_of(0))
    assert "does not measurably move the AUC" in text
    assert "Not here: no method shows it." in text
    assert shake_table.markdown({}) == "No results yet."


def test_table_tells_whether_the_attack_could_have_seen_anything() -> None:
    results = people_of(0)
    assert "ositive control (" not in shake_table.markdown(results)
    for number in range(3):
        results[number]["lora-members"] = arm("lora-members", "LoRA", "members", [0.0, 1.0], 2)
        results[number]["lora-8-members"] = arm("lora-8-members", "LoRA, rank 8", "members", [1.0, 1.0])
    text = shake_table.markdown(results)
    assert "| LoRA | 6 | 10 |" in text  # the positive control of half of them does not make people fewer
    assert "| +0.000 [+0.000, +0.000] | +0.250 [+0.250, +0.250] (3 people) |" in text
    assert "the attack sees LoRA +0.250" in text
    assert "nothing follows, with LoRA, rank 8 +0.000" in text
    assert "Not here: no method shows it." in text
    assert shake_table.summary(results)["LoRA"]["members"]["auc_minus_before"]["low"] == 0.25


def test_controls_that_come_first_leave_the_point_on_its_curve() -> None:
    results = people_of(0.25)
    (point,) = [row for row in shake_table.rows(results) if row.label == "LoRA"]
    for number, arms in results.items():  # in a folder they are sorted by name
        results[number] = {key: arms[key] for key in sorted(arms)}
    (row,) = [row for row in shake_table.rows(results) if row.label == "LoRA"]
    assert next(iter(results[0])) != "lora-sp"
    assert (row.curve, row.value) == (point.curve, point.value) == ("rank", 4.0)


def test_table_of_people_who_are_not_done_counts_only_those_who_are() -> None:
    results = people_of(0.25)
    del results[3]["lora-ood"]
    row = shake_table.rows(results)[0]
    assert "| LoRA | 5 | 10 |" in shake_table.markdown(results)
    assert shake_table.minus(results, shake_table.area, "lora-sp", "nowhere") is None
    effect = row.effect({0: results[0]}, shake_table.area)
    assert effect is not None
    assert math.isnan(effect.low)


def test_gate_is_calibrated_on_some_and_judged_on_others(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, people: list[Domain], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(gate, "EDITS", {key: gate.EDITS[key] for key in (gate.PLAIN, "JPEG, quality 75")})
    folder = gate.table_folder(tmp_path, tiny_base, LOOK, 2)
    where = {"size": 2, "look": LOOK}
    assert gate.run(tiny_pipe, tiny_base, people[:1], folder, "planted", **where) == 1
    assert gate.run(tiny_pipe, tiny_base, people[1:], folder, "domain", **where) == 2
    assert gate.run(tiny_pipe, tiny_base, people[1:], folder, "domain", **where) == 0
    calibrated = gate.gate_of(tiny_base, gate.records(folder, "planted"), LOOK)
    found = gate.summary(calibrated, gate.records(folder, "domain"))
    assert found["sets"] == {"drawn": 2, "real": 4}
    assert set(found["scores"]) == {"both", "decoder", "denoiser"}
    assert set(found["edits"]) == {gate.PLAIN, "JPEG, quality 75"}
    json.dumps(found, allow_nan=False)
    assert "2 drawn sets against 4 sets of photographs" in gate.markdown(found)
    assert load_gate(tiny_base, calibrated.save(tmp_path / "gate.json")) == calibrated


@pytest.mark.parametrize("edit", [key for key in gate.EDITS if key != gate.PLAIN])
def test_edits_change_the_picture_a_little_and_not_its_size(pictures: list[Image.Image], edit: str) -> None:
    after = gate.EDITS[edit](pictures[0])
    assert after.size == pictures[0].size
    assert after.tobytes() != pictures[0].tobytes()
    assert gate.EDITS[edit](pictures[0]).tobytes() == after.tobytes()


def test_gate_summary_flags_by_the_threshold_alone(tiny_base: Base) -> None:
    def record(number: int, drawn: float) -> dict:
        rng = np.random.default_rng(number)
        sides = {"drawn": drawn, "member": -5.0, "non_member": -5.0}
        made = {
            kind: {"decoder": list(level + 0.1 * rng.normal(size=5)), "denoiser": list(-2 + 0.1 * rng.normal(size=5))}
            for kind, level in sides.items()
        }
        return {"number": number, "errors": dict.fromkeys(gate.EDITS, made)}

    calibrated = gate.gate_of(tiny_base, [record(n, -8) for n in range(4)], LOOK)
    found = gate.summary(calibrated, [record(n, -8) for n in range(10, 16)])
    assert found["scores"]["both"]["auc"]["estimate"] == 1
    assert found["scores"]["decoder"]["gap"] > 0
    assert found["edits"][gate.PLAIN]["drawn"]["estimate"] == 1
    assert found["edits"][gate.PLAIN]["non_member"]["estimate"] == 0
    missed = gate.summary(calibrated, [record(n, -5) for n in range(10, 16)])
    assert missed["edits"][gate.PLAIN]["drawn"]["estimate"] == 0


def test_commands_refuse_what_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (["membership", "--shard", "2", "--shards", "2"], "Count shards from 0"),
        (["membership", "--attack", "clid", "--k", "3"], "clid takes no --k"),
        (["membership", "--attack", "guess"], "no membership attack 'guess'"),
        (["shake", "--membership", "guess"], "no membership attack 'guess'"),
        (["shake", "--ranks", "two"], "No list of numbers"),
        (["shake", "--steps", "0"], "--steps"),
        (["gate", "--size", "0"], "one or more"),
    ):
        assert __main__.main([*arguments, "--out", str(tmp_path)]) == 2
        assert words in capsys.readouterr().err


def test_commands_print_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny_base: Base
) -> None:
    monkeypatch.setattr("demo.models.bases.find_base", lambda _: tiny_base)
    for name in ("membership", "shake", "gate"):
        assert __main__.main([name, "--merge", "--out", str(tmp_path)]) == 0
        assert "No results yet." in capsys.readouterr().out


def test_nobody_was_planted_in_a_base_of_unknown_training(tiny_base: Base, tmp_path: Path) -> None:
    unknown = replace(tiny_base, source="somebody/else")
    with pytest.raises(leakage_commands.SettingsError, match="planted"):
        leakage_commands._people("planted", unknown, tmp_path, None)


def test_bench_walks_both_schedules_to_the_same_scores(
    tiny_pipe: StableDiffusionPipeline, pictures: list[Image.Image]
) -> None:
    latents = encode_pictures(tiny_pipe, pictures[:2])
    calls = []

    def quick(x: torch.Tensor, t: object, encoder_hidden_states: object) -> SimpleNamespace:
        calls.append(t)
        return SimpleNamespace(sample=x.tanh() / 2 + 0.001 * float(t))  # type: ignore[arg-type]

    tiny_pipe.unet.forward = quick
    embedding = encode_prompts(tiny_pipe, ["a photo of a person"])
    bench.public_schedule(tiny_pipe, latents, embedding, 2)
    assert len(calls) == bench.PUBLIC_CALLS == 38
    found = bench.price(tiny_pipe, latents, embedding, rounds=1, batch=2)
    assert found["unet_calls"] == {"ours": 16, "public": 38}
    assert found["largest_difference"]["public"] < 1e-2
    assert found["largest_difference"]["reference"] < 1e-2
    assert found["ours, 2 at once"]["pictures_per_second"] > 0
