from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import gradio as gr
import pytest
import torch
from fake_story import face, lora
from safetensors.torch import load_file, save_file

from demo.attack.registry import AttackSettings, Reconstruction
from demo.errors import LoraFileError, SettingsError
from demo.finetune.settings import LoraSettings
from demo.lora.files import LoraWeights, write_lora
from demo.lora.fits import layer_shapes, read_for
from demo.lora.metadata.leak import scan
from demo.models.architectures import SD14, Architecture
from demo.models.bases import BASES, BUNDLED, EXAMPLE
from demo.progress import UNWATCHED, Progress, Watcher
from demo.session import lora_file, story_jobs
from demo.session.desk import Attacked, Photos, Released, Shot
from demo.session.services import Services
from demo.session.visitors import Visitor
from demo.ui.attack import _file_html, build_attack_tab
from demo.ui.page import View

ORDER = story_jobs.Order(BUNDLED, LoraSettings(steps=4), AttackSettings(samples=3))


def load(visitor: Visitor, count: int) -> None:
    visitor.change(photos=Photos(tuple(Shot(f"{i}.jpg", face(i, 128)) for i in range(count))))


def upload(services: Services, visitor: Visitor, folder: Path, name: str = "mine.safetensors", seed: int = 0) -> None:
    path = write_lora(folder / "up" / name, lora(seed))
    lora_file.take_file(services, visitor, path, name, BUNDLED)


def on_desk(visitor: Visitor) -> Released:
    released = visitor.desk.released
    assert released is not None
    return released


