from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from demo.errors import LoraFileError
from demo.lora.files import LoraWeights, read_lora, write_lora
from demo.lora.metadata.leak import Finding, excerpt, scan, scan_metadata

NAME = "person.safetensors"
LAYER = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
# What train_network.py of sd-scripts writes (every value a text), with names of nobody.
KOHYA = {
    "ss_session_id": "2937473434",
    "ss_training_started_at": "1690000000.5",
    "ss_training_finished_at": "1690003600.25",
    "ss_output_name": "zorblax_v2",
    "ss_learning_rate": "0.0001",
    "ss_num_train_images": "150",
    "ss_num_reg_images": "0",
    "ss_network_module": "networks.lora",
    "ss_network_dim": "32",
    "ss_network_alpha": "16.0",
    "ss_seed": "1234",
    "ss_training_comment": "holiday pictures, ask mia@example.org",
    "ss_sd_model_name": "C:\\Users\\Mia Q\\models\\v1-5-pruned.safetensors",
    "ss_sd_model_hash": "cc6cb27103",
    "ss_new_sd_model_hash": "e1441589a6f3c5a53f5f54d0975a18a7feb7cdf0b0dee276dfc3331ae376a053",
    "ss_vae_name": "None",
    "ss_dataset_dirs": json.dumps({"10_zorblax person": {"n_repeats": 10, "img_count": 15}}),
    "ss_reg_dataset_dirs": json.dumps({"1_person": {"n_repeats": 1, "img_count": 200}}),
    "ss_tag_frequency": json.dumps({"10_zorblax person": {"zorblax": 15, "smiling": 9, "beach": 4}}),
    "sshs_model_hash": "af" * 32,
    "sshs_legacy_hash": "1a2b3c4d",
    "modelspec.title": "zorblax_v2",
    "modelspec.architecture": "stable-diffusion-v1/lora",
    "modelspec.thumbnail": "data:image/jpeg;base64," + "A" * 5000,
}


def said(metadata: dict[str, str], kind: str) -> list[Finding]:
    return [finding for finding in scan_metadata(metadata) if finding.kind == kind]


def values(metadata: dict[str, str], kind: str) -> set[str]:
    return {finding.value for finding in said(metadata, kind)}


def write(path: Path, metadata: dict[str, str] | None = None, **more: torch.Tensor) -> Path:
    torch.manual_seed(0)
    tensors = {
        f"{LAYER}.lora_down.weight": torch.randn(2, 8),
        f"{LAYER}.lora_up.weight": torch.randn(8, 2),
        f"{LAYER}.alpha": torch.tensor(1.0),
    }
    save_file(tensors | more, path, metadata=metadata)
    return path


def test_what_kohyas_trainer_writes() -> None:
    assert values(KOHYA, "trigger") == {"zorblax"}
    assert values(KOHYA, "tags") == {"zorblax (15), smiling (9), beach (4)"}
    assert values(KOHYA, "folder") == {"10_zorblax person", "1_person"}
    assert values(KOHYA, "photos") == {"15 photos, each 10 times an epoch"}
    assert values(KOHYA, "name") == {"zorblax_v2"}
    assert values(KOHYA, "date") == {"2023-07-22 04:26 UTC", "2023-07-22 05:26 UTC"}
    assert values(KOHYA, "mail") == {"mia@example.org"}
    assert values(KOHYA, "user") == {"Mia Q"}
    assert values(KOHYA, "path") == {"C:\\Users\\Mia Q\\models\\v1-5-pruned.safetensors"}
    assert values(KOHYA, "seed") == {"1234", "2937473434"}
    assert "stable-diffusion-v1/lora" in values(KOHYA, "base")
    assert "None" not in values(KOHYA, "base")
    assert len(values(KOHYA, "hash")) == 2
    (settings,) = said(KOHYA, "settings")
    assert "network_dim" in settings.value
    assert values(KOHYA, "other") == set()


