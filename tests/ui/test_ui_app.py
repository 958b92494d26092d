from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_services import fake_services
from fake_shake import FakeShaker
from fake_story import FakeStory, face, lora
from fake_sweep import FakeSweep
from gradio import Blocks
from gradio.state_holder import SessionState
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from safetensors.torch import save_file
from served import served, show

from demo.lora.files import write_lora
from demo.lora.metadata.leak import scan
from demo.models.bases import BUNDLED
from demo.session.limits import Limits, Starts
from demo.session.services import ExamplePerson, Services
from demo.ui import fine_tune

PATIENCE_S = 30.0


class App:
    def __init__(self, services: Services, url: str, folder: Path, blocks: Blocks) -> None:
        self.services, self.url, self.folder = services, url, folder
        self.sessions: Mapping[str, SessionState] = blocks.state_holder.session_data
        self.fresh = SessionState(blocks)  # what a page shows to whoever comes

    def client(self) -> Client:
        return Client(self.url, verbose=False)

    def uploads(self) -> list[Path]:
        """Files in the temporary folder that are neither a visitor's own nor the app's."""
        return [
            path
            for path in self.folder.rglob("*")
            if path.is_file() and "visitor-" not in str(path) and path.suffix in {".jpg", ".png", ".safetensors"}
        ]

    def upload_folders(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if len(path.name) == 64 and not list(path.iterdir())]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("gradio")
    portrait = folder / "portraits" / "00.webp"
    portrait.parent.mkdir()
    face(0, 128).save(portrait)
    services = fake_services(folder, FakeStory(0.01, steps=20), (ExamplePerson("Anouk Quistrow", (portrait,) * 8),))
    with served(folder, services) as (url, blocks):
        yield App(services, url, folder, blocks)


def wait(client: Client, **wanted: Any) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        status: dict[str, Any] = client.predict(api_name="/status")
        if all(status[key] == value for key, value in wanted.items()):
            return status
        assert status["state"] != "failed" or wanted.get("state") == "failed", status
        time.sleep(0.1)
    raise AssertionError(f"{status} has not become {wanted}")


def test_public_endpoints_are_stable(app: App) -> None:
    named = app.client().view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {
        "/add_lora",
        "/add_photos",
        "/attack",
        "/clean_copy",
        "/compare",
        "/continue_defend",
        "/continue_shake",
        "/defend",
        "/delete_my_data",
        "/fine_tune",
        "/guess",
        "/load_person",
        "/remove_photos",
        "/run_story",
        "/shake",
        "/status",
        "/stop",
        "/take_example",
    }


def test_the_whole_story(app: App) -> None:
    client = app.client()
    assert client.predict("Anouk Quistrow", api_name="/load_person") == 8
    client.predict(api_name="/run_story")
    status = wait(client, state="done")
    assert status["leaked"] is True
    assert status["headline"].startswith("The shared file gives the person away")
    assert status["file"] == "lora.safetensors"
    story = app.services.story
    assert isinstance(story, FakeStory)
    assert story.tuned_on[-1] == 5  # of 8: three are kept for scoring
    client.predict(api_name="/delete_my_data")


def test_the_gate_can_be_ticked_for_bases_that_have_one_alone(app: App) -> None:
    for key, there in ((BUNDLED, True), ("sd14", False)):
        *_, gate = fine_tune._preset_values(app.services, key)
        assert gate.interactive is there
        assert ("None has been made" in gate.info) is not there
    assert gate.value is False  # ticked for another base, it goes


def test_step_by_step(app: App) -> None:
    client = app.client()
    client.predict("Anouk Quistrow", api_name="/load_person")
    client.predict(api_name="/fine_tune", steps=30)
    assert wait(client, state="done")["reconstructed"] is False
    client.predict(api_name="/attack", samples=3)
    assert wait(client, state="done")["headline"] is None
    client.predict(api_name="/compare")
    assert wait(client, state="done", reconstructed=True)["headline"]
    client.predict(api_name="/delete_my_data")


