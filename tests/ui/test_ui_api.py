"""What the documents say of the API, held by running it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_services import fake_services
from fake_story import FakeStory, face
from gradio_client import Client
from gradio_client.exceptions import AppError
from served import served

from demo.session.services import ExamplePerson
from demo.ui.components.endpoints import ENDPOINTS

README = Path(__file__).parents[2] / "demo/README.md"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gradio")
    portrait = folder / "00.webp"
    face(0, 128).save(portrait)
    services = fake_services(folder, FakeStory(0.01, steps=20), (ExamplePerson("Anton Upplund", (portrait,) * 8),))
    with served(folder, services, "space") as (address, _):
        yield address


def test_the_readmes_example_runs(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(code.replace("http://127.0.0.1:7860/", url), {})
    assert capsys.readouterr().out.startswith("8 done The shared file gives the person away")


def test_every_public_endpoint_says_what_it_does(url: str) -> None:
    found = Client(url, verbose=False).view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert {name.removeprefix("/") for name in found} == set(ENDPOINTS)
    for name, endpoint in found.items():
        assert endpoint["description"] == ENDPOINTS[name.removeprefix("/")]


def test_a_client_guesses_once_and_knows_the_person(url: str) -> None:
    client = Client(url, verbose=False)
    with pytest.raises(AppError, match="no line-up yet"):
        client.predict(3, api_name="/guess")
    client.predict("Anton Upplund", api_name="/load_person")
    client.predict(api_name="/run_story")
    while client.predict(api_name="/status")["state"] != "done":
        pass
    assert client.predict(api_name="/status")["faces"] == 6
    assert client.predict(3, api_name="/guess") is True
    with pytest.raises(AppError, match="picked already"):
        client.predict(3, api_name="/guess")
