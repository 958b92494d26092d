"""Names and words that a console's encoding lacks, or that are no UTF-8 at all, end no command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from demo.files import write_text

ROOT = Path(__file__).parents[2]
CONSOLES = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "cp437": {"PYTHONIOENCODING": "cp437:strict"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "UTF-8": {"PYTHONIOENCODING": "utf-8"},
}
NOT_UTF8 = b"m\xfcller-\xff"  # Latin-1, as old archives have it
JAPANESE = "さくら".encode()
PRINT = """
import sys
from demo.commands import any_console
from demo.cli.output import print_json, say
any_console()
say("\\u3055\\u304f\\u3089 \\udcff \\u03b5")
print_json({"name": "\\u3055\\u304f\\u3089 \\udcff"})
"""


def run(console: str, *words: bytes | str, module: str = "demo") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-B", *(["-m", module] if module else []), *words]
    environment = {name: value for name, value in os.environ.items() if name not in {"LC_ALL", "PYTHONIOENCODING"}}
    return subprocess.run(command, cwd=ROOT, env={**environment, **CONSOLES[console]}, capture_output=True, check=False)


@pytest.mark.parametrize("console", CONSOLES)
def test_json_is_ascii_and_lines_show_what_the_console_lacks(console: str) -> None:
    done = run(console, "-c", PRINT, module="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert json.loads(done.stdout) == {"name": "さくら \udcff"}
    assert b"\\udcff" in done.stderr


@pytest.mark.parametrize("console", CONSOLES)
@pytest.mark.parametrize("name", [NOT_UTF8, JAPANESE], ids=["not UTF-8", "Japanese"])
def test_any_name_of_files_and_folders_is_taken(console: str, name: bytes, tmp_path: Path) -> None:
    here = os.fsencode(tmp_path)
    folder = os.path.join(here, name)
    os.mkdir(folder)
    os.symlink(b"nowhere", os.path.join(folder, name + b".jpg"))
    picture = tmp_path / "one.png"
    Image.new("RGB", (16, 16)).save(picture)
    for number in (b"1", b"2"):
        os.link(picture, os.path.join(folder, name + number + b".HIF"))
    done = run(console, "leak", "--photos", folder, "--out", os.path.join(here, b"out-" + name))
    assert done.returncode == 2, done.stderr
    assert b"Left out, a link to something that is not there" in done.stderr
    assert b"2 photos: 1 photo too few" in done.stderr
    done = run(console, "attack", os.path.join(folder, b"gone.safetensors"), "--out", os.path.join(folder, b"out"))
    assert done.returncode == 2, done.stderr
    assert b"Error: " in done.stderr
    done = run(console, "attack", os.path.join(here, name + b".safetensors"), "--out", folder)
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Unexpected" not in done.stderr


@pytest.mark.parametrize("console", ["cp1252", "C"])
def test_developers_commands_take_any_name(console: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    out = os.path.join(os.fsencode(tmp_path / "file"), NOT_UTF8)
    done = run(console, "base", "--out", out, module="demo.evaluate")
    assert done.returncode == 2, done.stderr
    assert b"error: Cannot write into" in done.stderr


def test_text_that_is_not_utf_8_is_written_so_that_json_gives_it_back(tmp_path: Path) -> None:
    name = os.fsdecode(NOT_UTF8)
    path = write_text(tmp_path / name, json.dumps({"name": f"{name} さくら"}, ensure_ascii=False))
    assert json.loads(path.read_text(encoding="utf-8"))["name"] == f"{name} さくら"


def test_text_files_are_opened_as_utf_8() -> None:
    """Without an encoding Python takes the machine's: cp1252 on Windows."""
    import ast

    for path in [ROOT / "app.py", *sorted((ROOT / "demo").rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = {keyword.arg for keyword in node.keywords}
            assert name not in {"read_text", "write_text"} or "encoding" in given or _own(node), (path, node.lineno)
            if name == "open" and isinstance(node.func, ast.Name):
                mode = node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else "r"
                assert "encoding" in given or "b" in str(mode), (path, node.lineno)


def _own(node: object) -> bool:
    """``demo.files.write_text``, which is UTF-8 always."""
    import ast

    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "write_text"
