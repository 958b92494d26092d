"""Files of a zoo say what they were made with, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import parallel_parts
import pytest

from demo.errors import WeightsError
from demo.files import write_tensors
from demo.finetune.settings import LoraSettings
from demo.train import zoo
from demo.train.provenance import made_with
from demo.train.zoo import Zoo, build

LORA = LoraSettings(steps=1, batch=2, prior_weight=0, lr=1e-3, unet_rank=4, text_rank=4)
OLD = ("steps", "scale", "base")  # all that files said at first


def noted(path: Path, change: Mapping[str, str | None]) -> None:
    """Write a file again with other notes; None takes one out."""
    tensors, notes = parallel_parts.content(path)
    notes = {key: value for key, value in (notes | change).items() if value is not None}
    write_tensors(path, tensors, notes)


def aged(path: Path) -> None:
    notes = parallel_parts.content(path)[1]
    noted(path, {key: None for key in notes if key not in OLD})


def test_a_zoo_is_of_one_kind(tiny_pipe, tiny_base, tmp_path: Path) -> None:
    people = parallel_parts.people()
    build(tiny_pipe, tiny_base, people, LORA, tmp_path, group=2)
    _, second = sorted(tmp_path.iterdir())
    notes = parallel_parts.content(second)[1]
    assert (notes["people"], notes["group"], notes["base"]) == ("2,3", "2", "tiny")
    wanted = made_with(tiny_base, LORA)
    assert wanted == made_with(tiny_base, LORA.model_copy(update={"sample_every": 7}))
    assert Zoo(tmp_path, wanted=wanted).people == 4
    other = LORA.model_copy(update={"lr": 5e-4})
    with pytest.raises(WeightsError, match="made otherwise: settings"):
        Zoo(tmp_path, wanted=made_with(tiny_base, other))
    with pytest.raises(WeightsError, match="base tiny, not other"):
        Zoo(tmp_path, wanted=made_with(replace(tiny_base, key="other"), LORA))
    with pytest.raises(WeightsError, match="made otherwise: settings"):
        build(tiny_pipe, tiny_base, people, other, tmp_path, group=2)
    with pytest.raises(WeightsError, match="group 2, not 1"):
        build(tiny_pipe, tiny_base, people, LORA, tmp_path, group=1)
    noted(second, {"scale": "3.0"})
    with pytest.raises(WeightsError, match=r"scale 3.0, not 6.75"):
        Zoo(tmp_path)
    noted(second, {"scale": notes["scale"], "people": "1,2"})
    with pytest.raises(WeightsError, match="another file of the zoo"):
        Zoo(tmp_path)
    assert Zoo(tmp_path, limit=1).people == 2
    with pytest.raises(WeightsError, match="There is no zoo"):
        Zoo(tmp_path / "nothing")


def test_older_files_are_read_and_gone_on_with(
    tiny_pipe, tiny_base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = parallel_parts.people()
    build(tiny_pipe, tiny_base, people[:2], LORA, tmp_path, group=2)
    (first,) = tmp_path.iterdir()
    aged(first)
    content = first.read_bytes()
    build(tiny_pipe, tiny_base, people, LORA, tmp_path, group=2)
    assert first.read_bytes() == content
    assert Zoo(tmp_path, wanted=made_with(tiny_base, LORA)).people == 4
    aged(tmp_path / "group-00001.safetensors")
    assert Zoo(tmp_path, wanted=made_with(tiny_base, LORA)).people == 4
    with pytest.raises(WeightsError, match="group 2, not 1"):
        build(tiny_pipe, tiny_base, people, LORA, tmp_path, group=1)
    # As before, when another size went on behind the groups of the first: 1 is in group 0 already.
    (tmp_path / "group-00001.safetensors").unlink()
    monkeypatch.setattr(zoo, "refuse_others", lambda *_: None)
    build(tiny_pipe, tiny_base, people, LORA, tmp_path, group=1, shard=1, shards=4)
    monkeypatch.undo()
    aged(tmp_path / "group-00001.safetensors")
    with pytest.raises(WeightsError, match="another file of the zoo"):
        Zoo(tmp_path)
