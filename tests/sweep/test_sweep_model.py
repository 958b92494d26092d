from __future__ import annotations

import math

from fake_points import PROVED, distances, point, swept

from demo.defences.registry import choose
from demo.sweep.model import MetricSummary, best_attack, point_name, settings_of


def test_the_best_attack_is_the_nearest_one() -> None:
    found = point("none", 0.5, 0.6, best="class_prompt")
    assert found.best_attack == "class_prompt"
    assert found.leakage.arm == "class_prompt"
    assert found.leakage.mean < MetricSummary("encoder", tuple(found.arms["encoder"])).mean
    assert found.utility.mean == distances(0.5).mean


def test_an_attack_that_draws_no_faces_is_not_the_best_one() -> None:
    noise = point("gaussian", 0.7, 0.6, best="class_prompt", faces=0.25)
    assert noise.best_attack == "class_prompt"  # none does
    assert not noise.leakage.draws_faces
    faces = point("gaussian", 0.7, 0.6, best="class_prompt", faces=1.0)
    assert faces.best_attack == "class_prompt"
    assert faces.leakage.draws_faces
    assert best_attack({**faces.arms, "class_prompt": noise.arms["class_prompt"]}) == "encoder"


def test_without_a_measurement_there_is_no_number() -> None:
    arms = {key: [] for key in ("encoder", "class_prompt", "random_trigger")}
    assert best_attack(arms) == "encoder"
    assert math.isnan(MetricSummary("encoder", ()).mean)
    assert MetricSummary("encoder", ()).get("clip_i") is None
    assert math.isnan(swept(chance=None).nobody.low)


def test_a_point_knows_its_defence() -> None:
    found = point("dpdm", 0.5, 0.6, epsilon=2.0, ledger=PROVED)
    assert found.is_of(choose("dpdm", epsilon=2))
    assert not found.is_of(choose("dpdm", epsilon=10))
    assert not found.is_of(choose("none"))
    assert found.short == "DP-SGD, ε = 2"


def test_every_defence_has_a_folder_of_its_own() -> None:
    defences = [
        choose("none"),
        choose("dpdm", epsilon=10),
        choose("dpdm", epsilon=0.1),
        choose("dpdm", epsilon=10, noise_draws=4),
        choose("dpdm", epsilon=10, noise_multiplier=3),
    ]
    names = [point_name(defence) for defence in defences]
    assert names[:3] == ["none", "dpdm-epsilon-10", "dpdm-epsilon-0.1"]
    assert len(set(names)) == len(names)
    assert point_name(point("dpdm", 0.5, 0.6, epsilon=0.1)) == "dpdm-epsilon-0.1"


def test_the_seed_of_noise_is_never_among_the_settings() -> None:
    assert "noise_seed" not in settings_of(choose("dpdm", noise_seed=7))
