from __future__ import annotations

import io
import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file

from demo.attack.weight_encoder import EncoderSettings, save_encoder
from demo.cli import main
from demo.faces import recognise
from demo.faces.align import TEMPLATE
from demo.faces.detect import Face
from demo.finetune.dreambooth import FineTuned
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, expected_shapes, read_lora, write_lora
from demo.lora.metadata.leak import scan
from demo.models.bases import BASES, BUNDLED, Base
from demo.origin import XMP_KEYWORD
from demo.photos import ingest
from demo.report import LeakReport
from demo.report.verdict import Verdict
from demo.train.encoder import new_encoder
from demo.workflow import story

ROOT = Path(__file__).parents[2]


def one_face(image: Image.Image) -> list[Face]:
    side = min(image.size)
    return [Face(np.array([0.2, 0.2, 0.8, 0.9]) * side, TEMPLATE * side, 0.99)]


def picture(path: Path, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((64, 64), Image.Resampling.BICUBIC).save(path)
    return path


def bomb(path: Path) -> None:
    """A PNG of a few bytes that claims 65535 x 65535 pixels."""
    header = struct.pack(">IIBBBBB", 65535, 65535, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six pictures, in each of which the detector finds one face."""
    monkeypatch.setattr(ingest, "find_faces", one_face)
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(6):
        picture(folder / f"{i}.png", i)
    return folder


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad input must be found before any of these."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("work was begun")

    for name in ("tune", "attack", "compare"):
        monkeypatch.setattr(story, name, never)


@pytest.fixture
def tiny(
    tiny_pipe: StableDiffusionPipeline, tiny_base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StableDiffusionPipeline]:
    """The tiny random base under the name 'tiny', with an encoder to it."""
    quick = LoraSettings(steps=2, unet_rank=4)
    encoder = save_encoder(
        tmp_path / "encoder.safetensors", new_encoder(tiny_pipe, tiny_base, quick, EncoderSettings())
    )
    monkeypatch.setattr("demo.attack.by_encoder.encoder_path", lambda base: encoder)
    monkeypatch.setitem(BASES, "tiny", tiny_base)
    monkeypatch.setattr(story, "pipeline", lambda *_, **__: tiny_pipe)
    monkeypatch.setattr(recognise, "embed", quick_embed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more only get in each other's way on a model of this size
    yield tiny_pipe
    torch.set_num_threads(threads)


def quick_embed(pictures: Sequence[Image.Image]) -> NDArray[np.float64]:
    """In dlib's place: 128 numbers of each picture."""
    return np.array([np.asarray(p.convert("L").resize((16, 8)), dtype=np.float64).ravel() / 255 for p in pictures])


def fails(capsys: pytest.CaptureFixture[str], arguments: list[object], problem: str, code: int = 2) -> None:
    """The command ends with ``code``, one line that says ``problem``, no traceback and nothing on stdout."""
    assert main([str(argument) for argument in arguments]) == code
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert "Traceback" not in printed.err
    assert [line for line in lines if re.match("Error|Unexpected", line)] == lines[-1:]
    assert re.search(problem, lines[-1]), lines[-1]
    assert printed.out == ""


def weights(pipe: StableDiffusionPipeline, rank: int = 4) -> LoraWeights:
    shapes = {m: s for m, s in expected_shapes(pipe).items() if m.startswith("unet.") and m.endswith(("to_q", "to_v"))}
    tensors = {}
    for module, (out, into) in shapes.items():
        tensors[f"{module}.lora_A.weight"] = torch.randn(rank, into) / 10
        tensors[f"{module}.lora_B.weight"] = torch.randn(out, rank) / 10
    return LoraWeights(tensors=tensors, alphas=dict.fromkeys(shapes, 4.0), metadata={})


# --- bad input of leak


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("count", "problem"),
    [(0, "No photo in the folder photos"), (2, "2 photos: 1 photo too few"), (21, "21 photos; at")],
)
def test_number_of_photos(photos: Path, tmp_path: Path, capsys: Any, count: int, problem: str) -> None:
    for path in photos.iterdir():
        path.unlink()
    for i in range(count):
        picture(photos / f"{i}.png", i)
    fails(capsys, ["leak", "--photos", photos, "--out", tmp_path / "out"], problem)


@pytest.mark.usefixtures("no_work")
def test_photos_that_cannot_be_decoded(photos: Path, tmp_path: Path, capsys: Any) -> None:
    arguments: list[object] = ["leak", "--photos", photos, "--out", tmp_path / "out"]
    Image.effect_noise((400, 400), 50).save(photos / "cut.jpg")
    data = (photos / "cut.jpg").read_bytes()
    (photos / "cut.jpg").write_bytes(data[: len(data) // 2])
    fails(capsys, arguments, "cut.jpg is cut short")
    (photos / "cut.jpg").unlink()
    bomb(photos / "bomb.png")
    fails(capsys, arguments, "bomb.png has 65535 x 65535 pixels; the limit is 50 megapixels")
    (photos / "cut.webp").write_bytes(b"RIFF\xff\xff\0\0WEBPVP8 ")
    fails(capsys, arguments, r"2 of 8 photos cannot be read: bomb\.png .* cut\.webp is cut short")


@pytest.mark.usefixtures("no_work")
def test_photos_without_a_face(photos: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "find_faces", lambda image: [])
    fails(capsys, ["leak", "--photos", photos, "--out", tmp_path / "out"], r"6 of 6 photos .* No face found in 0\.png")


@pytest.mark.usefixtures("no_work")
def test_a_folder_that_is_not_there(tmp_path: Path, capsys: Any) -> None:
    fails(
        capsys, ["leak", "--photos", tmp_path / "nowhere", "--out", tmp_path / "out"], "Cannot list the folder nowhere"
    )


@pytest.mark.usefixtures("no_work")
def test_an_output_that_cannot_be_written_is_found_first(photos: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        fails(capsys, ["leak", "--photos", tmp_path / "nowhere", "--out", out], f"Cannot write into {out}")
        fails(capsys, ["attack", tmp_path / "no.safetensors", "--out", out], f"Cannot write into {out}")
    assert list(photos.parent.glob("**/.part-*")) == []


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "COMMAND"),
        (["leak"], "--photos, --out"),
        (["leak", "--photos", "p", "--out", "o", "--steps", "0"], "--steps: '0' is not a whole number from 1 to 20000"),
        (["leak", "--photos", "p", "--out", "o", "--samples", "x"], "--samples: 'x'"),
        (["leak", "--photos", "p", "--out", "o", "--seed", "-1"], "--seed: '-1'"),
        (["attack", "--out", "o"], "FILE.safetensors"),
        (["draw"], "invalid choice: 'draw'"),
    ],
)
def test_arguments(capsys: Any, arguments: list[object], problem: str) -> None:
    fails(capsys, arguments, problem)


@pytest.mark.usefixtures("no_work")
def test_an_unknown_metric(photos: Path, tmp_path: Path, capsys: Any) -> None:
    fails(capsys, ["leak", "--photos", photos, "--out", tmp_path, "--metrics", "fid"], "Unknown metric: fid")


@pytest.mark.usefixtures("no_work")
def test_an_unknown_base(photos: Path, tmp_path: Path, capsys: Any) -> None:
    fails(capsys, ["leak", "--photos", photos, "--out", tmp_path, "--base", "sd99"], "no base model 'sd99'")


@pytest.mark.usefixtures("no_work")
def test_a_gate_that_the_base_has_not_got(photos: Path, tmp_path: Path, capsys: Any) -> None:
    words = ["leak", "--photos", photos, "--out", tmp_path / "out", "--base", "sd14", "--gate"]
    fails(capsys, words, "There is no gate for Stable Diffusion 1.4")


# --- bad input of attack


@pytest.mark.usefixtures("no_work", "tiny")
def test_files_that_are_no_lora(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "x.safetensors"
    arguments: list[object] = ["attack", path, "--out", tmp_path / "out", "--base", "tiny"]
    fails(capsys, arguments, r"x\.safetensors is not there")
    torch.save({"a": torch.zeros(1)}, path)
    fails(capsys, arguments, "pickle")
    path.write_bytes(b"\x80\x04}.")
    fails(capsys, arguments, "pickle")
    path.write_bytes(b"")
    fails(capsys, arguments, "is empty")


@pytest.mark.usefixtures("no_work")
def test_files_that_do_not_fit(tiny: StableDiffusionPipeline, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "x.safetensors"
    arguments: list[object] = ["attack", path, "--out", tmp_path / "out", "--base", "tiny"]
    good = weights(tiny)
    keys = [key for key in good.tensors if key.endswith("attn2.to_v.lora_A.weight")]

    def save(tensors: dict[str, torch.Tensor]) -> None:
        from safetensors.torch import save_file

        save_file(tensors, path)

    save({**good.tensors, keys[0]: torch.full_like(good.tensors[keys[0]], float("nan"))})
    fails(capsys, arguments, "NaN or infinite numbers")
    save({**good.tensors, keys[0]: torch.zeros(4, 31)})
    fails(capsys, arguments, r"x\.safetensors")
    save({**good.tensors, keys[0]: torch.zeros(3, 32)})
    fails(capsys, arguments, r"ranks of A \(3\) and B \(4\)")
    save({**good.tensors, **{key: torch.zeros(4, 768) for key in keys}})
    fails(capsys, arguments, "is for Stable Diffusion 1.x")


# --- errors of the program


def test_an_unexpected_error_is_one_line_and_a_traceback_only_when_asked(
    photos: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of\nluck")

    monkeypatch.setattr(story, "tune", broken)
    arguments: list[object] = ["leak", "--photos", photos, "--out", tmp_path / "out"]
    fails(capsys, arguments, r"^Unexpected RuntimeError: out of luck \(--debug shows where\)$", code=1)
    with pytest.raises(RuntimeError, match="luck"):
        main([*map(str, arguments), "--debug"])


def test_an_interrupt_is_no_traceback(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(story, "tune", interrupted)
    assert main(["leak", "--photos", str(photos), "--out", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err.endswith("Interrupted.\n")


def test_bad_input_is_found_without_torch(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    code = (
        "import sys; from demo.cli import main\n"
        f"codes = [main(['leak', '--photos', {str(tmp_path)!r}, '--out', {str(tmp_path / 'o')!r}]),"
        f" main(['attack', {str(tmp_path / 'one.png')!r}, '--out', {str(tmp_path / 'o')!r}])]\n"
        "assert codes == [2, 2], codes\n"
        "assert not {'torch', 'diffusers', 'gradio'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- the whole of it, on a tiny random base


@pytest.mark.usefixtures("tiny")
def test_leak_then_attack_its_file(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setenv("LORA_LEAK_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    options = ["--base", "tiny", "--steps", "2", "--samples", "2", "--seed", "7", "--no-prior", "--metrics", "dino"]
    assert main(["leak", "--photos", str(photos), "--out", str(out), *options]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out.splitlines()[-1])
    names = {path.name for path in out.iterdir()}
    arms = ("reconstruction", "dreambooth", "class_prompt", "guessed_trigger")
    drawn = {f"{name}-{i}.png" for name in arms for i in range(2)}
    assert names == {"lora.safetensors", "lora.card.md", "report.json", "report.html"} | drawn
    for name in drawn:
        with Image.open(out / name) as image:
            assert (image.size, image.format) == ((16, 16), "PNG")
            assert set(image.info) == {"Comment", XMP_KEYWORD, "xmp"}  # the mark of what was drawn, and nothing else
    assert (result["command"], result["base"], result["steps"], result["leaked"]) == ("leak", "tiny", 2, False)
    assert result["photos"] == {"fine_tuned_on": 5, "scored_against": 6}
    measured = json.loads((out / "report.json").read_text(encoding="utf-8"))["arms"][1]["metrics"]
    lacking = {metric["key"]: metric["unavailable"] for metric in measured if metric["unavailable"]}
    assert "LORA_LEAK_OFFLINE forbids downloads" in lacking["dino"]  # listed as such, not replaced
    assert "DINO" in (out / "report.html").read_text(encoding="utf-8")
    assert "facenet_accuracy" not in {metric["key"] for metric in measured}
    assert set(result["arms"]["encoder"]) == {"dlib_distance", "dlib_rank", "dlib_place"}
    assert result["arms"]["encoder"]["dlib_distance"] > 0
    assert {"photos", "fine-tune", "attack", "metrics"} <= set(result["seconds"])
    assert result["peak_memory_mb"] > 50
    assert result["files"]["reconstruction"] == [str(out / f"reconstruction-{i}.png") for i in range(2)]
    assert result["headline"] in printed.err
    assert "The photos seem to show several different people." in printed.err
    trigger = re.search(r"secret trigger, in no file: ([a-z]{4,11})\n", printed.err)
    assert trigger is not None
    assert trigger[1] not in printed.out
    assert not any(trigger[1].encode() in path.read_bytes() for path in out.glob("*.[jshm]*"))
    assert result["files"]["card"] == str(out / "lora.card.md")
    card = (out / "lora.card.md").read_text(encoding="utf-8")
    assert 'weight_name="lora.safetensors"' in card
    assert not [path.name for path in photos.iterdir() if path.name in card]
    assert str(tmp_path) not in card

    again = tmp_path / "attack"
    file = str(out / "lora.safetensors")
    assert main(["attack", file, "--out", str(again), "--base", "tiny", "--samples", "3", "--steps", "2"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {path.name for path in again.iterdir()} == {
        *(f"reconstruction-{i}.png" for i in range(3)),
        "report.json",
        "report.html",
    }
    assert result["seen"]["ranks"] == [16, 32]  # of the text encoder and of the UNet
    assert 0 <= result["best"] < 3
    report = json.loads((again / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"]["leaked"] is False
    assert report["verdict"]["headline"].startswith("Not judged")
    assert len(report["seen"]) == result["seen"]["matrices"]

    chosen = ["attack", file, "--out", str(again), "--base", "tiny", "--samples", "1", "--steps", "2", "--attack"]
    assert main([*chosen, "class_prompt"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["attack"] == "class_prompt"
    assert main([*chosen, "magic"]) == 2
    assert "There is no attack 'magic'" in capsys.readouterr().err


def test_photos_are_in_the_report_only_when_asked(
    photos: Path, tmp_path: Path, tiny: StableDiffusionPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare(_: LoraWeights, __: str, scored: list[Image.Image], **___: object) -> LeakReport:
        return LeakReport("t", "b", {}, [], {}, Verdict("h", (), leaked=False), {}, photos=scored)

    monkeypatch.setattr(story, "compare", compare)
    monkeypatch.setattr(story, "tune", lambda photos, out, **_: FineTuned(write(out), "secret", 1, stopped=False))
    monkeypatch.setattr(story, "open_lora", lambda path, **_: read_lora(path))

    def write(out: Path) -> LoraWeights:
        write_lora(out, weights(tiny))
        return weights(tiny)

    pages = []
    for extra in ([], ["--include-photos"]):
        out = tmp_path / f"out {len(extra)}"
        assert main(["leak", "--photos", str(photos), "--out", str(out), *extra]) == 0
        pages.append((out / "report.html").read_text(encoding="utf-8").count("<img "))
    assert pages == [0, 6]


def test_a_safe_file_of_the_right_shapes_is_attacked(tiny: StableDiffusionPipeline, tmp_path: Path) -> None:
    path = write_lora(tmp_path / "x.safetensors", weights(tiny))
    options = ["--base", "tiny", "--samples", "1", "--steps", "1"]
    assert main(["attack", str(path), "--out", str(tmp_path / "out"), *options]) == 0


def kohya_file(pipe: StableDiffusionPipeline, path: Path, metadata: dict[str, str]) -> Path:
    lora = weights(pipe)
    tensors = {}
    for module in lora.modules():
        name = "lora_unet_" + module.removeprefix("unet.").replace(".", "_")
        tensors[f"{name}.lora_down.weight"], tensors[f"{name}.lora_up.weight"] = lora.matrices(module)
        tensors[f"{name}.alpha"] = torch.tensor(lora.alphas[module])
    save_file(tensors, path, metadata=metadata)
    return path


def test_a_file_from_the_wild_says_its_trigger_and_a_clean_copy_does_not(
    tiny: StableDiffusionPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = {"ss_dataset_dirs": json.dumps({"10_zorblax person": {"n_repeats": 10, "img_count": 5}})}
    path = kohya_file(tiny, tmp_path / "x.safetensors", metadata | {"ss_training_comment": "\x1b[2Jhello"})
    options = ["--base", "tiny", "--samples", "1", "--steps", "1", "--clean", str(tmp_path / "clean.safetensors")]
    assert main(["attack", str(path), "--out", str(tmp_path / "out"), *options]) == 0
    printed = capsys.readouterr()
    assert "high: trigger word: zorblax (ss_dataset_dirs)" in printed.err
    assert "\x1b[2J" not in printed.err
    result = json.loads(printed.out.splitlines()[-1])
    assert {"zorblax"} == {said["value"] for said in result["metadata_leak"] if said["kind"] == "trigger"}
    assert result["files"]["clean"] == str(tmp_path / "clean.safetensors")
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["metadata_leak"] == result["metadata_leak"]
    assert scan(tmp_path / "clean.safetensors") == ()


@pytest.mark.usefixtures("no_work")
def test_a_file_that_cannot_be_attacked_still_says_what_it_says(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "sdxl.safetensors"
    save_file({"lora_te2_x.alpha": torch.tensor(1.0)}, path, metadata={"ss_output_name": "zorblax"})
    assert main(["attack", str(path), "--out", str(tmp_path / "out"), "--clean", str(tmp_path / "c.safetensors")]) == 2
    printed = capsys.readouterr()
    assert "the name that the maker gave it: zorblax" in printed.err
    assert "SDXL" in printed.err.splitlines()[-1]
    assert scan(tmp_path / "c.safetensors") == ()  # the header is all that cleaning needs


@pytest.mark.usefixtures("no_work")
def test_an_embedding_that_a_clean_copy_leaves_out_is_named(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"<zorblax>": torch.ones(4), "unet:0:up": torch.ones(2, 2), "unet:0:down": torch.ones(2, 2)}, path)
    assert main(["attack", str(path), "--out", str(tmp_path / "out"), "--clean", str(tmp_path / "c.safetensors")]) == 2
    printed = capsys.readouterr().err
    assert "Left out of it, since they are named by the words that call them: <zorblax>" in printed
    assert "cloneofsimo" in printed.splitlines()[-1]
    assert b"zorblax" not in (tmp_path / "c.safetensors").read_bytes()


def changed(lora: LoraWeights, factor: float) -> LoraWeights:
    tensors = {key: tensor * factor if "lora_B" in key else tensor for key, tensor in lora.tensors.items()}
    return LoraWeights(tensors=tensors, alphas=lora.alphas)


@pytest.mark.parametrize(
    ("factor", "said"), [(0, "changes nothing: its B matrices"), (1e9, "where 16-bit numbers end")]
)
def test_a_file_that_can_show_nothing_is_refused_before_anything_is_drawn(
    tiny: StableDiffusionPipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    factor: float,
    said: str,
) -> None:
    monkeypatch.setattr(story, "attack", lambda *_, **__: pytest.fail("it was drawn"))
    path = write_lora(tmp_path / "x.safetensors", changed(weights(tiny), factor))
    assert main(["attack", str(path), "--out", str(tmp_path / "out"), "--base", "tiny"]) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_a_folder_with_one_lora_is_attacked(tiny: StableDiffusionPipeline, tmp_path: Path) -> None:
    folder = tmp_path / "mia-lora"
    folder.mkdir()
    lora = weights(tiny).unet()
    peft = {"base_model.model." + key.removeprefix("unet."): tensor for key, tensor in lora.tensors.items()}
    save_file({key: tensor.contiguous() for key, tensor in peft.items()}, folder / "adapter_model.safetensors")
    rank = next(iter(lora.tensors.values())).shape[0]
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank, "lora_alpha": 3, "peft_type": "LORA"}))
    options = ["--base", "tiny", "--samples", "1", "--steps", "1"]
    assert main(["attack", str(folder), "--out", str(tmp_path / "out"), *options]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["notes"] == [] or "scale 1" not in str(report["notes"])
    assert report["settings"]["file"] == "adapter_model.safetensors"


def test_a_file_for_another_base_is_told_the_option_that_chooses_it(
    tiny: StableDiffusionPipeline, tmp_path: Path, capsys: Any
) -> None:
    path = write_lora(tmp_path / "x.safetensors", weights(tiny))
    assert main(["attack", str(path), "--out", str(tmp_path / "out"), "--base", "sd14"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "expected is Stable Diffusion 1.4 (Hub" in last
    assert "choose it with --base tiny" in last


@pytest.mark.slow
@pytest.mark.skipif(not BASES[BUNDLED].bundled, reason="weights are not there")
@pytest.mark.skipif(not (ROOT / "weights/people/examples/00").is_dir(), reason="weights/people is not there")
def test_the_bundled_world(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo", "leak", "--photos", "weights/people/examples/00", "--out", str(tmp_path)]
    done = subprocess.run([*command, "--steps", "20"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["arms"]["dreambooth"]["dlib_distance"] > 0
    with Image.open(io.BytesIO((tmp_path / "dreambooth-0.png").read_bytes())) as image:
        assert image.size == (64, 64)