def test_every_key_is_accounted_for_and_the_gravest_come_first() -> None:
    found = scan_metadata(KOHYA)
    assert [f.severity for f in found] == sorted((f.severity for f in found), key=("high", "medium", "low").index)
    named = {key for f in found for key in f.where.split(", ")}
    settings = {f"ss_{key}" for f in found if f.kind == "settings" for key in f.value.split(", ")}
    unsaid = {"ss_vae_name", "ss_num_train_images"}  # None, and counted by its folders
    assert named | settings | unsaid >= set(KOHYA)
    assert all(f.what and f.why and len(f.value) <= 200 for f in found)


def test_one_thing_in_several_places_is_one_finding() -> None:
    (trigger,) = said(KOHYA, "trigger")
    assert trigger.where == "ss_dataset_dirs, ss_tag_frequency"
    (name,) = said(KOHYA, "name")
    assert name.where == "ss_output_name, modelspec.title"
    # The rule for a thumbnail and the search for pictures find one picture, shown by its size alone.
    assert all("AAAAAAAAAAAA" not in f.value for f in said(KOHYA, "picture"))


def test_datasets_of_a_configuration_file() -> None:
    subsets = [
        {"img_count": 7, "num_repeats": 3, "image_dir": "mia", "class_tokens": "qux woman", "is_reg": False},
        {"img_count": 99, "num_repeats": 1, "image_dir": "other", "is_reg": True},
    ]
    metadata = {"ss_datasets": json.dumps([{"subsets": subsets}])}
    assert values(metadata, "photos") == {"7 photos, each 3 times an epoch"}
    assert values(metadata, "trigger") == {"qux woman"}
    assert values(metadata, "folder") == {"mia"}


def test_number_of_pictures_without_folders() -> None:
    (photos,) = said({"ss_num_train_images": "150"}, "photos")
    assert photos.value == "150 pictures an epoch"
    assert "repeated" in photos.why


@pytest.mark.parametrize(
    ("key", "value", "kind", "shown"),
    [
        ("trigger_word", "qux", "trigger", "qux"),
        ("modelspec.trigger_phrase", "qux", "trigger", "qux"),
        ("modelspec.author", "Mia", "author", "Mia"),
        ("instance_prompt", "a photo of qux", "trigger", "a photo of qux"),
        ("anything", "see /home/mia/photos/1.jpg", "user", "mia"),
        ("anything", '{"a": ["/Users/mia/photos"]}', "user", "mia"),
        ("anything", '{"a": "D:\\\\sets\\\\mia"}', "path", "D:\\sets\\mia"),
        ("anything", "/workspace/mia/10_qux", "path", "/workspace/mia/10_qux"),
        ("anything", "hf_abcdefghijklmnopqrstuvwx", "token", "hf_abcdefghijklmnopqrstuvwx"),
        ("anything", "https://example.org/u/mia", "link", "https://example.org/u/mia"),
        ("anything", "data:image/png;base64,AAAA", "picture", "data:image/png, 26 characters"),
        ("anything", "hello", "other", "hello"),
        ("lora_adapter_metadata", '{"unet.r": 4, "unet.base_model_name_or_path": "/home/mia/sd"}', "user", "mia"),
    ],
)
def test_other_tools_and_free_text(key: str, value: str, kind: str, shown: str) -> None:
    assert shown in values({key: value}, kind)


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', '{"a": {"b": "c"}}', '[{"subsets": 1}]', "null", "1", ""])
@pytest.mark.parametrize("key", ["ss_dataset_dirs", "ss_datasets", "ss_tag_frequency", "ss_reg_dataset_dirs"])
def test_strange_json_is_no_error(key: str, text: str) -> None:
    scan_metadata({key: text})


def test_json_that_is_broken_is_shown_not_lost() -> None:
    (tags,) = said({"ss_tag_frequency": '{"10_qux": {"qux"'}, "tags")
    assert "qux" in tags.value


def test_excerpts_are_one_printable_line() -> None:
    nasty = "a\x1b[31m\nb\u202ec\x00 <script>"
    assert excerpt(nasty) == "a [31m b c <script>"
    assert excerpt("x" * 1000) == "x" * 199 + "…"
    for finding in scan_metadata({"k\x1b[2J": nasty, "ss_output_name": nasty}):
        assert (finding.value + finding.where).isprintable()


