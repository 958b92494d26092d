"""Windows has no module ``resource``: what the command line and the app import must not need it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MISSING = {"resource", "fcntl", "grp", "pwd", "termios"}  # of the standard library, on Windows
START = """
import importlib, pkgutil, sys
import psutil  # its Linux half imports resource, its Windows half does not
sys.modules["resource"] = None  # as if it were not there
import app, demo.__main__, demo.cli
names = [f"demo.cli.{found.name}" for found in pkgutil.iter_modules(demo.cli.__path__)]
for name in [*names, "demo.ui.assembly", "demo.workflow.story", "demo.sweep.run", "demo.shake.run"]:
    importlib.import_module(name)
print(len(names))
"""


def test_everything_starts_without_it() -> None:
    done = subprocess.run([sys.executable, "-c", START], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 3


@pytest.mark.parametrize(
    "path", [ROOT / "app.py", *sorted((ROOT / "demo").rglob("*.py"))], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_module_imports_at_its_top_what_windows_lacks(path: Path) -> None:
    top = ast.parse(path.read_text(encoding="utf-8")).body
    named = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
    assert not MISSING & named
