"""Training on several processes is training on one: the same batches, the same files, whatever is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import parallel_parts
import pytest
import torch
from parallel_parts import content

from demo.attack.manifest import read
from demo.attack.weight_encoder import EncoderSettings
from demo.errors import SettingsError, WeightsError
from demo.finetune import class_images
from demo.finetune.settings import LoraSettings
from demo.finetune.shard import Share, everybody
from demo.train import encoder, processes
from demo.train.batches import Streams
from demo.train.zoo import GroupTrainer, Zoo, build

LORA = LoraSettings(steps=3, batch=2, class_batch=1, class_images=2, lr=1e-3, unet_rank=4, text_rank=4)
ENCODER = ["encoder", "--people", "4", "--pictures", "2"]
# At AdamW's usual epsilon a gradient of nothing but rounding moves its weight as far as any other: here by its size.
SMOOTH = ["--updates", "4", "--adam-epsilon", "1e-2"]


@pytest.fixture(autouse=True)
def one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(class_images, "CACHE", tmp_path / "cache")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def same_files(one: Path, other: Path) -> bool:
    (a, notes), (b, other_notes) = content(one), content(other)
    return notes == other_notes and set(a) == set(b) and all(torch.equal(a[key], b[key]) for key in a)


def commands(work: Path) -> list[list[str]]:
    at = ["--work", str(work), "--out", str(work / "encoder.safetensors")]
    return [
        ["zoo", "--people", "4", "--group", "2", "--work", str(work)],
        [*ENCODER, *SMOOTH, *at],
        [*ENCODER, *SMOOTH, "--algorithm", "algorithm2", "--no-variational", *at],
        [*ENCODER, "--updates", "1", "--readout", *at],
        [*ENCODER, "--updates", "1", "--readout", "--algorithm", "algorithm2", *at],
    ]


def test_two_processes_do_what_one_does(tiny_folder: Path, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    started = parallel_parts.start(2, tiny_folder, tmp_path / "cache", commands(together))
    parallel_parts.run_commands(tiny_folder, tmp_path / "cache", commands(alone))
    printed = parallel_parts.finish(started)
    assert [text.count("zoo: group") for text in printed] == [1, 1]
    groups = sorted((alone / "zoo" / "tiny").iterdir())
    assert len(groups) == 2
    assert all(same_files(path, together / "zoo" / "tiny" / path.name) for path in groups)
    for kind in ("zoo", "algorithm2"):
        (a, b), (first, again) = (
            [content(work / "encoder" / name / "checkpoint.safetensors")[0] for work in (alone, together)]
            for name in (f"tiny-probes-{kind}", f"tiny-probes-readout-{kind}")
        )
        assert set(a) == set(b)
        assert set(first) == set(again)
        for key in a:
            if key.startswith("streams/"):
                assert torch.equal(a[key], b[key]), key
            elif key.startswith("ema/"):
                assert torch.allclose(a[key].float(), b[key].float(), atol=1e-7, rtol=2e-7), key  # they moved by 1e-5
        # After one update the first moments are the gradient itself, which rounding changes by little.
        moments = [key for key in first if key.endswith("exp_avg")]
        assert len(moments) > 10
        ours, theirs = (torch.cat([found[key].flatten() for key in moments]) for found in (first, again))
        error = float((ours - theirs).norm() / ours.norm())
        print(f"gradient of two processes against one, {kind}: {error:.1e}")
        assert error < 1e-5
    assert read(together / "manifest.json").encoders["tiny"].file == "encoder.safetensors"


@pytest.mark.slow
def test_killed_processes_go_on_as_if_nothing_had_been(tiny_folder: Path, tmp_path: Path) -> None:
    zoo = ["zoo", "--people", "4", "--group", "2"]
    parallel_parts.run_commands(tiny_folder, tmp_path / "cache", [[*zoo, "--work", str(tmp_path / w)] for w in "ab"])
    train = [*ENCODER, "--updates", "60", "--checkpoint-every", "0", "--out", str(tmp_path / "encoder.safetensors")]

    def start(work: str) -> list[subprocess.Popen[str]]:
        return parallel_parts.start(2, tiny_folder, tmp_path / "cache", [[*train, "--work", str(tmp_path / work)]])

    def checkpoint(work: str) -> Path:
        return tmp_path / work / "encoder" / "tiny-probes-zoo" / "checkpoint.safetensors"

    parallel_parts.finish(start("a"))
    killed = start("b")
    while not checkpoint("b").exists() or int(content(checkpoint("b"))[1]["seen"]) < 3:
        assert all(process.poll() is None for process in killed), killed[0].communicate()
        time.sleep(0.01)
    for process in killed:
        process.kill()
        process.communicate()
    assert int(content(checkpoint("b"))[1]["seen"]) < 60
    assert all("resumed" in text for text in parallel_parts.finish(start("b")))
    assert same_files(checkpoint("a"), checkpoint("b"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher",
    [
        ["torch.distributed.run", "--standalone", "--nproc_per_node", "2"],
        ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0"],
    ],
    ids=["torchrun", "accelerate"],
)
def test_the_launchers(launcher: list[str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from demo.train.processes import new_accelerator\n"
        "accelerator = new_accelerator('cpu')\n"
        "print('process', accelerator.process_index, 'of', accelerator.num_processes, accelerator.device, flush=True)\n"
        "accelerator.end_training()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(parallel_parts.ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *launcher, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "process 0 of 2 cpu" in done.stdout
    assert "process 1 of 2 cpu" in done.stdout


@pytest.mark.parametrize("algorithm", ["zoo", "algorithm1", "algorithm2"])
def test_a_stopped_run_goes_on_with_the_numbers_it_would_have_had(algorithm, tiny_pipe, tiny_base, tmp_path) -> None:
    people = parallel_parts.people()
    build(tiny_pipe, tiny_base, people, LORA, tmp_path / "zoo", group=2)
    settings = encoder.TrainSettings(algorithm=algorithm, updates=6, people=2, pictures=1)

    def train(work: str, stop_at: int = 0) -> Path:
        def log(done: int, _: float) -> None:
            if done == stop_at:
                raise KeyboardInterrupt

        fresh = encoder.new_encoder(tiny_pipe, tiny_base, LORA, EncoderSettings())
        drawn = iter(people * 10)
        encoder.train(
            tiny_pipe,
            tiny_base,
            fresh,
            LORA,
            settings,
            work=tmp_path / work,
            zoo=Zoo(tmp_path / "zoo"),
            draw_people=lambda count: [next(drawn) for _ in range(count)],
            log=log,
            log_every=1,
            checkpoint_every=0,
        )
        return tmp_path / work / "checkpoint.safetensors"

    whole = train("whole")
    for stop_at in (3, 5):
        with pytest.raises(KeyboardInterrupt):
            train("stopped", stop_at)
    assert content(tmp_path / "stopped" / "checkpoint.safetensors")[1]["seen"] == "4"
    assert same_files(whole, train("stopped"))


def test_people_come_out_of_a_share_as_out_of_the_whole(tiny_pipe, tiny_base) -> None:
    people = parallel_parts.people()
    found = []
    for share in (everybody(4), Share(0, 2, 4), Share(2, 4, 4)):
        trainer = GroupTrainer(tiny_pipe, tiny_base, people, LORA, seed=5, share=share)
        losses = torch.stack([trainer.step() for _ in range(2)])
        found.append((trainer.triggers, losses, trainer.unet.state(), trainer.text.state()))
        trainer.remove()
    whole, *parts = found
    assert whole[0] == parts[0][0] + parts[1][0]
    assert torch.allclose(whole[1], torch.cat([part[1] for part in parts], dim=1), atol=1e-5)
    for at in (2, 3):
        for name, tensor in whole[at].items():
            assert torch.allclose(tensor, torch.cat([part[at][name] for part in parts]), atol=1e-5), name


def test_every_row_comes_before_any_comes_again_and_a_zoo_may_grow_but_not_shrink() -> None:
    streams = Streams(0)
    assert sorted(int(i) for _ in range(3) for i in streams.rows(6, 2)) == list(range(6))
    streams.rows(6, 2)
    copy = Streams(1)
    copy.load_state_dict(streams.state_dict())
    assert [copy.rows(9, 2).tolist() for _ in range(6)] == [streams.rows(9, 2).tolist() for _ in range(6)]
    assert torch.equal(torch.randn(3, generator=copy.noise), torch.randn(3, generator=streams.noise))
    with pytest.raises(WeightsError, match="4 LoRAs"):
        streams.rows(4, 2)
    with pytest.raises(WeightsError, match="1 LoRAs"):
        Streams(0).rows(1, 2)
    with pytest.raises(WeightsError, match="older version"):
        streams.load_state_dict({})


def test_a_share_keeps_each_person_s_rows_together() -> None:
    drawn = torch.arange(12)
    assert Share(1, 3, 4).rows(drawn).tolist() == [3, 4, 5, 6, 7, 8]
    assert Share(1, 3, 4).total(6) == 12
    assert everybody(4).rows(drawn) is drawn
    assert everybody(0).total(0) == len(everybody(0).rows(drawn[:0])) == 0  # DP-SGD may draw nobody


def accelerator_of(count: int, index: int = 0, seen: tuple[int, ...] = ()) -> SimpleNamespace:
    return SimpleNamespace(
        num_processes=count, process_index=index, device=torch.device("cpu"), gather=lambda _: torch.tensor(seen)
    )


def test_people_are_dealt_out_evenly_or_not_at_all() -> None:
    assert processes.share_of(accelerator_of(2, 1), 6) == Share(3, 6, 6)
    assert processes.share_of(accelerator_of(1), 5) == everybody(5)
    with pytest.raises(SettingsError, match="multiple of 2"):
        processes.share_of(accelerator_of(2), 5)


def test_processes_that_found_other_checkpoints_stop() -> None:
    processes.agree(accelerator_of(2, seen=(7, 7)), 7)
    with pytest.raises(WeightsError, match="all machines share"):
        processes.agree(accelerator_of(2, seen=(7, 0)), 7)
    half = SimpleNamespace(num_processes=2, device="cpu", gather=lambda mine: torch.tensor([int(mine), 7]))
    with pytest.raises(WeightsError, match=r"zoos of different size: \[4, 7\]"):
        processes.agree(half, 7, 4)  # type: ignore[arg-type]


def test_one_numbered_device_is_not_for_several_processes() -> None:
    assert processes.device_of(accelerator_of(1), "cpu") == torch.device("cpu")
    with pytest.raises(SettingsError, match="cannot share cuda:1"):
        processes.device_of(accelerator_of(2), "cuda:1")


def test_a_launcher_that_started_one_process_of_several_is_said(monkeypatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    for name in processes.RANKS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="torchrun"):
        processes.new_accelerator("cpu")