def test_fine_tuning_with_a_defence_and_bad_budgets(app: App) -> None:
    client = app.client()
    client.predict("Anouk Quistrow", api_name="/load_person")
    for values, problem in (
        ({"epsilon": 0}, "epsilon: Input should be greater than 0"),
        ({"delta": 0.2}, "must be at most 0.001"),
        ({"noise_draws": 65}, "greater than maximum value|noise_draws"),
    ):
        with pytest.raises(AppError, match=problem):
            client.predict(defence="dpdm", api_name="/fine_tune", **values)
    client.predict(defence="dpdm", epsilon=2, steps=30, api_name="/fine_tune")
    assert wait(client, state="done")["file"] == "lora.safetensors"
    story = app.services.story
    assert isinstance(story, FakeStory)
    assert story.defences[-1].label == "DP-SGD (DPDM), ε = 2"
    ledgers = list(app.folder.glob("visitor-*/*/lora.ledger.json"))
    assert len(ledgers) == 1
    assert ledgers[0].stat().st_mode & 0o777
    client.predict(api_name="/delete_my_data")
    assert not ledgers[0].exists()


def test_a_model_is_shaken_for_one_visitor(app: App) -> None:
    client, other = app.client(), app.client()
    with pytest.raises(AppError, match="nothing to continue"):
        client.predict(api_name="/continue_shake")
    with pytest.raises(AppError, match="No fine-tuning method is chosen"):
        client.predict(methods=[], api_name="/shake")
    with pytest.raises(AppError, match="not in the list of choices"):
        client.predict(person="Nobody", api_name="/shake")
    client.predict(methods=["lora"], control=False, api_name="/shake")
    wait(client, state="done", models=1)
    with pytest.raises(AppError, match="has been tried"):
        client.predict(methods=["lora"], control=False, api_name="/continue_shake")
    shaker = app.services.shaker
    assert isinstance(shaker, FakeShaker)
    shaker.gate.clear()  # the client fetches the last run's files, which go with the new one's end
    try:
        client.predict(methods=["perturb"], control=False, api_name="/continue_shake")
    finally:
        shaker.gate.set()
    wait(client, state="done", models=2)
    assert other.predict(api_name="/status")["models"] is None
    client.predict(api_name="/delete_my_data")
    assert client.predict(api_name="/status")["models"] is None


def test_a_sweep_is_stopped_continued_and_deleted(app: App) -> None:
    client, other = app.client(), app.client()
    sweep = app.services.sweep
    assert isinstance(sweep, FakeSweep)
    client.predict("Anouk Quistrow", api_name="/load_person")
    with pytest.raises(AppError, match="no sweep to continue"):
        client.predict(api_name="/continue_defend")
    with pytest.raises(AppError, match="No defence is chosen"):
        client.predict([], api_name="/defend")
    sweep.halt = 1
    try:
        client.predict(["none", "int8", "truncate"], api_name="/defend")
        wait(client, points=1)
        client.predict(api_name="/stop")
        wait(client, state="stopped")
    finally:
        sweep.halt = None
    assert client.predict(api_name="/status")["points"] == 1
    assert other.predict(api_name="/status")["points"] is None
    with pytest.raises(AppError, match="not those of the last sweep"):
        client.predict(["none", "int8"], steps=50, api_name="/continue_defend")
    client.predict(["none", "int8", "truncate"], api_name="/continue_defend")
    wait(client, state="done", points=3)
    assert sweep.tried[-3:] == ["No defence", "Rank truncation, rank 1", "Rounding to int8"]
    own = list(app.folder.glob("visitor-*/sweep-*/*"))
    assert {path.name for path in own} == {"defend.csv", "report.html", "report.json"}
    client.predict(api_name="/delete_my_data")
    assert not any(path.exists() for path in own)
    assert client.predict(api_name="/status")["points"] is None


