"""The app as an MCP server, tried with MCP's own client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fake_services import fake_services
from fake_story import FakeStory, face
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from served import served

from demo.session.services import ExamplePerson
from demo.ui.caller import HEADER, LEAST
from demo.ui.components.endpoints import ENDPOINTS

NAME = "Anton Upplund"
LARGEST = 4_000  # characters of an answer: a program that reads it pays for each


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gradio")
    portrait = folder / "00.webp"
    face(0, 128).save(portrait)
    services = fake_services(folder, FakeStory(0.01, steps=20), (ExamplePerson(NAME, (portrait,) * 8),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_MCP_SERVER", "True")
        with served(folder, services, "space") as (address, _):
            yield address


@asynccontextmanager
async def client(url: str, secret: str | None, **more: str) -> AsyncIterator[ClientSession]:
    headers = ({} if secret is None else {HEADER: secret}) | {name.replace("_", "-"): to for name, to in more.items()}
    async with (
        httpx.AsyncClient(headers=headers, timeout=60, follow_redirects=True) as http,
        streamable_http_client(f"{url}gradio_api/mcp/", http_client=http) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


async def call(session: ClientSession, tool: str, **arguments: Any) -> str:
    answer = await session.call_tool(tool, arguments)
    words = "\n".join(getattr(part, "text", "?") for part in answer.content)
    assert len(words) < LARGEST
    return words


def test_tools_have_the_endpoints_names_and_say_what_they_do(url: str) -> None:
    async def tools() -> dict[str, str]:
        async with client(url, None) as session:
            return {tool.name: tool.description or "" for tool in (await session.list_tools()).tools}

    found = asyncio.run(tools())
    assert set(found) == set(ENDPOINTS)
    for name, words in found.items():
        assert words.startswith(ENDPOINTS[name])


def test_a_story_is_told(url: str) -> None:
    async def story() -> str:
        async with client(url, "a secret of Ann's" + "x" * LEAST) as session:
            assert await call(session, "load_person", name=NAME) == "8"
            assert "'photos': 8" in await call(session, "run_story")
            for _ in range(300):
                status = await call(session, "status")
                if "'state': 'done'" in status:
                    break
                await asyncio.sleep(0.1)
            return status

    assert "The shared file gives the person away" in asyncio.run(story())


def test_two_clients_have_nothing_in_common(url: str) -> None:
    async def two() -> tuple[str, str]:
        async with client(url, "Ann" + "1" * LEAST) as ann, client(url, "Bob" + "2" * LEAST) as bob:
            await call(ann, "load_person", name=NAME)
            seen = await call(bob, "status"), await call(ann, "status")
            await call(bob, "delete_my_data")
            assert await call(ann, "status") == seen[1]
            return seen

    bob, ann = asyncio.run(two())
    assert "'photos': 0" in bob
    assert "'photos': 8" in ann


@pytest.mark.parametrize("secret", [None, "short"])
@pytest.mark.parametrize("tool", ["status", "run_story", "delete_my_data"])
def test_a_client_that_names_no_session_is_told_how(url: str, secret: str | None, tool: str) -> None:
    async def asked() -> str:
        async with client(url, secret) as session:
            return await call(session, tool)

    assert "X-Session" in asyncio.run(asked())


def test_a_client_cannot_pass_for_another_kind(url: str) -> None:
    async def asked() -> str:
        async with client(url, None, x_gradio_user="api") as session:
            return await call(session, "run_story")

    assert "X-Session" in asyncio.run(asked())
