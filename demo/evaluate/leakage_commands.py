"""``membership``, ``shake``, ``gate`` and ``photo-count`` of ``python -m demo.evaluate``: what they take and do.

All add to a folder person by person, so that a run can be taken up again and several processes can share one, and
print the table of whatever is there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Option

from demo.errors import SettingsError
from demo.evaluate.options import (
    FACES,
    TABLES,
    BaseKey,
    Device,
    Domains,
    MergeThere,
    Out,
    ShardOfPeople,
    Shards,
)
from demo.models.bases import BUNDLED

if TYPE_CHECKING:
    from demo.models.bases import Base
    from demo.shake.model import ShakeSettings
    from demo.shake.people import Domain

PLANTED, DOMAIN = "planted", "domain"


def membership(
    attack: Annotated[str, Option(help="key of demo.shake.attacks.membership")] = "clid",
    people: Annotated[int, Option(help="domain people; the planted ones are all taken")] = 100,
    group: Literal["planted", "domain", "both"] = "both",
    t: Annotated[int | None, Option(min=1, help="time of the noise; default: the attack's own")] = None,
    k: Annotated[int | None, Option(min=1, help="length of SecMI's steps")] = None,
    draws: Annotated[int | None, Option(min=1, help="of noise, of the others")] = None,
    faces: Domains = FACES,
    shard: ShardOfPeople = 0,
    shards: Shards = 1,
    merge: MergeThere = False,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """Membership inference on the base over people whose members are known."""
    from demo.evaluate import membership
    from demo.files import write_text
    from demo.models.load import load_pipeline
    from demo.shake.attacks.membership import find_membership

    of = _begin(base, out, people, shard, shards)
    given = {name: value for name, value in (("t", t), ("k", k), ("draws", draws)) if value is not None}
    kind = find_membership(attack).settings
    if strange := given.keys() - kind.model_fields.keys():
        raise SettingsError(f"{attack} takes no --{min(strange)}.", "Leave it out.")
    settings = kind(**given)
    folder = membership.table_folder(out, of, attack, settings)
    groups = [PLANTED, DOMAIN] if group == "both" else [group]
    if not merge:
        pipe = load_pipeline(of, device)
        for each in groups:
            some = _people(each, of, faces, None if each == PLANTED else people)
            membership.run(pipe, some, attack, settings, folder, each, shard=shard, shards=shards)
    found = {each: membership.summary(there) for each in groups if (there := membership.records(folder, each))}
    write_text(folder / "membership.json", json.dumps(found, indent=1, allow_nan=False) + "\n")
    print(membership.markdown(found) if found else "No results yet.")
    print(f"\nfrom {folder}")


def shake(
    people: Annotated[int, Option(help="the first n of the group")] = 20,
    group: Literal["planted", "domain"] = "planted",
    methods: Annotated[str | None, Option(help="such as lora,dreambooth; default: all that train on pictures")] = None,
    ranks: Annotated[str, Option(help="of LoRA, such as 1,4,16: adds points to its curve")] = "",
    tokens: Annotated[str, Option(help="of Textual Inversion")] = "",
    stds: Annotated[str, Option(help="of noise on the weights, such as 2e-4,4e-4")] = "",
    positive: Annotated[
        bool, Option("--positive", help="each method on the training pictures themselves, too")
    ] = False,
    size: Annotated[int | None, Option(help="pictures of a set")] = None,
    steps: Annotated[int | None, Option(help="of fine-tuning")] = None,
    generations: Annotated[int | None, Option(help="draws for extraction")] = None,
    membership: Annotated[str, Option(help="attack on membership")] = "clid",
    clique: Annotated[int | None, Option(help="near-duplicates that make a candidate")] = None,
    faces: Domains = FACES,
    shard: ShardOfPeople = 0,
    shards: Shards = 1,
    merge: MergeThere = False,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """Shake-to-Leak, every method on the SP and on the OoD set."""
    from demo.evaluate import shake, shake_table
    from demo.files import write_text
    from demo.models.load import load_pipeline
    from demo.shake.attacks.membership import find_membership

    of = _begin(base, out, people, shard, shards)
    given = {"size": size, "steps": steps, "generations": generations, "clique": clique}
    find_membership(membership)
    settings = _shake_settings(methods, ranks, tokens, stds, positive, given)
    settings = settings.model_copy(update={"membership": membership})
    folder = shake.table_folder(out, of, settings, group)
    if not merge:
        some = _people(group, of, faces, people)
        shake.run(load_pipeline(of, device), of, some, settings, folder, shard=shard, shards=shards)
    results = {number: arms for number, arms in shake.results(folder).items() if number < people}
    if results:
        write_text(folder / "shake.json", json.dumps(shake_table.summary(results), indent=1, allow_nan=False) + "\n")
    print(shake_table.markdown(results))
    print(f"\nfrom {folder}")


def gate(
    people: Annotated[int, Option(help="domain people; three sets of each")] = 100,
    size: Annotated[int, Option(help="pictures of a set")] = 5,
    save: Annotated[bool, Option("--save", help="write the calibrated gate into the base's folder")] = False,
    faces: Domains = FACES,
    shard: ShardOfPeople = 0,
    shards: Shards = 1,
    merge: MergeThere = False,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """The fine-tuning gate against sets that the base drew itself."""
    from demo.evaluate import gate
    from demo.files import write_text
    from demo.models.load import load_pipeline
    from demo.shake.gate.decision import FILE
    from demo.shake.gate.evidence import EvidenceSettings

    of = _begin(base, out, people, shard, shards)
    if size < 1:
        raise SettingsError(f"Sets of {size} pictures cannot be.", "Ask for one or more.")
    look = EvidenceSettings()
    folder = gate.table_folder(out, of, look, size)
    if not merge:
        pipe = load_pipeline(of, device)
        for group, count in ((PLANTED, None), (DOMAIN, people)):
            some = _people(group, of, faces, count)
            gate.run(pipe, of, some, folder, group, size=size, look=look, shard=shard, shards=shards)
    known, judged = gate.records(folder, PLANTED), gate.records(folder, DOMAIN)
    if not known or not judged:
        print("No results yet.")
        return
    calibrated = gate.gate_of(of, known, look)
    found = gate.summary(calibrated, judged)
    write_text(folder / "gate-table.json", json.dumps(found, indent=1, allow_nan=False) + "\n")
    calibrated.save(folder / FILE)
    if save:
        print(f"gate written to {calibrated.save(of.folder / FILE)}")
    print(gate.markdown(found))
    print(f"\nfrom {folder}")


def photo_count(
    people: Annotated[int, Option(help="the first n private people, 1 to 8 photos each")] = 60,
    faces: Domains = FACES,
    shard: ShardOfPeople = 0,
    shards: Shards = 1,
    merge: MergeThere = False,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """The number of photos, read off the files of private people."""
    from demo.attack.photo_count import load_calibration
    from demo.evaluate import photo_count
    from demo.evaluate.held_out import private_photos
    from demo.models.load import load_pipeline
    from demo.train.photo_count import collect, spread

    of = _begin(base, out, people, shard, shards)
    known = load_calibration(of)
    folder = photo_count.table_folder(out, of, known.fingerprint, known.settings)
    if not merge:
        some = private_photos(faces, people)
        pipe, counts, seed = load_pipeline(of, device), spread(len(some)), photo_count.SEED
        collect(pipe, of, some, counts, known.settings, folder, seed=seed, shard=shard, shards=shards)
    if list(folder.glob("photos-*.safetensors")):  # spectra do not travel with the project: what was read does
        photo_count.read(folder, known)
    print(photo_count.markdown(photo_count.records(folder, known)))
    print(f"\nfrom {folder}")


def _begin(key: str, out: Path, people: int, shard: int, shards: int) -> Base:
    """The base, with what ships of its results put into ``out``.

    Raises:
        SettingsError: shards that cannot be.
        WeightsError: the base is not there.
    """
    from demo.evaluate import shipped
    from demo.models import bases

    base = bases.find_base(key)
    shipped.unpack(out, base)
    if not (0 <= shard < shards and people >= 1):
        raise SettingsError(
            f"Shard {shard} of {shards} over {people} people cannot be.",
            "Count shards from 0, and ask for one person or more.",
        )
    return base


def _shake_settings(
    methods: str | None, ranks: str, tokens: str, stds: str, positive: bool, given: dict[str, int | None]
) -> ShakeSettings:
    from pydantic import ValidationError

    from demo.evaluate.shake import ALL
    from demo.shake.model import ShakeSettings

    try:
        return ShakeSettings(
            methods=ALL if methods is None else tuple(filter(None, methods.split(","))),
            ranks=tuple(int(n) for n in filter(None, ranks.split(","))),
            tokens=tuple(int(n) for n in filter(None, tokens.split(","))),
            stds=tuple(float(n) for n in filter(None, stds.split(","))),
            positive=positive,
            **{key: value for key, value in given.items() if value is not None},
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(
            f"--{'.'.join(map(str, first['loc']))}: {first['msg']}.", "Give a value in that range."
        ) from None
    except ValueError as error:
        raise SettingsError(f"No list of numbers: {error}.", "Write them as 1,2,3.") from None


def _people(group: str, base: Base, faces: Path, count: int | None) -> list[Domain]:
    from demo.shake.people import domain_people, planted

    if group == PLANTED:
        found = planted(base)
        if not found:
            raise SettingsError(f"No people were planted in {base.title}.", f"Choose the bundled base '{BUNDLED}'.")
        return found[:count]
    return domain_people(faces, base, people=count)