def test_stop(app: App) -> None:
    story = app.services.story
    assert isinstance(story, FakeStory)
    client = app.client()
    client.predict("Anouk Quistrow", api_name="/load_person")
    story.pause, story.steps = 0.05, 400
    try:
        client.predict(api_name="/run_story")
        wait(client, state="running")
        time.sleep(0.3)
        client.predict(api_name="/stop")
        status = wait(client, state="stopped")
    finally:
        story.pause, story.steps = 0.01, 20
    assert status["file"] == "lora.safetensors"  # what had been trained is kept
    assert status["headline"] is None


def test_uploads_are_deleted_at_once_and_bad_ones_named(app: App, tmp_path: Path) -> None:
    client = app.client()
    paths = []
    for name in ("a.jpg", "b.png", "landscape.jpg"):
        paths.append(tmp_path / name)
        face(len(paths), 200).save(paths[-1])
    client.predict([handle_file(path) for path in paths], api_name="/add_photos")
    assert client.predict(api_name="/status")["photos"] == 2
    assert app.uploads() == []
    assert app.upload_folders() == []
    client.predict(api_name="/remove_photos")
    assert client.predict(api_name="/status")["photos"] == 0


def test_no_request_reads_or_deletes_a_file_that_is_no_upload(app: App, tmp_path: Path) -> None:
    secret = tmp_path / "secret" / "face.png"
    secret.parent.mkdir()
    face(3, 200).save(secret)
    config = httpx.get(f"{app.url}config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    taking = [
        call["id"] for call in config["dependencies"] if any(kinds[i] in {"image", "file"} for i in call["inputs"])
    ]
    assert len(taking) == 5  # photos, camera, LoRA file; the first and the last for programs, too
    for number, fn in enumerate(taking):
        for file in ({"path": str(secret)}, {"path": str(secret), "meta": {"_type": "gradio.FileData"}}):
            session = f"crafted{number}"
            inputs = next(call["inputs"] for call in config["dependencies"] if call["id"] == fn)
            data = [file, *[None] * (len(inputs) - 1)]
            sent = {"data": data, "fn_index": fn, "session_hash": session}
            httpx.post(f"{app.url}gradio_api/queue/join", json=sent).raise_for_status()
            with httpx.stream("GET", f"{app.url}gradio_api/queue/data?session_hash={session}", timeout=30) as events:
                assert any("process_completed" in line for line in events.iter_lines())
            assert secret.exists()
            asked = {"data": [], "session_hash": session}
            said = httpx.post(f"{app.url}gradio_api/run/status", json=asked).json()["data"][0]
            assert (said["photos"], said["file"]) == (0, None)


def test_pictures_of_the_page_are_not_among_the_uploads(app: App) -> None:
    assert not [path for path in app.folder.rglob("*.webp") if path.parent.name != "portraits"]
    icon = next(c for c in httpx.get(f"{app.url}config").json()["components"] if c["props"].get("icon"))
    assert httpx.get(icon["props"]["icon"]["url"]).status_code == 200


def test_a_request_without_a_session_is_refused(app: App) -> None:
    asked = httpx.post(f"{app.url}gradio_api/run/status", json={"data": []})
    assert "session" in asked.json()["error"]


