"""``people``, ``encoders`` and ``defences`` of ``python -m demo.evaluate``: attacks on the files of many people."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from demo.errors import SettingsError
from demo.evaluate.options import (
    EARLIER,
    TABLES,
    BaseKey,
    Device,
    Grid,
    Group,
    MergeParts,
    Out,
    Samples,
    ShardOfGroups,
    ShardOfPeople,
    Shards,
)
from demo.models.bases import BUNDLED
from demo.paths import PEOPLE

if TYPE_CHECKING:
    from demo.stats.intervals import Array


def people(
    people: Annotated[int | None, Option(help="only the first n")] = None,
    samples: Samples = 4,
    steps: Annotated[int | None, Option(help="fine-tuning steps, in place of the preset's")] = None,
    lr: float | None = None,
    split: Annotated[
        Literal["private", "domain_nonmember"],
        Option(help="domain_nonmember: for choosing settings; figures come from private alone"),
    ] = "private",
    prior_weight: float | None = None,
    extrapolation: Annotated[float | None, Option(help="guidance weight of the attacks")] = None,
    tau: Annotated[float | None, Option(help="factor of the starting noise, in every arm")] = None,
    batch: Annotated[int | None, Option(help="photos a step")] = None,
    shard: ShardOfGroups = 0,
    shards: Shards = 1,
    merge: MergeParts = False,
    table: Annotated[bool, Option("--table", help="print what ships, and run nothing")] = False,
    no_prior: Annotated[bool, Option("--no-prior", help="without prior preservation")] = False,
    no_encoder: Annotated[bool, Option("--no-encoder", help="only the arms that need no encoder")] = False,
    group: Group = 10,
    grid: Grid = None,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """DreamBooth, attack and controls over the 60 private people."""
    from demo.evaluate import people as people_figures
    from demo.evaluate import people_table, shipped
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.fingerprints import fingerprint
    from demo.models.load import load_pipeline

    of = find_base(base)
    given = {"steps": steps, "lr": lr, "prior_weight": prior_weight, "batch": batch}
    changes = {key: value for key, value in given.items() if value is not None}
    if extrapolation is not None:
        of = replace(of, extrapolation=extrapolation)
    if tau is not None:
        of = replace(of, tau=tau)
    if no_prior:
        changes["prior_weight"] = 0.0
    settings = find_preset(of.preset).model_copy(update=changes)
    name = f"people{'' if split == 'private' else '-dev'}{'-no-prior' if no_prior else ''}"
    whole = out / f"{name}.json"
    if table:
        found = shipped.people(of, name)
        if found["weights"] != fingerprint(of):
            print(EARLIER.format(found["weights"]))
        people_table.print_table(people_table.finished(found))
        return
    if merge:
        parts = [out / f"{name}-{i}-of-{shards}.json" for i in range(shards)]
        people_table.print_table(people_table.merge(parts, whole))
        return
    result = people_figures.evaluate(
        load_pipeline(of, device),
        of,
        settings,
        _decoys(),
        whole if shards == 1 else out / f"{name}-{shard}-of-{shards}.json",
        people=people,
        samples=samples,
        group=group,
        with_encoder=not no_encoder,
        arms_grid=grid,
        split=split,
        shard=shard,
        shards=shards,
    )
    people_table.print_table(result)


def encoders(
    files: Annotated[list[Path], Argument(help="the others are held against the first")],
    people: Annotated[int, Option(help="the first n of domain_nonmember")] = 48,
    samples: Samples = 4,
    group: Group = 6,
    shard: ShardOfGroups = 0,
    shards: Shards = 1,
    merge: MergeParts = False,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """Several encoders over the same people, to choose one."""
    from demo.attack.weight_encoder import load_encoder
    from demo.evaluate import encoders
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline

    of = find_base(base)
    names = [path.parent.name + "/" + path.stem for path in files]
    if len(set(names)) < len(names):
        raise SettingsError("Two encoders have the same name and folder.", "Copy one to another name.")
    parts = [out / f"encoders-{i}-of-{shards}.json" for i in range(shards)]
    if merge:
        print(encoders.markdown(encoders.merge(parts, out / "encoders.json")))
        return
    pipe = load_pipeline(of, device)
    found = encoders.evaluate(
        pipe,
        of,
        find_preset(of.preset),
        _decoys(),
        {n: load_encoder(path, pipe.text_encoder, of) for n, path in zip(names, files, strict=True)},
        parts[shard],
        people=people,
        samples=samples,
        group=group,
        shard=shard,
        shards=shards,
    )
    print(encoders.markdown(found))


def defences(
    people: Annotated[int | None, Option(help="only the first n")] = None,
    samples: Samples = 2,
    shard: ShardOfPeople = 0,
    shards: Shards = 1,
    only: Annotated[str | None, Option(help="such as none,dpdm:10,gaussian; default: everything planned")] = None,
    table: Annotated[bool, Option("--table", help="print what is there, add nothing")] = False,
    base: BaseKey = BUNDLED,
    device: Device = "auto",
    out: Out = TABLES,
) -> None:
    """Every defence over the 60 private people; resumes by itself."""
    from demo.evaluate import defences, defences_table, shipped
    from demo.evaluate.held_out import held_out_people
    from demo.files import write_text
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.sweep.plan import chosen
    from demo.sweep.run import default_plan

    of = find_base(base)
    shipped.unpack(out, of)
    if not (0 <= shard < shards and samples >= 1):
        raise SettingsError(
            f"Shard {shard} of {shards} with {samples} samples cannot be.",
            "Count shards from 0, and ask for one sample or more.",
        )
    settings = find_preset(of.preset)
    plan = default_plan() if only is None else chosen(only)
    folder = defences.table_folder(out, of, settings, samples)
    if not table:
        setup = defences.Setup(load_pipeline(of, device), of, settings, samples, folder)
        defences.run(
            setup, plan, held_out_people(out, side=of.side), _decoys(), first=people, shard=shard, shards=shards
        )
    elif not any(folder.glob("person-*.json")) and (old := shipped.earlier("defences", out, of)) is not None:
        folder = old
        print(EARLIER.format(folder.parent.name))
    write_text(folder / "defences.json", json.dumps(defences_table.summary(folder), indent=1) + "\n")
    print(defences_table.markdown(folder))
    print(f"\n{samples} pictures each, from {folder}")


def _decoys() -> Array:
    from safetensors.torch import load_file

    decoys: Array = load_file(PEOPLE / "decoys.safetensors")["dlib"].double().numpy()
    return decoys
