"""LoRAs of known number: who is fine-tuned on how many photos, what is kept, and going on."""

from __future__ import annotations

from pathlib import Path

import parallel_parts
import pytest
import torch

from demo.errors import WeightsError
from demo.evaluate import photo_count as table
from demo.files import write_tensors
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.train import photo_count

SETTINGS = LoraSettings(steps=3, batch=2, class_batch=1, class_images=2, lr=1e-3, unet_rank=4, text_rank=4)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")


def test_all_numbers_come_equally_often_and_groups_have_one() -> None:
    counts = photo_count.spread(20, (1, 2, 5))
    assert [counts.count(n) for n in (1, 2, 5)] == [7, 7, 6]
    found = photo_count.groups(counts, 4)
    assert [(n, len(rows)) for n, rows in found] == [(1, 4), (1, 3), (2, 4), (2, 3), (5, 4), (5, 2)]
    assert all(counts[i] == n for n, rows in found for i in rows)
    assert sorted(i for _, rows in found for i in rows) == list(range(20))


def test_spectra_are_kept_and_gone_on_with(tiny_pipe, tiny_base, tmp_path) -> None:
    people, counts = parallel_parts.people(), [1, 3, 3, 1]
    said: list[str] = []

    def run(folder: str, **more: object) -> Path:
        photo_count.collect(
            tiny_pipe, tiny_base, people, counts, SETTINGS, tmp_path / folder, group=2, say=said.append, **more
        )
        return tmp_path / folder

    with pytest.raises(WeightsError, match="no group"):
        photo_count.collected(tmp_path / "parts")
    for shard in (0, 1):
        run("parts", shard=shard, shards=2)
    assert [text.split(":")[0] for text in said] == ["2 people, 1 photos each", "2 people, 3 photos each"]
    numbers, rows, found = photo_count.collected(run("parts"))
    assert len(said) == 2  # nothing was left to do
    assert [numbers.tolist(), rows.tolist()] == [[1, 1, 3, 3], [0, 3, 1, 2]]
    assert {name.partition(".")[0] for name in found} == {"unet", "text_encoder"}
    assert all(values.shape == (4, 4) and (values[:, 0] > 0).all() for values in found.values())
    _, _, whole = photo_count.collected(run("whole"))
    assert all(torch.allclose(whole[name], values, rtol=1e-3, atol=1e-6) for name, values in found.items())
    known = photo_count.calibration(tiny_base, SETTINGS, tmp_path / "parts")
    assert known.counts.tolist() == [1, 1, 3, 3]
    assert table.read(tmp_path / "parts", known) == 4
    records = table.records(tmp_path / "parts", known)
    assert [(r["person"], r["photos"], r["read"]) for r in records] == [(0, 1, 1), (1, 3, 3), (2, 3, 3), (3, 1, 1)]
    assert table.records(tmp_path / "parts", known.without(0)) == []  # read by others
    assert "| read from the spectrum | 0.00 [0.00, 0.00] | 1.00" in table.markdown(records)


def test_too_few_photos(tiny_pipe, tiny_base, tmp_path) -> None:
    with pytest.raises(WeightsError, match="fewer than 4"):
        photo_count.collect(tiny_pipe, tiny_base, parallel_parts.people(), [4, 1, 1, 1], SETTINGS, tmp_path)


def test_the_table_beside_its_controls() -> None:
    assert table.markdown([]) == "No results yet."
    records = [
        {"person": i, "photos": n, "read": None if i == 0 else min(8, n + (i % 3 == 0)), "voted": 1}
        for i, n in enumerate(photo_count.spread(24))
    ]
    text = table.markdown(records)
    assert text.startswith("24 people, of whom 23 got a number")
    assert "| control: always 4 | 1.96" in text
    assert "control: the number of another file" in text
    assert "| 2 | 3 | 2, 2, 3 |" in text


def test_spectra_of_other_settings_or_people_are_refused(tiny_pipe, tiny_base, tmp_path) -> None:
    people, once = parallel_parts.people(), SETTINGS.model_copy(update={"steps": 1, "prior_weight": 0})

    def run(settings: LoraSettings = once, group: int = 4, **more: object) -> None:
        photo_count.collect(tiny_pipe, tiny_base, people, [1] * 4, settings, tmp_path, group=group, **more)

    run()
    (path,) = tmp_path.iterdir()
    other = once.model_copy(update={"lr": 5e-4})
    with pytest.raises(WeightsError, match="made otherwise: settings"):
        run(other)
    with pytest.raises(WeightsError, match="made otherwise: settings"):
        photo_count.calibration(tiny_base, other, tmp_path)
    with pytest.raises(WeightsError, match="other people"):
        run(group=2)
    write_tensors(path, parallel_parts.content(path)[0])  # as older files, without notes
    run(other)
    assert photo_count.collected(tmp_path)[1].tolist() == [0, 1, 2, 3]
    run(group=2, shard=1, shards=2)  # behind the group of four
    with pytest.raises(WeightsError, match="in two files"):
        photo_count.collected(tmp_path)
