"""The developers' commands: what they take, and how they refuse it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import typer

from demo.bench import __main__ as bench
from demo.commands import one_by_one
from demo.evaluate import __main__ as evaluate
from demo.train import __main__ as train

ROOT = Path(__file__).parents[1]
Main = Callable[[Sequence[str]], int]


def test_an_option_of_several_values() -> None:
    asked = ["gpu", "--only", "matmul", "against diffusers", "lora", "--limit", "9", "--share", "0.1", "0.3", "--sd"]
    assert one_by_one(asked, "--only", "--share") == [
        "gpu", "--only", "matmul", "--only", "against diffusers", "--only", "lora",
        "--limit", "9", "--share", "0.1", "--share", "0.3", "--sd",
    ]  # fmt: skip
    assert one_by_one([], "--only") == []


@pytest.mark.parametrize(
    ("main", "arguments", "words"),
    [
        (train.main, [], "Missing command"),
        (train.main, ["nonsense"], "No such command 'nonsense'"),
        (train.main, ["publish"], "Missing option '--repo'"),
        (train.main, ["base", "--stage", "nonsense"], "Invalid value for '--stage'"),
        (train.main, ["base", "--base", "sd14"], "No such option: --base"),
        (train.main, ["encoder", "--lr", "much"], "Invalid value for '--lr'"),
        (train.main, ["encoder", "--clip"], "No such option: --clip"),
        (train.main, ["zoo", "--base", "nonsense"], "There is no base model 'nonsense'"),
        (evaluate.main, ["encoders"], "Missing argument 'files'"),
        (evaluate.main, ["people", "--split", "train"], "Invalid value for '--split'"),
        (evaluate.main, ["gate", "--base", "nonsense"], "There is no base model 'nonsense'"),
        (bench.main, ["nonsense"], "Invalid value for 'what'"),
        (bench.main, ["plan"], "A plan needs figures and a price."),
        (bench.main, ["gpu", "--only"], "Option '--only' requires an argument"),
    ],
)
def test_bad_input_is_an_error_of_one_line_and_code_2(
    main: Main, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ")
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (train, {"people", "base", "prior", "example", "zoo", "encoder", "photo-count", "publish"}),
        (
            evaluate,
            {
                "base", "people", "encoders", "defences", "same-person", "figures",
                "membership", "shake", "gate", "photo-count",
            },
        ),
    ],
)  # fmt: skip
def test_every_command_is_there_and_explains_itself(module, names: set[str], capsys) -> None:
    commands = typer.main.get_command(module.app).commands
    assert names <= commands.keys()
    for name, command in commands.items():
        assert module.main([name, "-h"]) == 0
        assert command.help in " ".join(capsys.readouterr().out.split())


def test_what_is_quoted_is_taken() -> None:
    made = {}

    def parse(module, *words: str) -> None:
        command = typer.main.get_command(module.app)
        words = one_by_one(words, "--only", "--share")
        name = "" if module is bench else words.pop(0)
        made.update((command.commands[name] if name else command).make_context("test", words).params)

    parse(train, "base", "--stage", "vae", "--stage", "unet", "--unet-pictures", "3000000")
    assert [stage.value for stage in made["stage"]] == ["vae", "unet"]
    assert made["unet_pictures"] == 3_000_000
    parse(train, "encoder", "--no-causal", "--readout", "--lr", "3e-4", "--matrices", "linear")
    assert (made["no_causal"], made["no_clip"], made["readout"]) == (True, False, True)
    assert (made["lr"], made["matrices"]) == (3e-4, "linear")
    parse(evaluate, "encoders", "a/1.safetensors", "b/1.safetensors", "--shard", "0", "--shards", "2")
    assert made["files"] == [Path("a/1.safetensors"), Path("b/1.safetensors")] or made["files"] == (
        Path("a/1.safetensors"),
        Path("b/1.safetensors"),
    )
    parse(bench, "gpu", "--allow-cpu", "--only", "matmul", "against diffusers", "--limit", "900", "--quick")
    assert (made["what"], list(made["only"]), made["limit"]) == ("gpu", ["matmul", "against diffusers"], 900)
    assert made["tiny"]
    assert bench.main(["-h"]) == 0
    parse(bench)
    assert (made["what"], made["rounds"]) == ("all", 40)


def test_help_is_fast_and_bad_input_leaves_the_process_with_2() -> None:
    code = (
        "import sys; from demo.train.__main__ import main as t; from demo.evaluate.__main__ import main as e; "
        "from demo.bench.__main__ import main as b; assert t(['--help']) == e(['--help']) == b(['--help']) == 0; "
        "assert not {'torch', 'diffusers', 'transformers'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "demo.bench", "plan"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: A plan needs figures and a price.")


@pytest.mark.parametrize(
    ("module", "words", "option"),
    [
        (evaluate, ["base"], "--out"),
        (evaluate, ["people"], "--out"),
        (evaluate, ["gate"], "--out"),
        (evaluate, ["base"], "--sheet"),
        (evaluate, ["people"], "--grid"),
        (train, ["encoder"], "--out"),
        (train, ["zoo"], "--work"),
        (train, ["base"], "--work"),
        (train, ["held-out", "unet"], "--sheets"),
        (bench, ["dp"], "--out"),
    ],
)
def test_a_place_that_cannot_be_written_is_found_before_the_work(
    module, words: list[str], option: str, tmp_path: Path, capsys
) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert module.main([*words, option, str(tmp_path / "file" / "below" / "x")]) == 2
    assert "Cannot write into" in capsys.readouterr().err
