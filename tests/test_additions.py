"""What is added to a registry counts everywhere: choices, sweep, comparison, evaluation. One more of each is added."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from fake_points import picture, point, result, swept
from fake_services import fake_services
from fake_story import FakeStory, lora
from PIL import Image

from demo.attack.registry import ATTACKS, AttackEntry, AttackSettings, attacks_on
from demo.attack.weight_encoder import EncoderSettings, save_encoder
from demo.cli import main
from demo.defences.base import Defence
from demo.defences.registry import DEFENCES, choose
from demo.errors import LoraFileError, SettingsError
from demo.evaluate import defences, defences_table, held_out, people
from demo.faces import recognise
from demo.finetune import class_images
from demo.finetune.dreambooth import fine_tune
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, write_lora
from demo.lora.layouts import LAYOUTS, OtherLayout, sort_keys
from demo.metrics import registry as metrics
from demo.metrics.base import Context, Metric
from demo.metrics.registry import METRICS, PLACE
from demo.models.bases import BASES, BUNDLED, Base
from demo.report import LeakReport
from demo.report.page import page
from demo.report.verdict import judge
from demo.report.write import as_json
from demo.session.forms import order
from demo.session.services import Services
from demo.stats.intervals import Array
from demo.sweep.comparisons import standing
from demo.sweep.model import Point, Sweep, arm_keys
from demo.sweep.plan import chosen
from demo.sweep.plane import plane, spoken
from demo.sweep.run import default_plan, sweep
from demo.sweep.table import csv_row, table
from demo.sweep.verdict import summarise
from demo.sweep.write import strips
from demo.train.encoder import new_encoder
from demo.ui.assembly import build_app
from demo.ui.components import pictures as shown
from demo.verdicts.rule import Shown
from demo.workflow import story

QUICK = LoraSettings(steps=2, batch=2, class_batch=1, class_images=2, sample_every=0, unet_rank=2, text_rank=2)


def chart(
    released: LoraWeights, pipe: object, base: Base, settings: AttackSettings, *_: object, **__: object
) -> list[Image.Image]:
    """An attack: grey, whatever it is given."""
    return [Image.new("RGB", (base.side, base.side), (100 + i, 100, 100)) for i in range(settings.samples)]


class Halved(Defence):
    """A defence: half of the update."""

    key = "halved"
    title = "Half of it"
    explanation = "Shares half of the update."

    def release(self, lora: LoraWeights) -> LoraWeights:
        return replace(lora, tensors={name: tensor * 0.5 for name, tensor in lora.tensors.items()})


def redness(context: Context) -> Array:
    return np.array([np.asarray(picture)[..., 0].mean() / 255 for picture in context.pictures])


@pytest.fixture
def attack(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(ATTACKS, "chart", AttackEntry("Grey chart", "the grey chart", "Draws grey.", chart))
    return "chart"


@pytest.fixture
def defence(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(DEFENCES, Halved.key, Halved)
    return Halved.key


@pytest.fixture
def metric(monkeypatch: pytest.MonkeyPatch) -> str:
    made = Metric(
        key="redness",
        title="Share of red",
        model="none",
        scaling="mean",
        higher_is_better=True,
        needs="nothing",
        available=lambda: None,
        score=redness,
        bundled=True,
        main=9,
        column=9,
        threshold=(0.5, "half red"),
    )
    monkeypatch.setitem(METRICS, made.key, made)
    return made.key


@pytest.fixture
def base(tiny_base: Base, monkeypatch: pytest.MonkeyPatch) -> Base:
    made = replace(tiny_base, title="One more base")
    monkeypatch.setitem(BASES, made.key, made)
    return made


@pytest.fixture
def tiny(base: Base, tiny_pipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The added base with random weights, an encoder of it, and pixels in place of faces."""
    encoder = save_encoder(tmp_path / "encoder.safetensors", new_encoder(tiny_pipe, base, QUICK, EncoderSettings()))
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: encoder)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(recognise, "embed", pixels)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tiny_pipe
    torch.set_num_threads(threads)


def pixels(some: Any) -> Array:
    return np.array([np.asarray(p.convert("L").resize((16, 8)), dtype=float).ravel() / 255 for p in some])


def tried(photos: list[Image.Image], keys: str, *measured: str, done: Sequence[Point] = ()) -> Sweep:
    wanted = ["dlib_distance", *measured]
    return sweep(
        photos,
        plan=chosen(keys),
        base_key="tiny",
        settings=QUICK,
        attack=AttackSettings(samples=2),
        metrics=wanted,
        seed=3,
        done=done,
    )


def compared(photos: list[Image.Image], *measured: str) -> LeakReport:
    settings = AttackSettings(samples=2)
    wanted = ["dlib_distance", *measured]
    return story.compare(lora_of(photos), None, photos, base_key="tiny", settings=settings, metrics=wanted)


def lora_of(photos: list[Image.Image]) -> LoraWeights:
    return story.tune(photos, None, base_key="tiny", settings=QUICK).lora


