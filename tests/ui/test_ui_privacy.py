"""Nothing of one visitor reaches another, whatever addresses and numbers the other one guesses."""

from __future__ import annotations

import hashlib
import itertools
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fake_services import fake_services
from fake_story import FakeStory, face
from gradio import Blocks
from gradio_client import Client, handle_file
from served import served, show

from demo.models.bases import BUNDLED
from demo.session.services import Services

PATIENCE_S = 60.0
TRIGGER = b"quorvex"


@dataclass
class Ann:
    """A visitor who has photos, a file, a reconstruction and a report, and is still there."""

    client: Client
    secrets: list[bytes]  # that nobody else's answer may hold
    photo: Path
    folder: Path
    files: list[Path]


@dataclass
class World:
    url: str
    root: Path
    services: Services
    blocks: Blocks
    ann: Ann


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("gradio")
    services = fake_services(root, FakeStory(0.0, steps=5))
    with served(root, services) as (url, blocks):
        yield World(url, root, services, blocks, arrived(url, root, blocks, tmp_path_factory.mktemp("photos")))


def arrived(url: str, root: Path, blocks: Blocks, photos: Path) -> Ann:
    client = Client(url, verbose=False)
    paths = [photos / f"holiday{number}.png" for number in range(4)]
    for number, path in enumerate(paths):
        face(number, 200).save(path)
    client.predict([handle_file(path) for path in paths], api_name="/add_photos")
    client.predict(api_name="/run_story")
    deadline = time.monotonic() + PATIENCE_S
    while client.predict(api_name="/status")["headline"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    show(url, client)
    shown = str(blocks.state_holder.session_data[client.session_hash].config_values)
    pictures = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", shown)
    public = httpx.get(f"{url}config").text  # such as the planted people's, whom every page shows
    pictures = [picture for picture in pictures if picture not in public]
    assert pictures
    folder = next(root.glob("visitor-*"))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"lora.safetensors", "report.html", "report.json"}
    tails = [picture[-60:].encode() for picture in pictures]  # PNGs of a kind begin alike
    return Ann(client, [*tails, TRIGGER, b"holiday1", folder.name.encode()], paths[0], folder, files)


def kept_from_bob(world: World, data: bytes) -> bool:
    return not any(secret in data for secret in world.ann.secrets)


def get(world: World, path: str, **options: object) -> tuple[int, bytes]:
    """Status and the beginning of the answer; a stream is left after a second."""
    found = b""
    try:
        with httpx.stream("GET", f"{world.url}{path}", timeout=httpx.Timeout(10, read=1.5), **options) as answer:  # type: ignore[arg-type]
            for chunk in itertools.islice(answer.iter_bytes(), 50):
                found += chunk
            return answer.status_code, found
    except (httpx.ReadTimeout, httpx.RemoteProtocolError):  # a stream that goes on, or that the server broke off
        return 0, found


def test_the_owner_can_have_the_files(world: World) -> None:
    """Else nothing below would mean anything."""
    for path in world.ann.files:
        status, data = get(world, f"gradio_api/file={path}")
        assert (status, data[:20]) == (200, path.read_bytes()[:20])


def test_guessed_addresses_of_files(world: World) -> None:
    ann, root = world.ann, world.root
    report = next(path for path in ann.files if path.name == "report.html")
    room, digest = report.parent.name, hashlib.sha256(ann.photo.read_bytes()).hexdigest()
    token = ann.folder.name
    other = "visitor-" + "0" * (len(token) - len("visitor-"))
    guesses = [
        root, f"{root}/", ann.folder, report.parent,  # listings
        root / other / room / "report.html", root / "visitor-*" / room / "report.html",
        root / other / ".." / "report.html", f"{root}/{other}/..%2f{room}/report.html",
        root / "report.html", root / room / "report.html",
        root / digest / ann.photo.name, root / digest, ann.photo,  # of the upload, and of the photo itself
        f"..{root}/{token[:20]}", "visitor-", ".", "..", "", "%00", f"{report}%00.png"[: len(str(root))],
        "/proc/self/environ", "/proc/self/maps", "/proc/self/cwd/app.py", "app.py", "/etc/passwd", "file:///etc/passwd",
        Path(__file__), Path(__file__).parents[2] / "weights/manifest.json", "weights/manifest.json",
    ]  # fmt: skip
    for guess in guesses:
        for options in ({}, {"headers": {"Range": "bytes=0-100"}}):
            status, data = get(world, f"gradio_api/file={guess}", **options)
            assert status >= 400, guess
            said = data.replace(token.encode(), b"")  # the guess itself may be said
            assert kept_from_bob(world, said), guess
            assert b"root:" not in data
    assert not list(root.glob(f"{digest}/*"))  # the upload has gone already


