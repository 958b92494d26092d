from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import InceptionResnetV1
from PIL import Image

from demo.errors import WeightsError
from demo.metrics import facenet
from demo.metrics.registry import Context, evaluate
from tests.metrics.helpers import faces


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[()]]:
        return (Path("exploded").touch, ())


def _put(content: object, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights file in the (test's own) torch cache, taken for genuine."""
    file = facenet.weights_file()
    file.parent.mkdir(parents=True)
    torch.save(content, file)
    monkeypatch.setattr(facenet, "SHA256", hashlib.sha256(file.read_bytes()).hexdigest())
    return file


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> InceptionResnetV1:
    torch.manual_seed(0)
    network = InceptionResnetV1().eval()
    extra = {"logits.weight": torch.zeros(3, 512), "logits.bias": torch.zeros(3)}  # the real file has a classifier, too
    _put(dict(network.state_dict()) | extra, monkeypatch)
    return network


def test_three_scores_from_one_cosine(network: InceptionResnetV1) -> None:
    photos = faces(0, [0, 1], 160)
    context = Context(pictures=[photos[0], *faces(1, [0], 160)], photos=photos, device="cpu")
    plain, paper, accuracy = evaluate(context, ["facenet_cosine", "facenet_paper", "facenet_accuracy"])
    assert (plain.unavailable, paper.unavailable, accuracy.unavailable) == (None, None, None)
    assert np.array(paper.values) == pytest.approx((np.array(plain.values) + 1) / 2)
    assert accuracy.values == tuple(float(value > 0.9) for value in paper.values)

    crops = torch.tensor(np.array([facenet._face(photo) for photo in photos])).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        rows = network((crops - 127.5) / 128)
    assert plain.values[0] == pytest.approx(float((1 + rows[0] @ rows[1]) / 2), abs=1e-4)


def test_the_crop_is_the_face_without_the_corners() -> None:
    pixels = np.zeros((100, 100, 3), dtype=np.uint8)
    pixels[7:, 14:86] = 255
    crop = facenet._face(Image.fromarray(pixels))
    assert crop.shape == (160, 160, 3)
    assert crop[4:-4, 4:-4].min() == 255  # the filter reaches a little over the edge
    assert crop[0].max() < 255
    assert crop[:, 0].max() < 255


def test_offline_without_the_file_it_says_so() -> None:
    missing = facenet.missing()
    assert missing is not None
    assert facenet.FILE in missing.reason
    assert "LORA_LEAK_OFFLINE forbids downloads" in missing.reason


def test_online_without_the_file_it_may_be_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LORA_LEAK_OFFLINE")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert facenet.missing() is None


def test_a_download_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LORA_LEAK_OFFLINE")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    def broken(url: str, target: str, **_: object) -> None:
        Path(target).write_bytes(b"half")
        raise ConnectionError("broke off")

    monkeypatch.setattr(torch.hub, "download_url_to_file", broken)
    (result,) = evaluate(Context(pictures=faces(0, [0]), photos=faces(0, [1])), ["facenet_cosine"])
    assert result.unavailable is not None
    assert "broke off" in result.unavailable
    assert not list(facenet.weights_file().parent.iterdir())


def test_a_file_that_is_not_the_expected_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _put({}, monkeypatch)
    monkeypatch.setattr(facenet, "SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="SHA-256"):
        facenet.embed(faces(0, [0]), "cpu")


@pytest.mark.parametrize("content", [{"bomb": _Bomb()}, {"conv": torch.zeros(2)}, {}])
def test_code_in_the_file_never_runs_and_other_content_is_refused(
    content: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    _put(content, monkeypatch)
    with pytest.raises(WeightsError, match="does not hold"):
        facenet.embed(faces(0, [0]), "cpu")
    assert not (tmp_path / "exploded").exists()
