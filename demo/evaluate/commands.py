"""``secmi``, ``shake``, ``gate`` and ``photo-count`` of ``python -m demo.evaluate``: what they take and do.

All add to a folder person by person, so that a run can be taken up again and several processes can share one, and
print the table of whatever is there.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.errors import SettingsError
from demo.faces.faces128 import FACES128

if TYPE_CHECKING:
    from demo.models.bases import Base
    from demo.shake.model import ShakeSettings
    from demo.shake.people import Domain

PLANTED, DOMAIN = "planted", "domain"


def add(commands: Any) -> list[argparse.ArgumentParser]:
    """The four parsers, without what all evaluations share."""
    secmi = commands.add_parser("secmi", help="membership inference on the base over people whose members are known")
    secmi.add_argument("--people", type=int, default=100, help="domain people; the planted ones are all taken")
    secmi.add_argument("--group", choices=(PLANTED, DOMAIN, "both"), default="both")
    secmi.add_argument("--t", type=int, default=140)
    secmi.add_argument("--k", type=int, default=10)
    shake = commands.add_parser("shake", help="Shake-to-Leak, every method on the SP and on the OoD set")
    shake.add_argument("--people", type=int, default=20, help="the first n of the group")
    shake.add_argument("--group", choices=(PLANTED, DOMAIN), default=PLANTED)
    shake.add_argument("--methods", default=None, help="such as lora,dreambooth; default: all that train on pictures")
    shake.add_argument("--ranks", default="", help="of LoRA, such as 1,4,16: adds points to its curve")
    shake.add_argument("--tokens", default="", help="of Textual Inversion")
    shake.add_argument("--stds", default="", help="of noise on the weights, such as 2e-4,4e-4")
    shake.add_argument("--positive", action="store_true", help="each method on the training pictures themselves, too")
    shake.add_argument("--size", type=int, default=None, help="pictures of a set")
    shake.add_argument("--steps", type=int, default=None, help="of fine-tuning")
    shake.add_argument("--generations", type=int, default=None, help="draws for extraction")
    shake.add_argument("--clique", type=int, default=None, help="near-duplicates that make a candidate")
    gate = commands.add_parser("gate", help="the fine-tuning gate against sets that the base drew itself")
    gate.add_argument("--people", type=int, default=100, help="domain people; three sets of each")
    gate.add_argument("--size", type=int, default=5, help="pictures of a set")
    gate.add_argument("--save", action="store_true", help="write the calibrated gate into the base's folder")
    count = commands.add_parser("photo-count", help="the number of photos, read off the files of private people")
    count.add_argument("--people", type=int, default=60, help="the first n private people, 1 to 8 photos each")
    for command in (secmi, shake, gate, count):
        command.add_argument("--faces", type=Path, default=FACES128, help="folder of domains.parquet")
        command.add_argument("--shard", type=int, default=0, help="this process takes every --shards-th person")
        command.add_argument("--shards", type=int, default=1)
        command.add_argument("--merge", action="store_true", help="print what is there, add nothing")
    return [secmi, shake, gate, count]


def run(args: argparse.Namespace) -> None:
    """Run one of them.

    Raises:
        SettingsError: shards, or another setting, that cannot be.
        WeightsError: the base or the people asked for are not there.
    """
    from demo.models.bases import find_base

    if not (0 <= args.shard < args.shards and args.people >= 1):
        raise SettingsError(
            f"Shard {args.shard} of {args.shards} over {args.people} people cannot be.",
            "Count shards from 0, and ask for one person or more.",
        )
    do = {"secmi": _secmi, "shake": _shake, "gate": _gate, "photo-count": _photo_count}[args.command]
    do(args, find_base(args.base))


def _secmi(args: argparse.Namespace, base: Base) -> None:
    from demo.evaluate import secmi
    from demo.files import write_text
    from demo.models.load import load_pipeline
    from demo.shake.attacks.secmi import SecmiSettings

    if args.t < 1 or args.k < 1:
        raise SettingsError(f"t = {args.t} and k = {args.k} cannot be.", "Give numbers above 0.")
    settings = SecmiSettings(t=args.t, k=args.k)
    folder = secmi.table_folder(args.out, base, settings)
    groups = [PLANTED, DOMAIN] if args.group == "both" else [args.group]
    if not args.merge:
        pipe = load_pipeline(base, args.device)
        for group in groups:
            people = _people(group, base, args.faces, None if group == PLANTED else args.people)
            secmi.run(pipe, people, settings, folder, group, shard=args.shard, shards=args.shards)
    found = {group: secmi.summary(there) for group in groups if (there := secmi.records(folder, group))}
    write_text(folder / "secmi.json", json.dumps(found, indent=1, allow_nan=False) + "\n")
    print(secmi.markdown(found) if found else "No results yet.")
    print(f"\nfrom {folder}")


def _shake(args: argparse.Namespace, base: Base) -> None:
    from demo.evaluate import shake, shake_table
    from demo.files import write_text
    from demo.models.load import load_pipeline

    settings = _shake_settings(args)
    folder = shake.table_folder(args.out, base, settings, args.group)
    if not args.merge:
        people = _people(args.group, base, args.faces, args.people)
        shake.run(
            load_pipeline(base, args.device), base, people, settings, folder, shard=args.shard, shards=args.shards
        )
    results = {number: arms for number, arms in shake.results(folder).items() if number < args.people}
    if results:
        write_text(folder / "shake.json", json.dumps(shake_table.summary(results), indent=1, allow_nan=False) + "\n")
    print(shake_table.markdown(results))
    print(f"\nfrom {folder}")


def _shake_settings(args: argparse.Namespace) -> ShakeSettings:
    from pydantic import ValidationError

    from demo.evaluate.shake import ALL
    from demo.shake.model import ShakeSettings

    given = {key: getattr(args, key) for key in ("size", "steps", "generations", "clique")}
    try:
        return ShakeSettings(
            methods=ALL if args.methods is None else tuple(filter(None, args.methods.split(","))),
            ranks=tuple(int(n) for n in filter(None, args.ranks.split(","))),
            tokens=tuple(int(n) for n in filter(None, args.tokens.split(","))),
            stds=tuple(float(n) for n in filter(None, args.stds.split(","))),
            positive=args.positive,
            **{key: value for key, value in given.items() if value is not None},
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(
            f"--{'.'.join(map(str, first['loc']))}: {first['msg']}.", "Give a value in that range."
        ) from None
    except ValueError as error:
        raise SettingsError(f"No list of numbers: {error}.", "Write them as 1,2,3.") from None


def _gate(args: argparse.Namespace, base: Base) -> None:
    from demo.evaluate import gate
    from demo.files import write_text
    from demo.models.load import load_pipeline
    from demo.shake.gate.decision import FILE
    from demo.shake.gate.evidence import EvidenceSettings

    if args.size < 1:
        raise SettingsError(f"Sets of {args.size} pictures cannot be.", "Ask for one or more.")
    look = EvidenceSettings()
    folder = gate.table_folder(args.out, base, look, args.size)
    if not args.merge:
        pipe = load_pipeline(base, args.device)
        for group, count in ((PLANTED, None), (DOMAIN, args.people)):
            people = _people(group, base, args.faces, count)
            where = {"shard": args.shard, "shards": args.shards}
            gate.run(pipe, base, people, folder, group, size=args.size, look=look, **where)
    known, judged = gate.records(folder, PLANTED), gate.records(folder, DOMAIN)
    if not known or not judged:
        print("No results yet.")
        return
    calibrated = gate.gate_of(base, known, look)
    found = gate.summary(calibrated, judged)
    write_text(folder / "gate-table.json", json.dumps(found, indent=1, allow_nan=False) + "\n")
    calibrated.save(folder / FILE)
    if args.save:
        print(f"gate written to {calibrated.save(base.folder / FILE)}")
    print(gate.markdown(found))
    print(f"\nfrom {folder}")


def _people(group: str, base: Base, faces: Path, count: int | None) -> list[Domain]:
    from demo.shake.people import domain_people, planted

    if group == PLANTED:
        found = planted(base)
        if not found:
            raise SettingsError(f"No people were planted in {base.title}.", "Choose the bundled base 'face64'.")
        return found[:count]
    return domain_people(faces, base, people=count)


def _photo_count(args: argparse.Namespace, base: Base) -> None:
    from demo.attack.photo_count import load_calibration
    from demo.evaluate import photo_count
    from demo.evaluate.held_out import private_photos
    from demo.models.load import load_pipeline
    from demo.train.photo_count import collect, spread

    known = load_calibration(base)
    folder = photo_count.table_folder(args.out, base, known.fingerprint, known.settings)
    if not args.merge:
        people = private_photos(args.faces, args.people)
        where = {"seed": photo_count.SEED, "shard": args.shard, "shards": args.shards}
        collect(load_pipeline(base, args.device), base, people, spread(len(people)), known.settings, folder, **where)
    if list(folder.glob("photos-*.safetensors")):  # spectra do not travel with the project: what was read does
        photo_count.read(folder, known)
    print(photo_count.markdown(photo_count.records(folder, known)))
    print(f"\nfrom {folder}")