def test_several_faces_hold_the_job_back(app: App, tmp_path: Path) -> None:
    client = app.client()
    paths = [tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg", "two.jpg")]
    for path in paths:
        face(1, 200).save(path)
    client.predict([handle_file(path) for path in paths], api_name="/add_photos")
    status = client.predict(api_name="/status")
    assert (status["photos"], status["photos_to_settle"]) == (3, 1)
    assert app.uploads() == []
    with pytest.raises(AppError, match=r"two.jpg shows several faces"):
        client.predict(api_name="/fine_tune")


def test_jobs_are_counted_by_visitor_and_by_address_behind_a_proxy(app: App) -> None:
    object.__setattr__(app.services, "starts", Starts(Limits(visitor=1, address=2)))
    try:
        clients = [Client(app.url, verbose=False, headers={"X-Forwarded-For": "8.8.8.8"}) for _ in range(3)]
        for client in clients[:2]:
            client.predict("Anouk Quistrow", api_name="/load_person")
            client.predict(api_name="/fine_tune")
            wait(client, state="done")
            with pytest.raises(AppError, match=r"1 jobs? within an hour.*possible in about 60 min|2 jobs"):
                client.predict(api_name="/fine_tune")
        clients[2].predict("Anouk Quistrow", api_name="/load_person")
        with pytest.raises(AppError, match="2 jobs have been started from your network"):
            clients[2].predict(api_name="/fine_tune")
    finally:
        object.__setattr__(app.services, "starts", Starts())


def test_too_few_photos_and_bad_settings_are_explained(app: App) -> None:
    client = app.client()
    with pytest.raises(AppError, match="at least 3 are needed"):
        client.predict(api_name="/run_story")
    client.predict("Anouk Quistrow", api_name="/load_person")
    with pytest.raises(AppError, match="Learning rate"):
        client.predict(api_name="/fine_tune", lr=-1)
    with pytest.raises(AppError, match="no LoRA file yet"):
        client.predict(api_name="/compare")
    with pytest.raises(AppError, match="no such fictional person"):
        client.predict("Nobody", api_name="/load_person")


def test_an_uploaded_lora_is_attacked_and_its_upload_deleted(app: App, tmp_path: Path) -> None:
    client = app.client()
    path = write_lora(tmp_path / "mine.safetensors", lora())
    client.predict(handle_file(path), BUNDLED, api_name="/add_lora")
    assert app.uploads() == []
    assert client.predict(api_name="/status")["file"] == "mine.safetensors"
    client.predict(api_name="/attack")
    wait(client, state="done", reconstructed=True)
    with pytest.raises(AppError, match="no photos to compare with"):
        client.predict(api_name="/compare")


def test_an_uploaded_file_says_what_it_says_and_a_clean_copy_does_not(app: App, tmp_path: Path) -> None:
    client, other = app.client(), app.client()
    with pytest.raises(AppError, match="no LoRA file yet"):
        client.predict(api_name="/clean_copy")
    evil = "<img src=x onerror=alert(1)>"
    path = tmp_path / "mine.safetensors"
    save_file(dict(lora().tensors), path, metadata={"ss_output_name": evil, evil: evil})
    client.predict(handle_file(path), BUNDLED, api_name="/add_lora")
    status = client.predict(api_name="/status")
    assert (status["said"], status["cleaned"]) == (2, False)
    show(app.url, client)
    shown = str([state.config_values for state in app.sessions.values()])
    assert "&lt;img src=x onerror" in shown
    assert evil not in shown
    client.predict(api_name="/clean_copy")
    assert client.predict(api_name="/status")["cleaned"] is True
    assert other.predict(api_name="/status")["cleaned"] is False
    (copy,) = app.folder.glob("visitor-*/clean-*/*")
    assert copy.name == "lora-clean.safetensors"
    assert scan(copy) == ()
    client.predict(api_name="/clean_copy")  # is there already
    assert list(app.folder.glob("visitor-*/clean-*/*")) == [copy]
    client.predict(api_name="/delete_my_data")
    assert not copy.exists()


def test_a_renamed_pickle_is_refused(app: App, tmp_path: Path) -> None:
    client = app.client()
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(AppError, match="Python pickle"):
        client.predict(handle_file(path), BUNDLED, api_name="/add_lora")
    assert client.predict(api_name="/status")["file"] is None
    assert app.uploads() == []


def test_an_upload_for_an_unknown_base_is_deleted_too(app: App, tmp_path: Path) -> None:
    client = app.client()
    path = write_lora(tmp_path / "mine.safetensors", lora())
    with pytest.raises(AppError, match="no such base model"):
        client.predict(handle_file(path), "face65", api_name="/add_lora")
    assert client.predict(api_name="/status")["file"] is None
    assert app.uploads() == []


def test_two_visitors_see_nothing_of_each_other(app: App) -> None:
    ann, bob = app.client(), app.client()
    ann.predict("Anouk Quistrow", api_name="/load_person")
    ann.predict(api_name="/fine_tune")
    wait(ann, state="done")
    status = bob.predict(api_name="/status")
    assert (status["photos"], status["file"], status["state"]) == (0, None, None)
    bob.predict(api_name="/delete_my_data")
    assert ann.predict(api_name="/status")["file"] == "lora.safetensors"


def test_delete_my_data_leaves_nothing(app: App) -> None:
    client = app.client()
    before = set(app.folder.glob("visitor-*/*/*"))
    client.predict("Anouk Quistrow", api_name="/load_person")
    client.predict(api_name="/run_story")
    wait(client, state="done")
    own = set(app.folder.glob("visitor-*/*/*")) - before
    assert {path.name for path in own} == {"lora.safetensors", "lora.card.md", "report.html", "report.json"}
    assert all(path.parent.stat().st_mode & 0o077 == 0 for path in own)
    assert all(path.parents[1].stat().st_mode & 0o077 == 0 for path in own)
    client.predict(api_name="/delete_my_data")
    assert not any(path.exists() for path in own)
    status = client.predict(api_name="/status")
    assert (status["photos"], status["file"], status["state"]) == (0, None, None)


def test_delete_my_data_stops_a_running_job_for_good(app: App) -> None:
    story = app.services.story
    assert isinstance(story, FakeStory)
    client = app.client()
    client.predict("Anouk Quistrow", api_name="/load_person")
    folders = set(app.folder.glob("visitor-*"))
    story.pause, story.steps = 0.05, 400
    try:
        client.predict(api_name="/fine_tune")
        wait(client, state="running")
        client.predict(api_name="/delete_my_data")
        client.predict("Anouk Quistrow", api_name="/load_person")
        story.pause, story.steps = 0.0, 5
        client.predict(api_name="/fine_tune")
        wait(client, state="done")  # the line is free again
    finally:
        story.pause, story.steps = 0.01, 20
    assert len(folders - set(app.folder.glob("visitor-*"))) == 1  # and the late job has not brought it back


def test_nothing_shown_is_kept_in_memory_after_deletion_or_the_pages_end(app: App) -> None:
    def shown(state: SessionState) -> set[str]:
        return set(re.findall(r"data:image/[^\"'\\\s]+", str(state.config_values)))

    def kept() -> bool:
        """Besides the planted people, whom a page shows from the start, also one that a closing client brings back."""
        return any(shown(state) - public for state in list(app.sessions.values()))

    public = shown(app.fresh)
    assert public
    for visitor in list(app.services.visitors._visitors.values()):  # other tests'
        app.services.visitors.forget(visitor)
    assert not kept()
    client = app.client()
    client.predict("Anouk Quistrow", api_name="/load_person")
    client.predict(api_name="/run_story")
    wait(client, state="done")
    show(app.url, client)
    assert kept()
    client.predict(api_name="/delete_my_data")
    assert not kept()
    client.predict("Anouk Quistrow", api_name="/load_person")
    show(app.url, client)
    assert kept()
    app.services.visitors.close(client.session_hash)
    assert not kept()


def test_pictures_never_lie_in_a_file(app: App) -> None:
    client = app.client()
    client.predict("Anouk Quistrow", api_name="/load_person")
    client.predict(api_name="/run_story")
    wait(client, state="done")
    pictures = [p for p in app.folder.rglob("*") if p.suffix in {".png", ".jpg", ".webp"} and p.name != "00.webp"]
    assert pictures == []
    with Image.open(app.folder / "portraits" / "00.webp") as portrait:
        assert portrait.size == (128, 128)
