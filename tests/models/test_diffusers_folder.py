from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler, PNDMScheduler
from safetensors.torch import load_file, save_file

from demo.errors import SettingsError, WeightsError
from demo.models import bases, load
from demo.models.bases import BASES, BUNDLED, base_in, find_base, known_bases
from demo.models.diffusers_folder import INDEX, weight_files
from demo.models.fingerprints import fingerprint
from demo.models.load import load_pipeline, usable_scheduler


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "my model")


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_folder_is_a_base(folder: Path) -> None:
    base = find_base(str(folder))
    assert (base.side, base.preset, base.bundled) == (16, "face64-cpu", False)
    assert base.key.startswith("my-model-")
    assert "/" not in base.key + base.title  # what visitors are shown holds no path
    assert "unknown" in base.licence
    assert base.folder == folder
    assert find_base(base.key) is base
    assert known_bases()[base.key] is base
    assert set(BASES) == {BUNDLED, "sd14", "sd21"}
    assert load_pipeline(base, "cpu").unet.config.sample_size == 4


def test_large_pictures_get_the_papers_settings(folder: Path) -> None:
    change(folder / "unet/config.json", sample_size=64)
    base = base_in(folder)
    assert (base.side, base.preset, base.class_prompt) == (256, "sd-gpu", "A human face")


def test_another_model_in_the_same_place_is_another_base(folder: Path) -> None:
    before = base_in(folder)
    assert base_in(folder) == before
    (folder / "encoder.safetensors").write_bytes(b"")  # beside the model
    assert base_in(folder).key == before.key
    change(folder / "unet/config.json", note="other")
    assert base_in(folder).key != before.key


def test_a_fingerprint_does_not_depend_on_place_and_date(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "elsewhere" / "my model", copy_function=shutil.copy)
    one, two = base_in(folder), base_in(other)
    assert one.key != two.key
    assert fingerprint(one) == fingerprint(two)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (INDEX, "model_index.json is missing"),
        ("unet/config.json", "unet/config.json is missing"),
        ("scheduler/scheduler_config.json", "scheduler/scheduler_config.json is missing"),
        ("unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.safetensors is missing"),
        ("text_encoder/model.safetensors", "text_encoder/model.safetensors is missing"),
    ],
)
def test_what_is_missing_is_named(folder: Path, lost: str, said: str) -> None:
    (folder / lost).unlink()
    with pytest.raises(WeightsError, match=said):
        find_base(str(folder))


def test_no_vocabulary(folder: Path) -> None:
    shutil.rmtree(folder / "tokenizer")
    with pytest.raises(WeightsError, match=r"vocab\.json"):
        find_base(str(folder))


def test_pickles_are_refused(folder: Path) -> None:
    (folder / "vae/diffusion_pytorch_model.safetensors").rename(folder / "vae/diffusion_pytorch_model.bin")
    with pytest.raises(WeightsError, match="pickle"):
        find_base(str(folder))


@pytest.mark.parametrize(
    ("part", "entry", "said"),
    [
        ("unet", ["diffusers", "UNet3DConditionModel"], "UNet3DConditionModel"),
        ("text_encoder", ["some_module", "CLIPTextModel"], "some_module"),
        ("scheduler", [None, None], "no scheduler"),
    ],
)
def test_other_classes_are_refused(folder: Path, part: str, entry: list[str | None], said: str) -> None:
    change(folder / INDEX, **{part: entry})
    with pytest.raises(WeightsError, match=said):
        find_base(str(folder))


def test_other_pipelines_are_refused(folder: Path) -> None:
    change(folder / INDEX, _class_name="StableDiffusionXLPipeline")
    with pytest.raises(WeightsError, match="StableDiffusionXLPipeline"):
        find_base(str(folder))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"in_channels": 9}, "inpainting"),
        ({"cross_attention_dim": 99}, "width 99"),
        ({"sample_size": [4, 8]}, "square"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(folder: Path, values: dict[str, object], said: str) -> None:
    change(folder / "unet/config.json", **values)
    with pytest.raises(WeightsError, match=said):
        find_base(str(folder))


def test_weights_in_several_files(folder: Path) -> None:
    path = folder / "unet/diffusion_pytorch_model.safetensors"
    tensors = sorted(load_file(path).items())
    halves = {"a.safetensors": dict(tensors[:9]), "b.safetensors": dict(tensors[9:])}
    for name, half in halves.items():
        save_file(half, path.with_name(name), metadata={"format": "pt"})
    where = {key: name for name, half in halves.items() for key in half}
    path.with_name(f"{path.name}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    path.unlink()
    assert [p.name for p in weight_files(folder, "unet")] == ["a.safetensors", "b.safetensors"]
    load_pipeline(find_base(str(folder)), "cpu")
    (path.with_name("b.safetensors")).unlink()
    with pytest.raises(WeightsError, match="missing"):
        find_base(str(folder))


def test_what_is_neither_a_name_nor_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no base model 'nonsense'"):
        find_base("nonsense")
    with pytest.raises(SettingsError, match="no folder"):
        find_base(str(tmp_path / "nothing"))


def test_schedulers_that_cannot_train_are_exchanged() -> None:
    common = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    pndm = PNDMScheduler(**common, steps_offset=1)
    assert usable_scheduler(pndm) is pndm
    for other in (EulerDiscreteScheduler(**common), PNDMScheduler(**common, prediction_type="v_prediction")):
        made = usable_scheduler(other)
        assert isinstance(made, DDIMScheduler)
        assert made.config.prediction_type == other.config.prediction_type
        assert torch.equal(made.alphas_cumprod, pndm.alphas_cumprod)


def test_models_that_wait_elsewhere_draw_the_same(tiny_base) -> None:
    """The layouts for small GPUs, with the CPU in the GPU's place."""
    from demo.models.sampling import compute_device, draw_prompt

    base = replace(tiny_base, sampling_steps=2)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more only get in each other's way on a model of this size
    drawn = []
    for placement in ("whole", "offloaded"):
        pipe = load_pipeline(base, "cpu", placement=placement)
        assert compute_device(pipe).type == "cpu"
        assert hasattr(pipe.unet, "_hf_hook") == (placement == "offloaded")
        assert pipe.vae.use_slicing == (placement != "whole")
        drawn.append([picture.tobytes() for picture in draw_prompt(pipe, base, "a person", 2, seed=0)])
    torch.set_num_threads(threads)
    assert drawn[0] == drawn[1]


def test_precision_of_a_base(tiny_base, monkeypatch) -> None:
    monkeypatch.setattr(load, "choose_dtype", lambda device: torch.bfloat16)
    assert load_pipeline(tiny_base, "cpu").unet.dtype == torch.bfloat16
    assert load_pipeline(tiny_base, "cpu", precise=True).unet.dtype == torch.float32
    monkeypatch.setattr(bases.Base, "bundled", property(lambda base: True))
    assert load_pipeline(tiny_base, "cpu").unet.dtype == torch.float32  # its figures were measured so
