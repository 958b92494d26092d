"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "demo").rglob("*.py"))
APP_LINES = 90
MODULE_LINES = 320  # about 300


def test_imports_keep_their_contracts() -> None:
    """The layers, gradio in the page alone, and what an attack may see: .importlinter."""
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    # In a process of its own, for it sets up logging anew.
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_package_has_its_line_in_the_picture() -> None:
    picture = (ROOT / "demo" / "README.md").read_text(encoding="utf-8").split("```")[1]
    packages = {path.parent.name for path in (ROOT / "demo").glob("*/__init__.py")}
    assert packages
    assert packages <= set(re.findall(r"[a-z_]+", picture))


def test_the_app_only_assembles() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= APP_LINES


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
