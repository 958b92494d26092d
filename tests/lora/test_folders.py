"""A folder in place of a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from demo.errors import LoraFileError
from demo.lora.folders import file_in
from demo.lora.header import read_header


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"PK\x03\x04" + bytes(40))
    return folder


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["adapter_model.safetensors", "adapter_config.json", "other.safetensors"], "adapter_model.safetensors"),
        (["pytorch_lora_weights.safetensors", "README.md"], "pytorch_lora_weights.safetensors"),
        (["mia.safetensors", "notes.txt"], "mia.safetensors"),
        (["mia.SafeTensors"], "mia.SafeTensors"),
        (["mia.safetensors", "._mia.safetensors", ".DS_Store"], "mia.safetensors"),
    ],
)
def test_the_one_lora_in_a_folder(tmp_path: Path, names: list[str], found: str) -> None:
    assert file_in(filled(tmp_path, *names)) == tmp_path / found


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a-1.safetensors", "a-2.safetensors"], "2 LoRA files: a-1.safetensors, a-2.safetensors"),
        (["adapter_model.bin", "adapter_config.json"], "adapter_model.bin is a ZIP archive"),
        (["unet/adapter_model.safetensors", "text_encoder/adapter_model.safetensors"], "text_encoder, unet have some"),
        (["photo.png", "notes.txt"], "It holds notes.txt, photo.png"),
        ([], "It holds nothing"),
        ([".DS_Store"], "It holds nothing"),
    ],
)
def test_other_folders_are_told_what_they_hold(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(LoraFileError) as caught:
        file_in(filled(tmp_path, *names))
    assert said in caught.value.problem
    assert tmp_path.name in caught.value.problem
    assert str(tmp_path.parent) not in str(caught.value)


def test_what_is_no_folder_is_left_to_the_reader(tmp_path: Path) -> None:
    assert file_in(tmp_path / "mia.safetensors") == tmp_path / "mia.safetensors"


def test_what_is_no_ordinary_file_is_called_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(LoraFileError, match="is a folder"):
        read_header(tmp_path)
    (tmp_path / "link.safetensors").symlink_to(tmp_path / "gone.safetensors")
    with pytest.raises(LoraFileError, match="is a link to a file that is not there"):
        read_header(tmp_path / "link.safetensors")
    with pytest.raises(LoraFileError, match=r"^gone\.safetensors is not there"):
        read_header(tmp_path / "gone.safetensors")
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(LoraFileError, match="no ordinary file"):
        read_header(tmp_path / "pipe.safetensors")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LoraFileError, match="Not a directory"):
        read_header(tmp_path / "file" / "x.safetensors")


@pytest.mark.parametrize(
    ("name", "said"), [("x" * 300, "name too long"), ("a\0b", "null byte"), ("\ud800", "surrogates")]
)
def test_a_path_that_none_can_be(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(LoraFileError, match=said) as caught:
        read_header(file_in(tmp_path / name))
    assert len(caught.value.problem) < 300
    assert "\0" not in caught.value.problem
