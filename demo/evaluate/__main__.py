"""``python -m demo.evaluate base | people``: the figures of the README, from the bundled weights."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from demo.errors import DemoError
from demo.train.data import PEOPLE, WORK


def main(argv: list[str] | None = None) -> int:
    """Run one evaluation; 2 on bad input."""
    parser = argparse.ArgumentParser(prog="python -m demo.evaluate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    base = commands.add_parser("base", help="faces found, names known, identity kept by the autoencoder")
    base.add_argument("--samples", type=int, default=256)
    base.add_argument("--sheet", type=Path, default=None, help="write a contact sheet of 64 samples here")
    people = commands.add_parser("people", help="DreamBooth, attack and controls over the 60 private people")
    people.add_argument("--people", type=int, default=None, help="only the first n")
    people.add_argument("--samples", type=int, default=4, help="pictures of each person in each arm")
    people.add_argument("--steps", type=int, default=None, help="fine-tuning steps, in place of the preset's")
    people.add_argument("--lr", type=float, default=None)
    people.add_argument("--no-prior", action="store_true", help="without prior preservation")
    people.add_argument("--no-encoder", action="store_true", help="only the arms that need no encoder")
    people.add_argument("--group", type=int, default=10, help="people fine-tuned at once")
    people.add_argument(
        "--grid", type=Path, default=None, help="contact sheet with private photos: keep it out of the project"
    )
    for command in (base, people):
        command.add_argument("--base", default="face64")
        command.add_argument("--device", default="auto")
        command.add_argument("--out", type=Path, default=WORK / "evaluate")
    args = parser.parse_args(argv)
    try:
        _run(args)
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(args: argparse.Namespace) -> None:
    from safetensors.torch import load_file

    from demo.bases import find_base, load_pipeline
    from demo.evaluate import base as base_figures
    from demo.evaluate import people as people_figures
    from demo.files import write_text
    from demo.lora.settings import find_preset

    base = find_base(args.base)
    pipe = load_pipeline(base, args.device)
    if args.command == "base":
        found = base_figures.evaluate(pipe, base, samples=args.samples, sheet=args.sheet)
        write_text(args.out / "base.json", json.dumps(found, indent=1) + "\n")
        return
    changes = {key: value for key, value in (("steps", args.steps), ("lr", args.lr)) if value is not None}
    if args.no_prior:
        changes["prior_weight"] = 0.0
    settings = find_preset(base.preset).model_copy(update=changes)
    decoys = load_file(PEOPLE / "decoys.safetensors")["dlib"].double().numpy()
    result = people_figures.evaluate(
        pipe,
        base,
        settings,
        decoys,
        args.out / ("people-no-prior.json" if args.no_prior else "people.json"),
        people=args.people,
        samples=args.samples,
        group=args.group,
        with_encoder=not args.no_encoder,
        arms_grid=args.grid,
    )
    people_figures.print_table(result)


if __name__ == "__main__":
    sys.exit(main())
