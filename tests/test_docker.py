"""The Dockerfile, as far as it can be held without Docker."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".docker" / "Dockerfile"
PORT = "7860"


def instructions() -> list[tuple[str, str]]:
    """(name, rest) of each instruction; comments out, continued lines joined."""
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]  # type: ignore[misc]


def rest(name: str) -> list[str]:
    return [value for found, value in instructions() if found == name]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in rest("ENV") for pair in shlex.split(line))


def copied() -> list[str]:
    return [source for line in rest("COPY") for source in shlex.split(line)[:-1]]


def ignored(path: str) -> bool:
    """Whether .dockerignore leaves out a top-level path: the last line that matches rules."""
    out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#") and fnmatch.fnmatch(path, line.removeprefix("!")):
            out = not line.startswith("!")
    return out


def test_what_is_copied_is_there_and_not_ignored() -> None:
    assert {"app.py", "demo", "weights", "requirements.txt"} <= set(copied())
    for source in copied():
        assert (ROOT / source).exists(), source
        assert not ignored(source), source


def test_what_the_image_does_not_need_stays_out() -> None:
    kept = {path.name for path in ROOT.iterdir() if not ignored(path.name)}
    assert kept == set(copied())
    assert ignored(".git")
    assert ignored("tests")


def test_an_ordinary_user_runs_it() -> None:
    names = [name for name, _ in instructions()]
    assert rest("USER") == ["1000"]
    assert names.index("USER") > max(n for n, name in enumerate(names) if name in {"RUN", "COPY"})
    assert "--uid 1000" in " ".join(rest("RUN"))


def test_one_port_everywhere() -> None:
    assert rest("EXPOSE") == [PORT]
    assert environment()["GRADIO_SERVER_PORT"] == PORT
    (check,) = rest("HEALTHCHECK")
    command = json.loads(check.split("CMD", 1)[1])
    compile(command[-1], "healthcheck", "exec")
    assert f":{PORT}/" in command[-1]


def test_offline_and_only_the_temporary_folder_is_written() -> None:
    env = environment()
    assert env["HF_HUB_OFFLINE"] == "1"
    assert env["GRADIO_SERVER_NAME"] == "0.0.0.0"
    assert env["PIP_NO_CACHE_DIR"] == "1"
    for name in ("HOME", "HF_HOME", "GRADIO_TEMP_DIR"):
        assert Path(env[name]).is_relative_to("/tmp")
    assert not any("--chown" in line for line in rest("COPY"))


def test_the_line_for_a_gpu_can_fetch_and_keep_a_base() -> None:
    (line,) = [line for line in FILE.read_text(encoding="utf-8").splitlines() if "--gpus all" in line]
    assert "-e HF_HUB_OFFLINE=0" in line
    assert f"-v lora-leak-hub:{environment()['HF_HOME']}" in line


def test_the_python_is_the_one_that_the_readme_names() -> None:
    named = re.search(r'^python_version: "([\d.]+)"$', (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert named is not None
    (image,) = rest("FROM")
    assert image.startswith(f"python:{named.group(1)}-slim-")
    assert json.loads(rest("CMD")[0]) == ["python", "app.py"]
