"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "demo").rglob("*.py"))
APP_LINES = 90
MODULE_LINES = 320  # about 300


def imported(path: Path) -> set[str]:
    """Top-level names of all that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def demo_imports(path: Path) -> set[str]:
    return {
        node.module
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("demo")
    }


def test_only_the_ui_imports_gradio() -> None:
    users = [path for path in MODULES if {"gradio", "gradio_client"} & imported(path)]
    assert users
    assert [path for path in users if "ui" not in path.relative_to(ROOT / "demo").parts] == []


def test_nothing_but_the_app_imports_the_ui() -> None:
    others = [path for path in MODULES if "ui" not in path.relative_to(ROOT / "demo").parts]
    assert [path for path in others if any(name.startswith("demo.ui") for name in demo_imports(path))] == []


def test_the_app_only_assembles() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= APP_LINES


def test_attacks_cannot_see_photos_or_settings_of_the_victim() -> None:
    for path in (ROOT / "demo" / "attack").glob("*.py"):
        assert not {name for name in demo_imports(path) if name.startswith(("demo.photos", "demo.ui"))}, path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MODULE_LINES
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring
    assert len(docstring.splitlines()) <= 12


def test_commands_that_texts_name_can_be_run() -> None:
    named = {name for path in MODULES for name in re.findall(r"python -m ([\w.]+)", path.read_text(encoding="utf-8"))}
    own = {name for name in named if name.split(".")[0] == "demo"}
    assert own
    assert [name for name in own if not (ROOT.joinpath(*name.split(".")) / "__main__.py").is_file()] == []