def app(tmp_path: Path) -> tuple[Services, gr.Blocks]:
    services = replace(fake_services(tmp_path, FakeStory()), plan=default_plan())
    return services, build_app(services)


def choices(blocks: gr.Blocks, *idents: str) -> list[list[tuple[str, str]]]:
    """Of the components with these ids."""
    known = {getattr(block, "elem_id", None): block for block in blocks.blocks.values()}
    return [known[ident].choices for ident in idents]  # type: ignore[attr-defined]


def test_an_attack_is_offered(attack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_lora(tmp_path / "lora.safetensors", lora())
    assert main(["attack", str(file), "--out", str(tmp_path / "out"), "--attack", "nonsense"]) == 2
    assert attack in capsys.readouterr().err
    services, blocks = app(tmp_path)
    (offered,) = choices(blocks, "method")
    assert ("Grey chart", attack) in offered
    assert order(services, {"base": BUNDLED, "method": attack}).method == attack


def test_an_attack_counts_in_a_sweep(attack: str, tiny: Any, pictures: list[Image.Image]) -> None:
    (found,) = tried(pictures, "none").points
    assert tuple(found.arms) == tuple(found.pictures) == arm_keys()
    assert attack in arm_keys()
    best = point("none", 0.5, 0.6, best=attack)
    assert best.best_attack == attack
    made = swept(best)
    # Place 3 of 1,001 would be a leak by one of three attacks. It is none by one of four.
    third = tuple(replace(r, values=(3.0,)) if r.key == PLACE else r for r in best.leakage.results)
    stands = standing(replace(best, leakage=replace(best.leakage, results=third)), made)
    assert stands is not None
    assert stands.found is Shown.TRACE
    for text in (table(made), plane(made), spoken(made), strips(made), " ".join(summarise(made).sentences)):
        assert "grey chart" in text
    assert f"{attack}_dlib_distance" in csv_row(1, best, made)


def test_an_attack_counts_in_a_comparison(attack: str, tiny: Any, pictures: list[Image.Image]) -> None:
    report = compared(pictures)
    assert attack in [arm.key for arm in report.arms]
    assert "Grey chart" in page(report)
    assert attack in [arm["key"] for arm in as_json(report)["arms"]]

    def arm(distance: float, rank: int) -> list[Any]:
        ranks = (replace(result(key, [rank] * 8), among=1001) for key in ("dlib_rank", "dlib_place"))
        return [result("dlib_distance", [distance + 0.001 * i for i in range(8)]), *ranks]

    far, near = arm(0.8, 500), arm(0.4, 1)
    verdict = judge({"encoder": far, attack: near, "chance": far})
    assert verdict.leaked
    assert "to the grey chart" in verdict.headline
    assert any("With the grey chart the person is recognised" in sentence for sentence in verdict.sentences)


def test_an_attack_counts_in_the_evaluation(
    attack: str, tiny: Any, base: Base, pictures: list[Image.Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defences, "MEASURED", {})
    setup = defences.Setup(tiny, base, QUICK, 2, tmp_path / "table")
    person = held_out.HeldOutPerson(7, pictures[:3], pictures[:2], pixels(pictures[:3]))
    crowd = np.zeros((2, 128))
    assert defences.run(setup, (choose("none"),), [person], crowd) == 1
    (path,) = setup.folder.glob("person-*.json")
    record = json.loads(path.read_text())
    assert record["arms"].keys() == {*arm_keys(), "chance"}
    record["arms"][attack]["distance"] = 0.01
    path.write_text(json.dumps(record))
    assert defences_table.rows(setup.folder)[0].best_attack == attack
    assert defences.run(setup, (choose("none"),), [person], crowd) == 0
    del record["arms"][attack]
    path.write_text(json.dumps(record))  # as from before the attack was there
    assert attack not in defences_table.summary(setup.folder)["none"]["arms"]
    assert defences.run(setup, (choose("none"),), [person], crowd) == 1
    two = [person, replace(person, identity=8)]
    monkeypatch.setattr(people, "held_out_people", lambda *_, **__: two)
    found = people.evaluate(tiny, base, QUICK, crowd, tmp_path / "people.json", samples=2, group=2)
    assert len(found["values"][attack]["distance"]) == 2
    assert {*attacks_on(base)} <= found["arms"].keys()
    assert attack in found["encoder_minus"]


def test_files_of_a_group_are_those_of_people_alone(tiny: Any, base: Base, pictures: list[Image.Image]) -> None:
    trainer = people.GroupTrainer(tiny, base, [pictures[:3], pictures[2:]], QUICK, seed=0)
    trainer.step()
    files = people.released(trainer)
    trainer.remove()
    alone = fine_tune(tiny, base, pictures[:3], QUICK).lora
    assert len(files) == 2
    for file in files:
        assert {name: t.shape for name, t in file.tensors.items()} == {n: t.shape for n, t in alone.tensors.items()}
        assert file.alphas == alone.alphas


def test_a_defence_is_offered(defence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "out")]
    for number in range(3):
        picture(number).save(tmp_path / f"{number}.png")
    assert main(["leak", "--photos", str(tmp_path), *out, "--defence", "nonsense"]) == 2
    assert defence in capsys.readouterr().err
    assert main(["defend", "--photos", str(tmp_path), *out, "--only", "nonsense"]) == 2
    assert defence in capsys.readouterr().err
    assert [made.key for made in chosen(defence)] == [defence]
    services, blocks = app(tmp_path)
    single, plan = choices(blocks, "defence", "plan")
    assert ("Half of it", defence) in single
    assert ("Half of it", defence) in plan
    assert order(services, {"base": BUNDLED, "defence": defence}).defence.key == defence


def test_a_defence_counts_in_a_sweep(defence: str, tiny: Any, pictures: list[Image.Image]) -> None:
    assert defence in [made.key for made in default_plan()]
    found = tried(pictures, f"none,{defence}")
    assert [point.key for point in found.points] == ["none", defence]
    made = swept(point("none", 0.5, 0.6), point(defence, 0.5, 0.79))
    for text in (table(made), plane(made), spoken(made), strips(made), " ".join(summarise(made).sentences)):
        assert "Half of it" in text


def test_a_defence_counts_in_the_evaluation(
    defence: str, tiny: Any, base: Base, pictures: list[Image.Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defences, "MEASURED", {})
    setup = defences.Setup(tiny, base, QUICK, 2, tmp_path / "table")
    person = held_out.HeldOutPerson(7, pictures[:3], pictures[:2], pixels(pictures[:3]))
    assert defences.run(setup, chosen(f"none,{defence}"), [person], np.zeros((2, 128))) == 2
    assert "| Half of it | 1 |" in defences_table.markdown(setup.folder)
    assert list(defences_table.summary(setup.folder)) == ["none", defence]


def test_a_metric_is_offered_and_measured_without_being_asked_for(metric: str, tmp_path: Path) -> None:
    assert metric in metrics.chosen("bundled")
    with pytest.raises(SettingsError, match=metric):
        metrics.chosen("nonsense")
    services = fake_services(tmp_path, FakeStory())
    assert metric in order(services, {"base": BUNDLED}).metrics
    assert metric in metrics.bundled()


def test_a_metric_counts_in_a_sweep(metric: str, tiny: Any, pictures: list[Image.Image]) -> None:
    found = tried(pictures, "none", metric)
    (only,) = found.points
    assert all(metric in [result.key for result in results] for results in only.arms.values())
    assert "Share of red" in table(found)
    assert f"dreambooth_{metric}" in csv_row(1, only, found)


def test_a_metric_counts_in_a_comparison(metric: str, tiny: Any, pictures: list[Image.Image]) -> None:
    report = compared(pictures, metric)
    assert all(metric in [result.key for result in results] for results in report.metrics.values())
    for text in (page(report), shown.figures(report), shown.table(report)):
        assert "Share of red" in text
    assert "half red" in shown.figures(report)


def test_a_layout_of_lora_files_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def reader(modules: Any) -> Any:
        return lambda key: (modules[0], "A" if key.endswith("in") else "B") if key.startswith("x|known") else None

    monkeypatch.setitem(LAYOUTS, "bars", OtherLayout(lambda key: key.startswith("x|"), reader))
    found = sort_keys("file", ["x|known|in", "x|known|out"], ["unet.mid_block.to_q"])
    assert found.layout == "bars"
    assert found.parts == {"unet.mid_block.to_q": {"A": "x|known|in", "B": "x|known|out"}}
    with pytest.raises(LoraFileError, match="no known base"):
        sort_keys("file", ["x|other|in"], ["unet.mid_block.to_q"])


def test_a_sweep_is_gone_on_with_only_where_every_attack_was_tried(
    attack: str, tiny: Any, pictures: list[Image.Image]
) -> None:
    made = tried(pictures, "none")
    again = tried(pictures, "none", done=made.points)
    assert list(again.points) == list(made.points)
    (only,) = made.points
    before = replace(only, arms={arm: results for arm, results in only.arms.items() if arm != attack})
    assert attack in tried(pictures, "none", done=[before]).points[0].arms


def test_a_base_is_offered(base: Base, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        picture(number).save(tmp_path / f"{number}.png")
    asked = ["leak", "--photos", str(tmp_path), "--out", str(tmp_path / "out"), "--base", "nonsense"]
    assert main(asked) == 2
    assert base.key in capsys.readouterr().err
    services, blocks = app(tmp_path)
    named = [block for block in blocks.blocks.values() if str(getattr(block, "label", "")).startswith("Base model")]
    assert len(named) == 2
    assert all((base.title, base.key) in block.choices for block in named)  # type: ignore[attr-defined]
    assert order(services, {"base": base.key}).base_key == base.key


def test_a_base_counts_in_sweep_comparison_and_evaluation(
    base: Base, tiny: Any, pictures: list[Image.Image], tmp_path: Path
) -> None:
    found = tried(pictures, "none")
    assert found.base.startswith("One more base")
    assert compared(pictures).base.startswith("One more base")
    assert base.key in defences.table_folder(tmp_path, base, QUICK, 2).parent.name