def ended(services: Services, visitor: Visitor) -> None:
    deadline = time.monotonic() + 30
    while services.jobs.busy(visitor.id):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_that_draws_only_noise_is_taken_and_said_to(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    upload(services, visitor, tmp_path)
    assert on_desk(visitor).noise is None
    wild = lora()
    wild = replace(wild, tensors={key: 1000 * tensor for key, tensor in wild.tensors.items()})
    path = write_lora(tmp_path / "up" / "wild.safetensors", wild)
    lora_file.take_file(services, visitor, path, "wild.safetensors", BUNDLED)
    said = on_desk(visitor).noise
    assert said is not None
    assert said in str(_file_html(on_desk(visitor), services)).replace("&#39;", "'")


def test_a_bad_upload_leaves_the_last_file_in_place(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    lora_file.take_file(
        services, visitor, write_lora(tmp_path / "up" / "good.safetensors", lora()), "good.safetensors", BUNDLED
    )
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    with pytest.raises(LoraFileError, match=r"bad\.safetensors"):
        lora_file.take_file(services, visitor, bad, "bad.safetensors", BUNDLED)
    released = visitor.desk.released
    assert released is not None
    assert released.name == "good.safetensors"
    assert released.path.exists()


def refuse(services: Services, visitor: Visitor, folder: Path, **more: torch.Tensor) -> Path:
    """Upload a LoHa whose header names somebody."""
    upload = folder / "loha.safetensors"
    tensors = {"lora_unet_mid_block_attentions_0_proj_in.hada_w1_a": torch.ones(2, 2), **more}
    save_file(tensors, upload, metadata={"ss_output_name": "zorblax"})
    with pytest.raises(LoraFileError, match="LoHa"):
        lora_file.take_file(services, visitor, upload, "loha.safetensors", BUNDLED)
    return upload


def test_a_file_that_cannot_be_attacked_says_what_it_says_and_can_be_cleaned(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    upload(services, visitor, tmp_path)
    before = on_desk(visitor)
    refuse(services, visitor, tmp_path)
    refused = visitor.desk.refused
    assert refused is not None
    assert on_desk(visitor) is before
    assert [finding.value for finding in refused.said] == ["zorblax"]
    assert lora_file.clean(visitor) == []
    cleaned = visitor.desk.cleaned
    assert cleaned is not None
    assert cleaned.of is refused
    assert scan(cleaned.path) == ()
    assert list(load_file(cleaned.path)) == ["lora_unet_mid_block_attentions_0_proj_in.hada_w1_a"]
    upload(services, visitor, tmp_path, "next.safetensors", seed=1)
    assert visitor.desk.refused is visitor.desk.cleaned is None
    lora_file.clean(visitor)
    assert visitor.desk.cleaned is not None
    assert visitor.desk.cleaned.of is on_desk(visitor)
    visitor.delete()
    assert not refused.path.exists()


def test_what_is_left_out_of_a_clean_copy_is_said(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    refuse(services, visitor, tmp_path, **{"<quorvex>": torch.ones(4)})
    (said,) = lora_file.clean(visitor)
    assert "<quorvex>" in said
    assert visitor.desk.cleaned is not None
    assert "<quorvex>" not in load_file(visitor.desk.cleaned.path)


def test_of_a_file_without_a_header_nothing_is_kept(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    with pytest.raises(LoraFileError):
        lora_file.take_file(services, visitor, bad, "bad.safetensors", BUNDLED)
    assert visitor.desk.refused is None


def test_the_tab_shows_a_refused_file_and_offers_its_copy(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    refuse(services, visitor, tmp_path)
    with gr.Blocks():
        tab = build_attack_tab(services)
    view = View(visitor, visitor.desk, None)
    drawn = {
        getattr(block, "elem_id", None): value for facet in tab.facets for block, value in facet.draw(view).items()
    }
    assert "zorblax" in drawn["metadata-leak"].value
    assert "LoHa" in drawn["metadata-leak"].value
    assert drawn["clean"].visible
    assert not drawn["download-clean"].visible


def test_a_clean_copy_belongs_to_its_file(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    with pytest.raises(LoraFileError, match="no LoRA file yet"):
        lora_file.clean(visitor)
    for number in range(2):
        upload = tmp_path / "upload.safetensors"
        save_file(dict(lora(number).tensors), upload, metadata={"ss_output_name": "zorblax"})
        lora_file.take_file(services, visitor, upload, "zorblax.safetensors", BUNDLED)
        desk = visitor.desk
        assert desk.released is not None
        assert [finding.value for finding in desk.released.said] == ["zorblax"]
        assert desk.cleaned is None  # a new file has none yet
        lora_file.clean(visitor)
        cleaned = visitor.desk.cleaned
        assert cleaned is not None
        assert cleaned.path.parent.parent == visitor.folder
        assert scan(cleaned.path) == ()
        lora_file.clean(visitor)
        assert visitor.desk.cleaned is cleaned
        assert list(visitor.folder.glob("clean-*")) == [cleaned.path.parent]
    visitor.delete()
    assert not cleaned.path.exists()


def test_no_file_is_taken_while_a_job_of_the_visitor_waits_or_runs(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    """Otherwise the attack on one file would end as what was drawn from another."""
    upload(services, visitor, tmp_path, "first.safetensors")
    first, begun, go_on = on_desk(visitor), Event(), Event()

    def hold(progress: Progress) -> None:
        begun.set()
        assert go_on.wait(30)

    attack = story_jobs.attacking(services, visitor, ORDER)
    story_jobs.begin(services, visitor, "Attack", lambda watcher: attack(replace(watcher, report=hold)))
    try:
        assert begun.wait(30)
        with pytest.raises(SettingsError, match="in line or running"):
            upload(services, visitor, tmp_path, "second.safetensors", seed=1)
    finally:
        go_on.set()
    ended(services, visitor)
    assert on_desk(visitor) is first
    assert visitor.desk.attacked is not None
    assert visitor.desk.attacked.released is first
    upload(services, visitor, tmp_path, "second.safetensors", seed=1)
    assert on_desk(visitor).name == "second.safetensors"
    assert visitor.desk.attacked is None


def test_a_job_that_begins_while_an_upload_is_read_keeps_its_file(
    services: Services, visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(services, visitor, tmp_path, "first.safetensors")
    first, go_on = on_desk(visitor), Event()

    def hold() -> None:
        assert go_on.wait(30)

    def begin(*_: object, **__: object) -> None:
        story_jobs.begin(services, visitor, "Attack", lambda _: hold())

    monkeypatch.setattr(services.story, "count_photos", begin)
    try:
        with pytest.raises(SettingsError, match="in line or running"):
            upload(services, visitor, tmp_path, "second.safetensors", seed=1)
    finally:
        go_on.set()
    assert on_desk(visitor) is first


def test_in_the_story_no_upload_comes_between_the_parts(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    load(visitor, 8)
    refused: list[str] = []

    def report(progress: Progress) -> None:
        with pytest.raises(SettingsError, match="in line or running"):
            upload(services, visitor, tmp_path)
        refused.append(progress.stage[:6])

    story = story_jobs.story(services, visitor, ORDER)
    story_jobs.begin(services, visitor, "The whole story", lambda watcher: story(replace(watcher, report=report)))
    ended(services, visitor)
    assert list(dict.fromkeys(refused)) == ["Part 1", "Part 2", "Part 3"]
    desk = visitor.desk
    assert desk.tuned is desk.released is not None
    assert desk.attacked is not None
    assert desk.attacked.released is desk.tuned
    assert desk.compared is not None


@pytest.fixture
def strict(services: Services) -> Services:
    """Files are held against the published configurations."""
    return replace(services, bases=BASES, read_file=read_for)


def file_for(folder: Path, architecture: Architecture) -> Path:
    shapes = {m: shape for m, shape in layer_shapes(architecture).items() if m.endswith("attn2.to_v")}
    tensors = {}
    for module, (out, into) in shapes.items():
        tensors[f"{module}.lora_A.weight"] = torch.ones(2, into)
        tensors[f"{module}.lora_B.weight"] = torch.ones(out, 2)
    return write_lora(
        folder / "up" / "upload.safetensors", LoraWeights(tensors=tensors, alphas=dict.fromkeys(shapes, 2.0))
    )


def test_a_file_of_another_base_is_refused_at_once_and_its_own_base_named(
    strict: Services, visitor: Visitor, tmp_path: Path
) -> None:
    with pytest.raises(LoraFileError) as caught:
        lora_file.take_file(strict, visitor, file_for(tmp_path, SD14), "My face.safetensors", BUNDLED)
    assert caught.value.problem.startswith("My face.safetensors is for Stable Diffusion 1.x")
    assert BASES["sd14"].title in caught.value.remedy
    assert BASES["sd21"].title not in caught.value.remedy
    assert visitor.desk.released is None
    lora_file.take_file(strict, visitor, file_for(tmp_path, SD14), "My face.safetensors", "sd14")
    assert on_desk(visitor).base_key == "sd14"


def test_a_file_that_changes_nothing_is_not_said_to_be_for_another_base(
    strict: Services, visitor: Visitor, tmp_path: Path
) -> None:
    path = file_for(tmp_path, SD14)
    save_file({key: torch.zeros_like(tensor) for key, tensor in load_file(path).items()}, path)
    with pytest.raises(LoraFileError, match="changes nothing") as caught:
        lora_file.take_file(strict, visitor, path, "mine.safetensors", "sd14")
    assert "It fits" not in str(caught.value)
    assert visitor.desk.released is None


def test_a_file_that_fits_no_base_is_refused_without_a_wrong_hint(
    strict: Services, visitor: Visitor, tmp_path: Path
) -> None:
    path = write_lora(tmp_path / "up" / "upload.safetensors", lora())
    with pytest.raises(LoraFileError) as caught:
        lora_file.take_file(strict, visitor, path, "mine.safetensors", BUNDLED)
    assert caught.value.problem.startswith("mine.safetensors")
    assert "It fits" not in caught.value.remedy


def test_another_base_counts_for_the_file_on_the_desk_if_it_fits(
    strict: Services, visitor: Visitor, tmp_path: Path
) -> None:
    twin = replace(BASES["sd14"], key="sd15", title="Stable Diffusion 1.5")
    strict = replace(strict, bases={**BASES, "sd15": twin})
    assert lora_file.take_for(strict, visitor, "sd14") == []  # there is no file yet
    lora_file.take_file(strict, visitor, file_for(tmp_path, SD14), "mine.safetensors", "sd14")
    first = on_desk(visitor)
    visitor.change(attacked=Attacked(first, Reconstruction("encoder", [face(1)], 0), AttackSettings()))
    (said,) = lora_file.take_for(strict, visitor, "sd21")
    assert said.startswith("mine.safetensors is for Stable Diffusion 1.x")
    assert "stays on the desk for Stable Diffusion 1.4" in said
    assert on_desk(visitor) is first
    assert visitor.desk.attacked is not None
    assert lora_file.take_for(strict, visitor, "sd15") == []
    second = on_desk(visitor)
    assert (second.base_key, second.name, second.path) == ("sd15", "mine.safetensors", first.path)
    assert second.number != first.number  # pages draw it anew
    assert second.path.exists()
    assert visitor.desk.attacked is None


def test_the_base_of_the_own_file_is_not_up_to_the_upload(services: Services, visitor: Visitor) -> None:
    load(visitor, 8)
    story_jobs.tuning(services, visitor, ORDER)(UNWATCHED)
    before = visitor.desk
    assert lora_file.take_for(services, visitor, "sd14") == []
    assert visitor.desk is before


def test_back_to_the_own_file_brings_trigger_and_photos_back(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    with pytest.raises(LoraFileError, match="no LoRA file of your own"):
        lora_file.take_own(services, visitor)
    load(visitor, 8)
    story_jobs.story(services, visitor, ORDER)(UNWATCHED)
    own = on_desk(visitor)
    upload(services, visitor, tmp_path)
    assert visitor.desk.kept is None
    story_jobs.attacking(services, visitor, ORDER)(UNWATCHED)
    lora_file.take_own(services, visitor)
    desk = visitor.desk
    assert desk.released is desk.tuned is own
    assert (desk.attacked, desk.compared, desk.uploaded) == (None, None, False)
    assert desk.kept is not None
    assert len(desk.kept.photos) == 3
    story_jobs.comparing(services, visitor, ORDER)(UNWATCHED)
    assert visitor.desk.compared is not None
    assert "dreambooth" in visitor.desk.compared.report.metrics


def test_the_way_back_and_the_base_are_offered_when_they_can_be_used(
    services: Services, visitor: Visitor, tmp_path: Path
) -> None:
    with gr.Blocks():
        tab = build_attack_tab(services)
    facet = next(facet for facet in tab.facets if tab.own in facet.outputs)

    def offered() -> tuple[object, bool, bool]:
        view = View(visitor, visitor.desk, services.jobs.get(visitor.desk.job or ""))
        drawn = facet.draw(view)
        return facet.stamp(view), drawn[tab.own].visible, drawn[tab.base].interactive

    load(visitor, 8)
    upload(services, visitor, tmp_path)
    states = [offered()]
    story_jobs.tuning(services, visitor, ORDER)(UNWATCHED)
    states.append(offered())
    upload(services, visitor, tmp_path)
    states.append(offered())
    go_on = Event()

    def hold(watcher: Watcher) -> None:
        assert go_on.wait(30)

    story_jobs.begin(services, visitor, "Attack", hold)
    states.append(offered())
    with pytest.raises(SettingsError, match="in line or running"):
        lora_file.take_own(services, visitor)
    with pytest.raises(SettingsError, match="in line or running"):
        lora_file.take_for(services, visitor, "sd14")
    go_on.set()
    assert [state[1:] for state in states] == [(False, True), (False, True), (True, True), (True, False)]
    assert len({state[0] for state in states}) == 3


def with_example(services: Services, folder: Path) -> Services:
    write_lora(folder / EXAMPLE, lora(7))
    return replace(services, bases={BUNDLED: replace(BASES[BUNDLED], own_folder=str(folder))})


def test_whoever_has_no_file_takes_the_example(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    there = with_example(services, tmp_path)
    lora_file.take_example(there, visitor)
    released = on_desk(visitor)
    assert (released.example, released.trigger, released.source) == (True, None, None)
    assert visitor.desk.uploaded
    assert released.path != tmp_path / EXAMPLE  # a copy: deleting the visitor's data leaves the project's own
    visitor.delete()
    assert (tmp_path / EXAMPLE).is_file()


def test_the_example_is_offered_where_there_is_one(services: Services, visitor: Visitor, tmp_path: Path) -> None:
    nowhere = replace(services, bases={BUNDLED: replace(BASES[BUNDLED], own_folder=str(tmp_path / "empty"))})
    with pytest.raises(LoraFileError, match="No example"):
        lora_file.take_example(nowhere, visitor)
    there = with_example(services, tmp_path)
    for given, shown in ((nowhere, [False]), (there, [True])):
        assert _example_button(given, visitor) == shown
    lora_file.take_example(there, visitor)
    assert _example_button(there, visitor) == [False]
    upload(there, visitor, tmp_path)
    assert _example_button(there, visitor) == [True]


def _example_button(services: Services, visitor: Visitor) -> list[bool]:
    with gr.Blocks():
        tab = build_attack_tab(services)
    view = View(visitor, visitor.desk, None)
    facet = next(facet for facet in tab.facets if facet.name == "example file")
    return [component.visible for component in facet.draw(view).values()]


def test_the_example_that_ships_fits_its_base_and_says_nothing_by_itself() -> None:
    path = BASES[BUNDLED].folder / EXAMPLE
    assert read_for(path, BASES[BUNDLED]).modules()
    assert not scan(path)
