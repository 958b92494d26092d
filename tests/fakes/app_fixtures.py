"""Services made of fakes, and a visitor who has just opened the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_services import fake_services
from fake_story import FakeStory

from demo.session.services import Services
from demo.session.visitors import Visitor


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = fake_services(tmp_path, FakeStory())
    yield made
    made.jobs.close()


@pytest.fixture
def visitor(services: Services) -> Visitor:
    return services.visitors.open("page", None).visitor
