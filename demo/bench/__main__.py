"""``python -m demo.bench [story | dp | secmi | threads | scale]``: all of these, or one of them.

The whole story, DP-SGD's step, SecMI, a job beside the web server's threads, or the encoder's training on several
processes. ``gpu`` measures Stable Diffusion 1.4's architecture on an accelerator, ``plan`` reckons what training would
take.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from demo.commands import HELP, file_to_write, new_app, one_by_one, run
from demo.errors import SettingsError
from demo.models.bases import BUNDLED

SHARES = (0.1, 0.3)


def bench(
    what: Annotated[
        Literal["all", "story", "dp", "secmi", "threads", "scale", "gpu", "plan"], Argument(show_default=False)
    ] = "all",
    sd: Annotated[bool, Option("--sd", help="dp: also on the architecture of Stable Diffusion 1.4")] = False,
    latent: Annotated[int | None, Option(help="dp --sd: side of the latents (64; on a CPU 32)")] = None,
    rounds: Annotated[int, Option(help="dp: each round times every variant once")] = 40,
    processes: Annotated[int, Option(help="scale: how many, against one")] = 2,
    threads: Annotated[int, Option(help="scale: of each process")] = 1,
    people: Annotated[int | None, Option(help="scale: LoRAs an update (8); plan: people in the zoo (2000)")] = None,
    updates: Annotated[int | None, Option(help="scale: timed updates of each run (10); plan: M (100000)")] = None,
    device: str = "auto",
    out: Annotated[
        Path | None, Option(callback=file_to_write, help="dp, secmi, threads, scale, gpu: figures go here (JSON)")
    ] = None,
    tiny: Annotated[bool, Option("--tiny", "--quick", help="gpu: tiny models, to see that everything runs")] = False,
    allow_cpu: Annotated[bool, Option("--allow-cpu", help="gpu: take the real architecture on a CPU, too")] = False,
    limit: Annotated[float, Option(help="gpu: seconds after which no row is begun")] = 540.0,
    only: Annotated[
        list[str] | None,
        Option(metavar="SECTION ...", help="gpu: of matmul, 'against diffusers', encoder, lora, dp-sgd, attack"),
    ] = None,
    figures: Annotated[Path | None, Option(help="plan: the file that gpu wrote")] = None,
    price: Annotated[float | None, Option(help="plan: of an hour of that GPU")] = None,
    peak: Annotated[float | None, Option(help="plan: TFLOP/s of another GPU, for an estimate")] = None,
    share: Annotated[
        list[float] | None,
        Option(metavar="SHARE ...", help="plan --peak: the parts of it assumed to be used (0.1 0.3)"),
    ] = None,
    child: Annotated[str | None, Option(hidden=True)] = None,  # dp: memory of a variant; scale: one process
) -> None:
    """All of them, or one."""
    if child is not None:
        _child(what, child, device, latent)
    elif what == "gpu":
        from demo.bench.gpu import bench as on_gpu

        on_gpu(device, tiny=tiny, allow_cpu=allow_cpu, limit_s=limit, only=tuple(only or ()), out=out)
    elif what == "plan":
        _plan(figures, price, updates or 100_000, people or 2000, peak, tuple(share or SHARES))
    else:
        found = []
        if what in {"all", "story"}:
            from demo.bench.story import story

            story()
        if what in {"all", "dp"}:
            from demo.bench import dp

            found.append(dp.price(BUNDLED, "cpu", None, rounds))
            if sd:
                found.append(dp.price("sd14", device, latent, rounds))
        if what in {"all", "secmi"}:
            from demo.bench.secmi import membership

            found.append(membership() | {"model": BUNDLED, "what": "secmi"})
        if what in {"all", "threads"}:
            from demo.bench.threads import threads as beside_threads

            found.append({"seconds": beside_threads(), "model": BUNDLED, "what": "threads"})
        if what in {"all", "scale"}:
            from demo.bench.scale import Load, scale

            load = Load(people=people or 8, updates=updates or 10, device=device)
            found.append(scale(processes, threads, load) | {"model": BUNDLED, "what": "scale"})
        if out is not None and found:
            from demo.files import write_text

            write_text(out, json.dumps(found, indent=1) + "\n")


def _child(what: str, child: str, device: str, latent: int | None) -> None:
    """A process of ``scale``, or one that measures the memory of a variant of ``dp``."""
    if what == "scale":
        from demo.bench import scale

        scale.child(scale.Load.model_validate_json(child))
        return
    from demo.bench import dp

    model, variant = child.split(":")
    with dp.MODELS[model](device, latent) as problem:
        print(json.dumps(dp.memory(problem, variant)), flush=True)


def _plan(
    figures: Path | None,
    price: float | None,
    updates: int,
    people: int,
    peak: float | None,
    shares: Sequence[float],
) -> None:
    from demo.bench.plan import show

    if figures is None or price is None:
        raise SettingsError("A plan needs figures and a price.", "Give --figures FILE and --price NUMBER.")
    if (peak is not None and peak <= 0) or not all(0 < share <= 1 for share in shares):
        raise SettingsError("A peak is above 0, and a share of it at most 1.", "As in --peak 165 --share 0.1 0.3")
    show(figures, price, updates, people, peak=None if peak is None else peak * 1e12, shares=shares)


app = new_app(None)
app.command(help=__doc__, context_settings=HELP)(bench)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is asked for; 2 on bad input."""
    return run(app, "python -m demo.bench", one_by_one(sys.argv[1:] if argv is None else argv, "--only", "--share"))


if __name__ == "__main__":
    sys.exit(main())