@pytest.mark.parametrize("piece", ["a", "a.", "@", "/home/", "C:\\", "https://", "1_", "data:image/", "-", "hf_"])
def test_hostile_text_takes_no_long_time(piece: str) -> None:
    began = time.process_time()
    scan_metadata({"x": piece * (2**21 // len(piece)), "ss_tag_frequency": piece * 10_000})
    assert time.process_time() - began < 10


def test_a_file_is_scanned_by_its_header_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.lora.files.safe_open", lambda *_, **__: pytest.fail("tensors were read"))
    path = write(tmp_path / NAME, KOHYA, **{"bundle_emb.quorvex.string_to_param.*": torch.ones(1, 4)})
    assert {"zorblax", "quorvex"} == {f.value for f in scan(path) if f.kind == "trigger"}
    with pytest.raises(LoraFileError):
        read_lora(path)  # no plain LoRA, and yet it says what it says


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("bundle_emb.quorvex.string_to_param.*", "quorvex"),
        ("bundle_emb.quo.rvex.clip_l", "quo.rvex"),
        ("<s1>", "<s1>"),
        ("<quorvex>", "<quorvex>"),
    ],
)
def test_an_embedding_among_the_tensors_names_the_trigger(tmp_path: Path, name: str, word: str) -> None:
    path = write(tmp_path / NAME, {"<s1>": "<embed>"} if name == "<s1>" else None, **{name: torch.ones(1, 4)})
    (trigger,) = scan(path)
    assert (trigger.kind, trigger.value, trigger.severity) == ("trigger", word, "high")


@pytest.mark.parametrize("word", ["mia-toy", "mia"])
def test_a_bare_word_as_the_name_of_an_embedding_is_the_trigger(tmp_path: Path, word: str) -> None:
    markers = {"scaled_fp8": torch.ones(2), "norm_out": torch.ones(768), "steps": torch.ones(3, dtype=torch.int64)}
    for shape in ((768,), (4, 768)):
        path = write(tmp_path / NAME, None, **{word: torch.ones(shape)}, **markers)
        assert [(f.kind, f.value, f.severity) for f in scan(path)] == [("trigger", word, "high")]
    save_file({word: torch.ones(768)}, tmp_path / NAME)
    assert [f.value for f in scan(tmp_path / NAME) if f.kind == "trigger"] == [word]


@pytest.mark.parametrize(
    ("adapter", "said"), [("mia", ["mia"]), ("mia.q", ["mia.q"]), ("default", []), ("default_0", [])]
)
def test_a_name_that_somebody_gave_to_the_adapter_is_named(tmp_path: Path, adapter: str, said: list[str]) -> None:
    keys = [f"base_model.model.mid_block.attentions.0.proj_in.lora_{kind}.{adapter}.weight" for kind in "AB"]
    path = tmp_path / NAME
    save_file({key: torch.ones(2, 2) for key in keys}, path)
    assert [finding.value for finding in scan(path) if finding.kind == "name"] == said


def test_the_scan_needs_no_torch() -> None:
    code = "import sys, demo.lora.metadata.leak; assert not {'torch', 'diffusers'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_header_full_of_words_takes_no_time_and_little_room() -> None:
    same = {f"key{n}": "the same" for n in range(40_000)}
    began = time.process_time()
    (one,) = scan_metadata(same)
    assert time.process_time() - began < 5  # a list searched for each would take minutes
    assert one.where.endswith("and 39,995 more")
    many = scan_metadata({f"key{n}": f"value {n}" for n in range(5000)})
    assert len(many) == 201
    assert many[-1].value == "4,800 more entries"


def test_what_the_demo_itself_writes_says_nothing(tmp_path: Path) -> None:
    module = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    tensors = {f"{module}.lora_A.weight": torch.ones(2, 8), f"{module}.lora_B.weight": torch.ones(8, 2)}
    assert (
        scan(write_lora(tmp_path / NAME, LoraWeights(tensors=tensors, alphas={module: 3.0}, metadata=dict(KOHYA))))
        == ()
    )
