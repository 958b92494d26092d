"""Results survive the way into the project and back."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from demo.errors import SettingsError
from demo.evaluate import shipped
from demo.evaluate.__main__ import main
from demo.evaluate.people import evaluate
from demo.models.bases import BASES, BUNDLED, ENCODER, Base
from demo.models.fingerprints import fingerprint

RESULT = {"distance": 0.7, "label": "ε = 2"}


@pytest.fixture
def base() -> Base:
    return BASES[BUNDLED]


def table(work: Path, base: Base, kind: str, weights: str | None = None) -> Path:
    return work / kind / f"{base.key}-{weights or fingerprint(base, encoder=shipped.of_the_encoder(kind))}" / "0123abcd"


def add(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False))
    return path


def test_what_is_packed_is_laid_out_elsewhere_and_nothing_is_overwritten(tmp_path: Path, base: Base) -> None:
    there, here, figures = tmp_path / "there", tmp_path / "here", tmp_path / "figures"
    add(table(there, base, "defences") / "person-1--none.json", RESULT)
    add(table(there, base, "defences") / "defences.json", {"made": "from the results"})
    add(table(there, base, "shake") / "person-000" / "arms" / "lora-sp.json", RESULT)
    add(table(there, base, "membership", "otherweights") / "planted-000.json", RESULT)
    written = shipped.pack(there, base, figures)
    assert [path.name.split("--")[0] for path in written] == ["defences", "shake"]
    mine = add(table(here, base, "defences") / "person-1--none.json", {"distance": 0.1})
    assert shipped.unpack(here, base, figures) == 1
    assert json.loads(mine.read_text()) == {"distance": 0.1}
    arm = table(here, base, "shake") / "person-000" / "arms" / "lora-sp.json"
    assert json.loads(arm.read_text()) == RESULT
    assert not (table(here, base, "defences") / "defences.json").exists()
    assert shipped.unpack(here, base, figures) == 0


def test_figures_of_other_weights_leave_the_project(tmp_path: Path, base: Base) -> None:
    old = add(tmp_path / f"membership--{base.key}-otherweights--0123abcd.jsonl", {})
    other = add(tmp_path / "membership--sd14-otherweights--0123abcd.jsonl", {})
    add(table(tmp_path / "work", base, "membership") / "planted-000.json", RESULT)
    (new,) = shipped.pack(tmp_path / "work", base, tmp_path)
    assert new.exists()
    assert not old.exists()
    assert other.exists()


def test_a_new_encoder_leaves_the_figures_that_it_has_no_part_in(tmp_path: Path, tiny_base: Base) -> None:
    folder = tmp_path / "base"
    shutil.copytree(tiny_base.source, folder)
    base = replace(tiny_base, source=str(folder))
    for kind in ("membership", "defences"):
        add(table(tmp_path / "work", base, kind) / "one.json", RESULT)
    leaked, defences = sorted(shipped.pack(tmp_path / "work", base, tmp_path), reverse=True)
    (folder / ENCODER).write_bytes(b"new")
    add(table(tmp_path / "work", base, "defences") / "one.json", RESULT)
    shipped.pack(tmp_path / "work", base, tmp_path)
    assert leaked.exists()
    assert not defences.exists()
    assert shipped.unpack(tmp_path / "elsewhere", base, tmp_path) == 2


def test_a_table_stays_until_there_is_one_of_the_present_weights(
    tmp_path: Path, base: Base, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = add(tmp_path / f"defences--{base.key}-oldweights--0123abcd.jsonl", {})
    old.write_text(json.dumps({"path": "person-1--none.json", "content": RESULT}) + "\n")
    add(table(tmp_path / "work", base, "membership") / "planted-000.json", RESULT)
    shipped.pack(tmp_path / "work", base, tmp_path)
    folder = shipped.earlier("defences", tmp_path / "there", base, tmp_path)
    assert folder == table(tmp_path / "there", base, "defences", "oldweights")
    assert json.loads((folder / "person-1--none.json").read_text()) == RESULT
    assert shipped.earlier("membership", tmp_path / "there", base, tmp_path) is None
    monkeypatch.setattr("demo.evaluate.shipped.unpack", lambda *_: 0)
    monkeypatch.setattr("demo.evaluate.shipped.earlier", lambda kind, work, base: folder)
    monkeypatch.setattr("demo.evaluate.defences_table.summary", lambda folder: {})
    monkeypatch.setattr("demo.evaluate.defences_table.markdown", lambda folder: "the table")
    assert main(["defences", "--table", "--out", str(tmp_path / "empty")]) == 0
    printed = capsys.readouterr().out
    assert f"earlier weights, {BUNDLED}-oldweights" in printed
    add(table(tmp_path / "work", base, "defences") / "person-1--none.json", RESULT)
    shipped.pack(tmp_path / "work", base, tmp_path)
    assert not old.exists()


def test_the_table_of_what_ships_can_be_printed_without_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["defences", "--table", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    ships = list(shipped.FIGURES.glob(f"defences--{BUNDLED}-{fingerprint(BASES[BUNDLED])}--*.jsonl"))
    assert ("DreamBooth, what the owner keeps" in printed) == bool(ships)


def test_a_table_of_people_ships_as_its_values_and_is_printed_from_them(
    tmp_path: Path, base: Base, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {"distance": [0.6, 0.7], "rank": [1, 3], "rank1": [1, 0], "top1pct": [1, 1], "rec_acc": [1, 0]}
    values = {"base": base.key, "weights": fingerprint(base), "split": "private", "samples": 4, "decoys": 9}
    values |= {"order": [0, 1], "values": {"encoder": rates, "chance": rates}}
    work, figures = tmp_path / "work", tmp_path / "figures"
    add(work / "people.json", values | {"arms": {"made": "from the values"}})
    add(work / "people-0-of-2.json", values)
    add(work / "people-dev.json", values | {"split": "domain_nonmember"})
    add(work / "people-no-prior.json", values | {"weights": "of others"})
    (written,) = shipped.pack(work, base, figures)
    assert written.name == f"people--{base.key}-{fingerprint(base)}--people.json"
    assert shipped.people(base, "people", figures) == values
    monkeypatch.setattr(shipped.people, "__defaults__", (figures,))
    assert main(["people", "--table", "--out", str(tmp_path)]) == 0
    assert "| encoder | 0.650 [0.600, 0.700] | 2 [1, 3] |" in capsys.readouterr().out
    assert main(["people", "--table", "--no-prior", "--out", str(tmp_path)]) == 2
    assert "Run it without --table." in capsys.readouterr().err
    for name in ("people", "people-no-prior"):  # of an encoder before
        add(figures / f"people--{base.key}-old--{name}.json", values | {"weights": "old"})
    shipped.pack(work, base, figures)
    assert main(["people", "--table", "--no-prior", "--out", str(tmp_path)]) == 0
    assert "With earlier weights, old:" in capsys.readouterr().out
    assert main(["people", "--table", "--out", str(tmp_path)]) == 0
    assert "earlier weights" not in capsys.readouterr().out
    assert not (figures / f"people--{base.key}-old--people.json").exists()


def test_a_group_of_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.evaluate.people.held_out_people", lambda *_, **__: [None] * 7)
    with pytest.raises(SettingsError, match="leave one alone"):
        evaluate(None, BASES[BUNDLED], None, None, tmp_path / "people.json", group=3, with_encoder=False)  # type: ignore[arg-type]
