"""The number of photos from the spectrum: singular values, votes, files that are like none of known number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from demo.attack import photo_count
from demo.attack.photo_count import Calibration, count_photos, load_calibration, singular_values, spectra, vote
from demo.errors import WeightsError
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights
from demo.models.bases import BASES, BUNDLED
from demo.models.fingerprints import fingerprint
from demo.workflow import story

LAYERS = ("unet.a", "unet.b", "text_encoder.c")


def lora_of(size: float, seed: int = 0, rank: int = 3) -> LoraWeights:
    """Updates that are larger the larger ``size``."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in LAYERS:
        tensors[f"{layer}.lora_A.weight"] = torch.randn(rank, 500, generator=generator)
        tensors[f"{layer}.lora_B.weight"] = size * torch.randn(400, rank, generator=generator)
    return LoraWeights(tensors=tensors, alphas=dict.fromkeys(LAYERS, 6.0))


def known_of(counts: list[int]) -> Calibration:
    found = [spectra(lora_of(float(n), seed=i)) for i, n in enumerate(counts)]
    tables = {layer: torch.stack([values[layer] for values in found]) for layer in LAYERS}
    return Calibration(
        BUNDLED, fingerprint(BASES[BUNDLED], encoder=False), LoraSettings(), torch.tensor(counts), 0.5, tables
    )


@pytest.mark.parametrize(("out", "into", "rank"), [(10, 12, 3), (5, 4, 5), (3, 20, 6)])
def test_singular_values_are_those_of_the_update(out: int, into: int, rank: int) -> None:
    torch.manual_seed(0)
    a, b = torch.randn(2, rank, into), torch.randn(2, out, rank)
    found = singular_values(a, b, -1.5)
    whole = torch.linalg.svdvals(-1.5 * b @ a)
    assert torch.allclose(found, whole[:, : found.shape[1]], rtol=1e-4, atol=1e-5)
    assert (whole[:, found.shape[1] :] < 1e-4).all()


def test_a_file_says_the_same_however_its_update_is_split() -> None:
    lora = lora_of(1.0)
    mix = torch.randn(3, 3) + 3 * torch.eye(3)
    tensors: dict[str, Tensor] = {}
    for layer in LAYERS:
        a, b = lora.matrices(layer)
        tensors |= {f"{layer}.lora_A.weight": mix @ a, f"{layer}.lora_B.weight": b @ mix.inverse()}
    found, again = spectra(lora), spectra(LoraWeights(tensors=tensors, alphas=lora.alphas))
    assert set(found) == set(LAYERS)
    assert all(torch.allclose(found[layer], again[layer], rtol=1e-3, atol=1e-3) for layer in LAYERS)


def test_the_number_is_read() -> None:
    known = known_of([2, 2, 2, 3, 3, 3, 4, 4, 4])
    for n in (2, 3, 4):
        lora = lora_of(float(n), seed=99)
        said = count_photos(lora, known)
        assert said.photos == n
        assert said.value == pytest.approx(n, abs=0.5)
        assert f"matrices: about {n} ({said.value:.1f} before" in said.sentence
        assert "mean error of 0.5 photos" in said.sentence
        assert vote(spectra(lora), known) == n


def test_no_number_is_beyond_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_count, "STRANGE", 1e9)
    said = count_photos(lora_of(9.0, seed=99), known_of([2, 2, 2, 3, 3, 3]))
    assert said.value is not None
    assert said.value > 3.5
    assert said.photos == 3


def test_what_ships_belongs_to_the_weights_that_ship() -> None:
    known = load_calibration(BASES[BUNDLED])
    assert sorted(set(known.counts.tolist())) == list(range(1, 9))
    assert 0 < known.mean_error < 2  # 2 is the error of always saying 4
    one = {layer: values[7] for layer, values in known.spectra.items()}
    assert photo_count.read(one, known).photos is not None


def test_votes_are_counted_layer_by_layer() -> None:
    known = known_of([1, 1, 8, 8])
    found = {layer: known.spectra[layer][0] for layer in LAYERS}
    found["unet.b"] = known.spectra["unet.b"][3]
    assert vote(found, known) == 1


def test_a_file_like_none_of_known_number_gets_none() -> None:
    known = known_of([1, 1, 1, 2, 2, 2])
    far = count_photos(lora_of(50.0, seed=99), known)
    assert far.photos is None
    assert far.strangeness is not None
    assert far.strangeness > photo_count.STRANGE
    assert "other settings, or changed afterwards" in far.sentence
    other = count_photos(lora_of(1.0, rank=2), known)
    assert other.photos is None
    assert "other layers or ranks" in other.sentence
    fewer = LoraWeights(
        tensors={k: v for k, v in lora_of(1.0).tensors.items() if "unet.a" not in k}, alphas=dict.fromkeys(LAYERS, 6.0)
    )
    assert count_photos(fewer, known).why_not == photo_count.OTHERWISE


def test_a_damaged_table_is_said_and_a_missing_one_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_count, "FILE", "none.safetensors")
    assert story.count_photos(lora_of(1.0)) is None
    monkeypatch.setattr(photo_count, "FILE", "encoder.safetensors")  # no table, but there
    load_calibration.cache_clear()
    said = story.count_photos(lora_of(1.0))
    load_calibration.cache_clear()
    assert said is not None
    assert said.photos is None
    assert "cannot be read" in said.sentence


def test_leaving_one_out() -> None:
    known = known_of([1, 2, 3])
    rest = known.without(1)
    assert rest.counts.tolist() == [1, 3]
    assert all(torch.equal(rest.spectra[layer], known.spectra[layer][[0, 2]]) for layer in LAYERS)
    assert rest.digest != known.digest


def test_written_and_read_again(tmp_path: Path) -> None:
    known = known_of([1, 5])
    again = load_calibration(BASES[BUNDLED], known.save(tmp_path / "known.safetensors"))
    assert again.counts.tolist() == [1, 5]
    assert (again.settings, again.mean_error) == (LoraSettings(), 0.5)
    assert again.digest == known.digest
    assert all(torch.allclose(again.spectra[layer].float(), known.spectra[layer], rtol=1e-3) for layer in LAYERS)


def test_what_belongs_to_other_weights_is_refused(tmp_path: Path) -> None:
    base = BASES[BUNDLED]
    with pytest.raises(WeightsError, match="no LoRAs of known number"):
        load_calibration(base, tmp_path / "none.safetensors")
    other = replace(known_of([1, 5]), fingerprint="0" * 12).save(tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="other weights"):
        load_calibration(base, other)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(other.read_bytes()[:40])
    with pytest.raises(WeightsError, match="cannot be read"):
        load_calibration(base, broken)
