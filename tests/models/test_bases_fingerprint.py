from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from demo.models.bases import BASES, Base
from demo.models.fingerprints import fingerprint


def test_a_fingerprint_is_of_the_files_and_their_names(tiny_base: Base, tmp_path: Path) -> None:
    folder = tmp_path / "base"
    shutil.copytree(tiny_base.source, folder)
    base = replace(tiny_base, source=str(folder))
    before = fingerprint(base)
    assert before == fingerprint(base)
    weights = next((folder / "unet").glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1  # header and size stay as they were
    weights.write_bytes(content)
    after = fingerprint(base)
    assert after != before
    (folder / "README.md").write_text("Other words.")
    (folder / "manifest.json").write_text("{}")
    assert fingerprint(base) == after


def test_of_the_hub_the_commit_counts(tmp_path: Path, monkeypatch) -> None:
    base = BASES["sd14"]
    commits = [tmp_path / name / "model_index.json" for name in ("abc", "def")]
    found = []
    for path in (None, *map(str, commits)):
        monkeypatch.setattr("demo.models.fingerprints.try_to_load_from_cache", lambda *_, path=path, **__: path)
        found.append(fingerprint(base))
    assert len(set(found)) == 3
