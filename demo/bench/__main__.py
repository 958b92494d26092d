"""``python -m demo.bench [story | dp | secmi | threads | scale]``: all of these, or one of them.

The whole story, DP-SGD's step, SecMI, a job beside the web server's threads, or the encoder's training on several
processes. ``gpu`` measures Stable Diffusion 1.4's architecture on an accelerator, ``plan`` reckons what training would
take.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from demo.errors import DemoError, SettingsError


def main(argv: list[str] | None = None) -> int:
    """Run what is asked for; 2 on bad input."""
    parser = argparse.ArgumentParser(prog="python -m demo.bench", description=__doc__)
    what = ("all", "story", "dp", "secmi", "threads", "scale", "gpu", "plan")
    parser.add_argument("what", nargs="?", choices=what, default="all")
    parser.add_argument("--sd", action="store_true", help="dp: also on the architecture of Stable Diffusion 1.4")
    parser.add_argument("--latent", type=int, default=None, help="dp --sd: side of the latents (64; on a CPU 32)")
    parser.add_argument("--rounds", type=int, default=40, help="dp: each round times every variant once")
    parser.add_argument("--processes", type=int, default=2, help="scale: how many, against one")
    parser.add_argument("--threads", type=int, default=1, help="scale: of each process")
    parser.add_argument(
        "--people", type=int, default=None, help="scale: LoRAs an update (8); plan: people in the zoo (2000)"
    )
    parser.add_argument(
        "--updates", type=int, default=None, help="scale: timed updates of each run (10); plan: M (100000)"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=None, help="dp, secmi, threads, scale, gpu: figures go here (JSON)")
    parser.add_argument("--tiny", "--quick", action="store_true", help="gpu: tiny models, to see that everything runs")
    parser.add_argument("--allow-cpu", action="store_true", help="gpu: take the real architecture on a CPU, too")
    parser.add_argument("--limit", type=float, default=540.0, help="gpu: seconds after which no row is begun")
    parser.add_argument(
        "--only",
        nargs="+",
        default=(),
        metavar="SECTION",
        help="gpu: of matmul, 'against diffusers', encoder, lora, dp-sgd, attack",
    )
    parser.add_argument("--figures", type=Path, default=None, help="plan: the file that gpu wrote")
    parser.add_argument("--price", type=float, default=None, help="plan: of an hour of that GPU")
    parser.add_argument("--peak", type=float, default=None, help="plan: TFLOP/s of another GPU, for an estimate")
    parser.add_argument(
        "--share", type=float, nargs="+", default=(0.1, 0.3), help="plan --peak: the parts of it assumed to be used"
    )
    parser.add_argument("--child", default=None, help=argparse.SUPPRESS)  # dp: memory of a variant; scale: one process
    args = parser.parse_args(argv)
    try:
        _run(args)
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(args: argparse.Namespace) -> None:
    from demo.bench import dp

    if args.what == "scale" and args.child is not None:
        from demo.bench.scale import Load, child

        child(Load.model_validate_json(args.child))
        return
    if args.child is not None:
        model, variant = args.child.split(":")
        with dp.MODELS[model](args.device, args.latent) as problem:
            print(json.dumps(dp.memory(problem, variant)), flush=True)
        return
    if args.what in {"all", "story"}:
        from demo.bench.story import story

        story()
    if args.what == "gpu":
        from demo.bench.gpu import bench

        bench(args.device, tiny=args.tiny, allow_cpu=args.allow_cpu, limit_s=args.limit, only=args.only, out=args.out)
        return
    if args.what == "plan":
        from demo.bench.plan import show

        if args.figures is None or args.price is None:
            raise SettingsError("A plan needs figures and a price.", "Give --figures FILE and --price NUMBER.")
        if (args.peak is not None and args.peak <= 0) or not all(0 < share <= 1 for share in args.share):
            raise SettingsError("A peak is above 0, and a share of it at most 1.", "As in --peak 165 --share 0.1 0.3")
        peak = None if args.peak is None else args.peak * 1e12
        figures, price, updates, people = args.figures, args.price, args.updates or 100_000, args.people or 2000
        show(figures, price, updates, people, peak=peak, shares=args.share)
        return
    found = []
    if args.what in {"all", "dp"}:
        found.append(dp.price("face64", "cpu", None, args.rounds))
        if args.sd:
            found.append(dp.price("sd14", args.device, args.latent, args.rounds))
    if args.what in {"all", "secmi"}:
        from demo.bench.secmi import membership

        found.append(membership() | {"model": "face64", "what": "secmi"})
    if args.what in {"all", "threads"}:
        from demo.bench.threads import threads

        found.append({"seconds": threads(), "model": "face64", "what": "threads"})
    if args.what in {"all", "scale"}:
        from demo.bench.scale import Load, scale

        load = Load(people=args.people or 8, updates=args.updates or 10, device=args.device)
        found.append(scale(args.processes, args.threads, load) | {"model": "face64", "what": "scale"})
    if args.out is not None and found:
        from demo.files import write_text

        write_text(args.out, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
