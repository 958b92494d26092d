from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from demo.attack.weight_encoder import EncoderSettings, save_encoder
from demo.cli import main
from demo.defences import release
from demo.errors import DemoError
from demo.faces import recognise
from demo.faces.align import TEMPLATE
from demo.faces.detect import Face
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.lora.files import read_lora
from demo.metrics import clip
from demo.models.bases import BASES
from demo.photos import ingest
from demo.train.encoder import new_encoder
from demo.workflow import story

PLAIN = ["--samples", "1", "--steps", "2", "--no-prior", "--base", "tiny"]


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three pictures, in each of which the detector finds one face."""

    def one_face(image: Image.Image) -> list[Face]:
        side = min(image.size)
        return [Face(np.array([0.2, 0.2, 0.8, 0.9]) * side, TEMPLATE * side, 0.99)]

    monkeypatch.setattr(ingest, "find_faces", one_face)
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad input must be found before any of these."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("work was begun")

    for name in ("tune", "pipeline"):
        monkeypatch.setattr(story, name, never)
    for name in ("chance_arm", "attack_arm", "dreambooth_arm"):
        monkeypatch.setattr(f"demo.sweep.run.{name}", never)
    monkeypatch.setattr(ingest, "find_faces", never)


@pytest.fixture
def tiny(tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    quick = LoraSettings(steps=2, unet_rank=4)
    encoder = save_encoder(
        tmp_path / "encoder.safetensors", new_encoder(tiny_pipe, tiny_base, quick, EncoderSettings())
    )
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: encoder)
    monkeypatch.setitem(BASES, "tiny", tiny_base)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    embed = lambda some: np.array([np.asarray(p.convert("L").resize((16, 8)), dtype=float).ravel() / 255 for p in some])  # noqa: E731
    monkeypatch.setattr(recognise, "embed", embed)
    monkeypatch.setattr(clip, "embed_images", lambda which, some, device="auto": embed(some))
    monkeypatch.setattr(clip, "embed_text", lambda *_: np.ones((1, 128)))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def run(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[dict[str, Any], list[str]]:
    """The JSON object on stdout, and the lines on stderr."""
    assert main(list(map(str, arguments))) == code, capsys.readouterr().err
    printed = capsys.readouterr()
    return json.loads(printed.out.splitlines()[-1]) if printed.out else {}, printed.err.splitlines()


def refused(capsys: pytest.CaptureFixture[str], problem: str, *arguments: object) -> None:
    """Exit code 2, nothing on stdout, one line of error at the end."""
    out, lines = run(capsys, *arguments, code=2)
    assert out == {}
    assert [line for line in lines if line.startswith("Error")] == lines[-1:]
    assert problem in lines[-1]


# --- bad input


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("only", "problem"),
    [
        ("magic", "There is no defence 'magic'"),
        ("none,int8:3", "Rounding to int8 has no epsilon"),
        ("dpdm:0", "Epsilon is '0'"),
        ("dpdm:-2", "Epsilon is '-2'"),
        ("dpdm:many", "Epsilon is 'many'"),
        ("dpgm:3", "DPGM, ε = 3: Epsilon is 3"),
    ],
)
def test_defences_that_cannot_be_had(photos: Path, tmp_path: Path, capsys: Any, only: str, problem: str) -> None:
    refused(capsys, problem, "defend", "--photos", photos, "--out", tmp_path / "out", "--only", only)
    assert not (tmp_path / "out" / "sweep.json").exists()


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--defence", "magic"], "There is no defence 'magic'"),
        (["--defence", "int8", "--epsilon", "2"], "Rounding to int8 has no setting called epsilon"),
        (["--epsilon", "2"], "epsilon is given, but no defence is chosen"),
        (["--secure-noise"], "noise is given, but no defence is chosen"),
        (["--defence", "dpdm", "--epsilon", "0"], "epsilon: Input should be greater than 0"),
        (["--defence", "dpdm", "--epsilon", "-1"], "epsilon: Input should be greater than 0"),
        (["--defence", "dpdm", "--epsilon", "x"], "invalid float value: 'x'"),
        (["--defence", "dpdm", "--epsilon", "inf"], "Epsilon is inf"),
        (["--defence", "dpdm", "--noise-multiplier", "5", "--delta", "0.5"], "it must be at most 0.001"),
        (["--defence", "dpdm", "--epsilon", "0.1", "--noise-multiplier", "0.3"], "does not allow even one step"),
        (["--defence", "dpdm", "--noise-multiplier", "nan"], "noise_multiplier"),
        (["--defence", "dpdm", "--defence-set", "clip"], "--defence-set is given 'clip'"),
        (["--defence", "dpdm", "--defence-set", "magic=1"], "no setting called magic"),
        (["--defence", "dpdm", "--defence-set", "noise_draws=0"], "noise_draws"),
    ],
)
def test_leak_with_a_defence_that_cannot_be_had(
    photos: Path, tmp_path: Path, capsys: Any, options: list[str], problem: str
) -> None:
    refused(capsys, problem, "leak", "--photos", photos, "--out", tmp_path / "out", *options)


@pytest.mark.usefixtures("no_work")
def test_photos_and_output_are_checked_first(photos: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").write_text("x")
    refused(capsys, "Cannot write into", "defend", "--photos", photos, "--out", tmp_path / "file")
    (photos / "0.png").unlink()
    refused(capsys, "1 photo too few", "defend", "--photos", photos, "--out", tmp_path / "out")


# --- leak with a defence


@pytest.mark.usefixtures("tiny")
def test_leak_writes_the_ledger_beside_the_file(photos: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out"
    options = [
        "--defence",
        "dpdm",
        "--noise-multiplier",
        "3",
        "--secure-noise",
        "--defence-set",
        "noise_draws=2",
        "clip=0.5",
    ]
    result, _ = run(capsys, "leak", "--photos", photos, "--out", out, *PLAIN, *options)
    ledger = json.loads((out / "lora.ledger.json").read_text(encoding="utf-8"))
    assert result["files"]["ledger"] == str(out / "lora.ledger.json")
    told = result["defence"]
    assert (told["key"], told["guarantee"], told["label"]) == ("dpdm", "proved", "DP-SGD (DPDM), σ = 3")
    assert told["photo_epsilon"] == ledger["photo_epsilon"] > 0
    assert told["person_epsilon"] == ledger["person_epsilon"] > told["photo_epsilon"]
    assert ledger["settings"]["epsilon"] is None  # no budget that nobody asked for
    assert (ledger["settings"]["noise_draws"], ledger["clip"], ledger["steps"]) == (2, 0.5, 2)
    assert "cryptographically secure" in ledger["noise"]
    assert not [key for key in read_lora(out / "lora.safetensors").metadata if "ledger" in key]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["settings"]["defence"]["noise_draws"] == 2
    assert set(ledger["sentences"]) <= set(report["notes"])

    # the next run into the same folder has no defence: no ledger may lie beside its file
    result, _ = run(capsys, "leak", "--photos", photos, "--out", out, *PLAIN)
    assert not (out / "lora.ledger.json").exists()
    assert "ledger" not in result["files"]
    assert result["defence"]["guarantee"] == "none"


@pytest.mark.usefixtures("tiny")
def test_a_budget_that_ends_the_run_is_said(photos: Path, tmp_path: Path, capsys: Any) -> None:
    options = ["--defence", "dpdm", "--noise-multiplier", "1.6", "--epsilon", "6"]
    result, lines = run(
        capsys, "leak", "--photos", photos, "--out", tmp_path / "out", *PLAIN, "--steps", "30", *options
    )
    assert 0 < result["steps"] < 30
    assert result["defence"]["photo_epsilon"] <= 6
    assert f"The budget was spent after {result['steps']} of 30 steps." in lines


# --- the sweep


@pytest.mark.usefixtures("tiny")
def test_defend_writes_everything_and_is_resumed(
    photos: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    common = ["defend", "--photos", photos, "--out", out, *PLAIN]
    monkeypatch.setattr("demo.photos.same_person.strangers", lambda found: [f"{found[1][0]} is somebody else."])
    result, lines = run(capsys, *common, "--only", "none,int8")
    assert "1.png is somebody else." in lines
    assert (result["command"], result["base"], result["planned"]) == ("defend", "tiny", 2)
    assert [point["key"] for point in result["points"]] == ["none", "int8"]
    assert result["photos"] == {"fine_tuned_on": 3, "scored_against": 3}
    assert result["headline"] in lines[-1]
    assert "1 of 2: No defence: fine-tune: 1 of 2" in " ".join(lines)
    plain, rounded = result["points"]
    assert plain["ledger"] is None
    assert {path.name for path in Path(rounded["folder"]).iterdir()} == {
        "lora.safetensors", "lora.ledger.json", "point.json",
        "dreambooth-0.png", "encoder-0.png", "class_prompt-0.png", "random_trigger-0.png",
    }  # fmt: skip
    assert {path.name for path in out.iterdir()} == {"defend.csv", "report.json", "report.html", "sweep.json", "points"}
    with (out / "defend.csv").open(encoding="utf-8", newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)] == ["none", "int8"]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["format"] == "lora-leak-defend/1"
    secret = json.loads((out / "sweep.json").read_text(encoding="utf-8"))["seed"]
    for name in ("report.json", "report.html", "defend.csv"):
        assert str(secret) not in (out / name).read_text(encoding="utf-8")
    assert str(secret) not in json.dumps(result)

    refused(capsys, "holds a sweep already", *common, "--only", "none,int8")

    trained: list[tuple[object, int]] = []
    train = story.tune
    monkeypatch.setattr(story, "tune", lambda *a, **k: trained.append((k["defence"], k["seed"])) or train(*a, **k))
    (out / "points" / "int8" / "point.json").unlink()  # as an interrupted run leaves it
    result, lines = run(capsys, *common, "--only", "truncate,int8", "--resume")
    assert trained == [(None, secret)]  # one plain run, which both share
    assert [point["key"] for point in result["points"]] == ["none", "truncate", "int8"]
    assert "Finished earlier, not run again: No defence" in lines

    refused(capsys, "with other settings (fine-tuning)", *common, "--resume", "--steps", "3")
    refused(capsys, "with other settings (seed)", *common, "--resume", "--seed", "1")
    with monkeypatch.context() as retrained:
        retrained.setattr("demo.models.fingerprints.fingerprint", lambda base, **_: "of other weights")
        refused(capsys, "with other settings (the base's weights)", *common, "--resume")
    (photos / "0.png").rename(photos / "9.png")  # other photos, for their order is another
    refused(capsys, "holds a sweep of other photos", *common, "--resume")


@pytest.mark.usefixtures("tiny")
def test_an_interrupted_sweep_keeps_what_is_finished(
    photos: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = tmp_path / "out", release.write_tuned

    def interrupted(path: Path, tuned: Any) -> None:
        if tuned.ledger.defence == "int8":
            raise KeyboardInterrupt
        write(path, tuned)

    monkeypatch.setattr("demo.sweep.run.write_tuned", interrupted)
    run(capsys, "defend", "--photos", photos, "--out", out, *PLAIN, "--only", "none,int8", code=130)
    assert (out / "points" / "none" / "point.json").exists()
    assert not (out / "points" / "int8" / "point.json").exists()


@pytest.mark.usefixtures("tiny")
def test_when_nothing_could_be_tried_it_is_an_error(
    photos: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverges(*_: object, **__: object) -> None:
        raise DemoError("The loss is nan at step 1.", "Lower the learning rate.")

    monkeypatch.setattr(story, "tune", diverges)
    arguments = ["defend", "--photos", photos, "--out", tmp_path / "out", *PLAIN, "--only", "none"]
    refused(capsys, "No defence could be tried.", *arguments)
    assert not (tmp_path / "out" / "report.json").exists()


@pytest.mark.usefixtures("tiny")
def test_private_photos_are_in_the_page_only_when_asked(photos: Path, tmp_path: Path, capsys: Any) -> None:
    counts = []
    for extra in ([], ["--include-photos"]):
        out = tmp_path / f"out {len(extra)}"
        run(capsys, "defend", "--photos", photos, "--out", out, *PLAIN, "--only", "none", *extra)
        counts.append((out / "report.html").read_text(encoding="utf-8").count("<img "))
    assert counts[1] == counts[0] + 3