def test_what_everybody_may_ask_for_names_nobody(world: World) -> None:
    paths = ["", "config", "gradio_api/info", "gradio_api/openapi.json", "gradio_api/app_id", "gradio_api/queue/status",
             "gradio_api/startup-events", "gradio_api/token", "gradio_api/user", "manifest.json", "theme.css",
             "monitoring", "gradio_api/runs", "gradio_api/run-history/records", "gradio_api/run-history/buckets",
             "gradio_api/dev/reload", "gradio_api/upload_progress?upload_id=1",
             "?deep_link=x", "config?deep_link=../.."]  # fmt: skip
    for path in paths:
        _, data = get(world, path)
        assert kept_from_bob(world, data), path


def test_guessed_sessions_and_events(world: World) -> None:
    own = world.ann.client.session_hash
    for guess in ("", "0", "null", own[:-1], own.upper() + "x", "*", "%", "undefined"):
        for path in (
            f"gradio_api/queue/data?session_hash={guess}",
            f"gradio_api/heartbeat/{guess or '-'}",
            f"gradio_api/deep_link?session_hash={guess}",
            f"gradio_api/stream/{guess or '-'}/1/1/playlist.m3u8",
        ):
            _, data = get(world, path)
            assert kept_from_bob(world, data), path
    for event in (uuid.uuid4().hex, "0", "*", ""):
        for name in ("status", "run_story", "compare"):
            _, data = get(world, f"gradio_api/call/{name}/{event}")
            assert kept_from_bob(world, data), event
    assert not list(world.root.glob("deep_links/*"))


def test_somebody_elses_job_is_not_stopped_by_a_guess(world: World) -> None:
    for guess in ("", "0", world.ann.client.session_hash[:-1]):
        sent = {"session_hash": guess, "fn_index": 0, "event_id": uuid.uuid4().hex}
        httpx.post(f"{world.url}gradio_api/cancel", json=sent)
        httpx.post(f"{world.url}gradio_api/reset", json={"event_id": sent["event_id"]})
        for name in ("stop", "delete_my_data"):
            httpx.post(f"{world.url}gradio_api/run/{name}", json={"data": [], "session_hash": guess})
    assert world.ann.client.predict(api_name="/status")["headline"]
    assert all(path.exists() for path in world.ann.files)


def test_an_id_that_a_browser_made_up_is_a_new_visitor(world: World) -> None:
    config = httpx.get(f"{world.url}config").json()
    load = next(call for call in config["dependencies"] if any(target[1] == "load" for target in call["targets"]))
    kinds = {component["id"]: component["type"] for component in config["components"]}
    assert [kinds[number] for number in load["inputs"]] == ["browserstate"]
    real = next(iter(world.services.visitors._visitors))
    for number, made_up in enumerate((None, "", 7, [], {"id": "x"}, "x" * 32, real[:-1])):
        session = f"bob{number}"
        sent = {"data": [made_up], "fn_index": load["id"], "session_hash": session}
        answer = httpx.post(f"{world.url}gradio_api/run/predict", json=sent)
        assert kept_from_bob(world, answer.content)
        said = httpx.post(f"{world.url}gradio_api/run/status", json={"data": [], "session_hash": session}).json()
        assert (said["data"][0]["photos"], said["data"][0]["file"]) == (0, None)


def test_somebody_elses_file_as_an_input(world: World) -> None:
    """Even with the right path: a request may name uploads alone, and these are nobody's."""
    bob = Client(world.url, verbose=False)
    file = next(path for path in world.ann.files if path.suffix == ".safetensors")
    plain = {"path": str(file), "orig_name": "a.safetensors"}
    for said in (plain, {**plain, "meta": {"_type": "gradio.FileData"}}):
        sent = {"data": [said, BUNDLED], "session_hash": bob.session_hash}
        httpx.post(f"{world.url}gradio_api/run/add_lora", json=sent)
        assert bob.predict(api_name="/status")["file"] is None
    assert file.exists()


def test_after_deletion_the_addresses_are_dead(world: World) -> None:
    """The last one: it ends what Ann has."""
    world.ann.client.predict(api_name="/delete_my_data")
    for path in world.ann.files:
        status, data = get(world, f"gradio_api/file={path}")
        assert status >= 400
        assert kept_from_bob(world, data.replace(world.ann.folder.name.encode(), b""))  # the guess itself may be said
