"""``python -m demo.evaluate COMMAND``: the README's figures, recomputed, and those that settings are chosen by."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from demo.errors import DemoError, SettingsError
from demo.evaluate import commands as leakage
from demo.faces.faces128 import FACES128
from demo.paths import PEOPLE
from demo.train.data import WORK

EARLIER = "With earlier weights, {}: encoder or base have been trained anew since.\n"


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
    people.add_argument(
        "--split",
        choices=("private", "domain_nonmember"),
        default="private",
        help="domain_nonmember: for choosing settings; figures come from private alone",
    )
    people.add_argument("--prior-weight", type=float, default=None)
    people.add_argument("--extrapolation", type=float, default=None, help="guidance weight of the attacks")
    people.add_argument("--batch", type=int, default=None, help="photos a step")
    people.add_argument("--shard", type=int, default=0, help="a process per core: each takes every n-th group")
    people.add_argument("--shards", type=int, default=1)
    people.add_argument("--merge", action="store_true", help="put the parts of --shards together and print the table")
    people.add_argument("--table", action="store_true", help="print what ships, and run nothing")
    people.add_argument("--no-prior", action="store_true", help="without prior preservation")
    people.add_argument("--no-encoder", action="store_true", help="only the arms that need no encoder")
    people.add_argument("--group", type=int, default=10, help="people fine-tuned at once")
    people.add_argument(
        "--grid", type=Path, default=None, help="contact sheet with private photos: keep it out of the project"
    )
    encoders = commands.add_parser("encoders", help="several encoders over the same people, to choose one")
    encoders.add_argument("files", type=Path, nargs="+", help="the others are held against the first")
    encoders.add_argument("--people", type=int, default=48, help="the first n of domain_nonmember")
    encoders.add_argument("--samples", type=int, default=4, help="pictures of each person in each arm")
    encoders.add_argument("--group", type=int, default=6, help="people fine-tuned at once")
    encoders.add_argument("--shard", type=int, default=0, help="a process per core: each takes every n-th group")
    encoders.add_argument("--shards", type=int, default=1)
    encoders.add_argument("--merge", action="store_true", help="put the parts of --shards together and print the table")
    defences = commands.add_parser("defences", help="every defence over the 60 private people; resumes by itself")
    defences.add_argument("--people", type=int, default=None, help="only the first n")
    defences.add_argument("--samples", type=int, default=2, help="pictures of each person in each arm")
    defences.add_argument("--shard", type=int, default=0, help="this process takes every --shards-th person")
    defences.add_argument("--shards", type=int, default=1)
    defences.add_argument("--only", default=None, help="such as none,dpdm:10,gaussian; default: everything planned")
    defences.add_argument("--table", action="store_true", help="print what is there, add nothing")
    same = commands.add_parser("same-person", help="how often the warning about photos of two people is right")
    same.add_argument("--faces", type=Path, default=FACES128, help="folder of private.parquet and domains.parquet")
    figures = commands.add_parser("figures", help="put the tables of --out into weights/figures, so that they ship")
    for command in (base, people, encoders, defences, same, figures, *leakage.add(commands)):
        command.add_argument("--base", default="face64")
        command.add_argument("--device", default="auto")
        command.add_argument("--out", type=Path, default=WORK / "evaluate")
    report = commands.add_parser("report", help="weights/RESULTS.md and the README's figures, from weights/figures")
    report.add_argument("--base", default="face64")
    args = parser.parse_args(argv)
    try:
        _run(args)
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(args: argparse.Namespace) -> None:
    from safetensors.torch import load_file

    from demo.evaluate import base as base_figures
    from demo.evaluate import people as people_figures
    from demo.evaluate import people_table, shipped
    from demo.files import write_text
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.fingerprints import fingerprint
    from demo.models.load import load_pipeline

    base = find_base(args.base)
    if args.command == "report":
        from demo.evaluate import report

        for path in report.write(base):
            print(path)
        return
    if args.command == "figures":
        for path in shipped.pack(args.out, base):
            print(f"{path}: {sum(1 for _ in path.open(encoding='utf-8'))} results")
        return
    if args.command == "same-person":
        from demo.evaluate import same_person

        print(same_person.markdown(same_person.people(args.faces, side=base.side)))
        return
    if args.command == "encoders":
        _encoders(args)
        return
    if args.command not in {"base", "people"}:
        shipped.unpack(args.out, base)
    if args.command == "defences":
        _defences(args)
        return
    if args.command in {"secmi", "shake", "gate", "photo-count"}:
        leakage.run(args)
        return
    if args.command == "base":
        pipe = load_pipeline(base, args.device)
        found = base_figures.evaluate(pipe, base, samples=args.samples, sheet=args.sheet)
        write_text(args.out / "base.json", json.dumps(found, indent=1) + "\n")
        return
    changes = {
        key: value
        for key, value in (
            ("steps", args.steps),
            ("lr", args.lr),
            ("prior_weight", args.prior_weight),
            ("batch", args.batch),
        )
        if value is not None
    }
    if args.extrapolation is not None:
        base = replace(base, extrapolation=args.extrapolation)
    if args.no_prior:
        changes["prior_weight"] = 0.0
    settings = find_preset(base.preset).model_copy(update=changes)
    decoys = load_file(PEOPLE / "decoys.safetensors")["dlib"].double().numpy()
    name = f"people{'' if args.split == 'private' else '-dev'}{'-no-prior' if args.no_prior else ''}"
    whole = args.out / f"{name}.json"
    if args.table:
        found = shipped.people(base, name)
        if found["weights"] != fingerprint(base):
            print(EARLIER.format(found["weights"]))
        people_table.print_table(people_table.finished(found))
        return
    if args.merge:
        parts = [args.out / f"{name}-{i}-of-{args.shards}.json" for i in range(args.shards)]
        people_table.print_table(people_table.merge(parts, whole))
        return
    pipe = load_pipeline(base, args.device)
    result = people_figures.evaluate(
        pipe,
        base,
        settings,
        decoys,
        whole if args.shards == 1 else args.out / f"{name}-{args.shard}-of-{args.shards}.json",
        people=args.people,
        samples=args.samples,
        group=args.group,
        with_encoder=not args.no_encoder,
        arms_grid=args.grid,
        split=args.split,
        shard=args.shard,
        shards=args.shards,
    )
    people_table.print_table(result)


def _encoders(args: argparse.Namespace) -> None:
    from safetensors.torch import load_file

    from demo.attack.weight_encoder import load_encoder
    from demo.evaluate import encoders
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline

    names = [path.parent.name + "/" + path.stem for path in args.files]
    if len(set(names)) < len(names):
        raise SettingsError("Two encoders have the same name and folder.", "Copy one to another name.")
    parts = [args.out / f"encoders-{i}-of-{args.shards}.json" for i in range(args.shards)]
    if args.merge:
        print(encoders.markdown(encoders.merge(parts, args.out / "encoders.json")))
        return
    base = find_base(args.base)
    pipe = load_pipeline(base, args.device)
    found = encoders.evaluate(
        pipe,
        base,
        find_preset(base.preset),
        load_file(PEOPLE / "decoys.safetensors")["dlib"].double().numpy(),
        {n: load_encoder(path, pipe.text_encoder, base) for n, path in zip(names, args.files, strict=True)},
        parts[args.shard],
        people=args.people,
        samples=args.samples,
        group=args.group,
        shard=args.shard,
        shards=args.shards,
    )
    print(encoders.markdown(found))


def _defences(args: argparse.Namespace) -> None:
    from safetensors.torch import load_file

    from demo.evaluate import defences, defences_table, shipped
    from demo.evaluate.held_out import held_out_people
    from demo.files import write_text
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.sweep.plan import chosen
    from demo.sweep.run import default_plan

    if not (0 <= args.shard < args.shards and args.samples >= 1):
        raise SettingsError(
            f"Shard {args.shard} of {args.shards} with {args.samples} samples cannot be.",
            "Count shards from 0, and ask for one sample or more.",
        )
    base = find_base(args.base)
    settings = find_preset(base.preset)
    plan = default_plan() if args.only is None else chosen(args.only)
    folder = defences.table_folder(args.out, base, settings, args.samples)
    if not args.table:
        setup = defences.Setup(load_pipeline(base, args.device), base, settings, args.samples, folder)
        decoys = load_file(PEOPLE / "decoys.safetensors")["dlib"].double().numpy()
        where = {"first": args.people, "shard": args.shard, "shards": args.shards}
        defences.run(setup, plan, held_out_people(args.out), decoys, **where)
    elif not any(folder.glob("person-*.json")) and (old := shipped.earlier("defences", args.out, base)) is not None:
        folder = old
        print(EARLIER.format(folder.parent.name))
    write_text(folder / "defences.json", json.dumps(defences_table.summary(folder), indent=1) + "\n")
    print(defences_table.markdown(folder))
    print(f"\n{args.samples} pictures each, from {folder}")


if __name__ == "__main__":
    sys.exit(main())
