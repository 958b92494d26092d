"""``zoo``, ``encoder``, ``photo-count`` and ``publish`` of ``python -m demo.train``: what attacks learn from LoRAs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from typer import Option

from demo.commands import file_to_write
from demo.faces.faces128 import FACES128, read_split
from demo.models.bases import BUNDLED
from demo.train import data
from demo.train.options import BaseKey, Device, Faces, Shard, Shards, Work


def zoo(
    faces: Faces = FACES128,
    people: int = 400,
    group: int = 8,
    shard: Shard = 0,
    shards: Shards = 1,
    base: BaseKey = BUNDLED,
    work: Work = data.WORK,
    device: Device = "auto",
) -> None:
    """A bank of LoRAs of training people."""
    from demo.finetune.class_images import class_latents
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.train import zoo
    from demo.train.processes import device_of, new_accelerator

    accelerator = new_accelerator(device)
    of = find_base(base)
    photos = _training_people(faces, people)
    pipe, settings = load_pipeline(of, str(device_of(accelerator, device))), find_preset(of.preset)
    if settings.prior_weight:
        with accelerator.main_process_first():
            class_latents(pipe, of, settings.class_images)
    zoo.build(
        pipe,
        of,
        photos,  # type: ignore[arg-type]
        settings,
        work / "zoo" / of.key,
        group=group,
        shard=shard + shards * accelerator.process_index,
        shards=shards * accelerator.num_processes,
    )
    accelerator.wait_for_everyone()  # whoever reads the zoo next finds all of it
    accelerator.end_training()


def encoder(
    faces: Faces = FACES128,
    algorithm: Literal["zoo", "algorithm1", "algorithm2", "algorithm3"] = "zoo",
    updates: int = 1500,
    people: Annotated[int, Option(help="LoRAs an update")] = 8,
    pictures: Annotated[int, Option(help="noisy pictures of each")] = 4,
    lr: float = 1e-3,
    readout_lr: float = 1e-3,
    adam_epsilon: float = 1e-8,
    embedding_weight: Annotated[float, Option(help="of the error to the secret prompt's embedding")] = 0.0,
    noise_from: Annotated[float, Option(help="leave out this share of the cleanest timesteps")] = 0.0,
    matrices: Literal["conv", "linear", "probes"] = "probes",
    probes: Annotated[int, Option(help="probes on either side of each update")] = 24,
    first: Annotated[int | None, Option(help="only the first n matrices")] = None,
    length: Annotated[int | None, Option(help="tokens of z; by default one for all that is read")] = None,
    no_clip: Annotated[bool, Option("--no-clip")] = False,
    no_causal: Annotated[bool, Option("--no-causal")] = False,
    no_variational: Annotated[bool, Option("--no-variational")] = False,
    no_timestep: Annotated[bool, Option("--no-timestep")] = False,
    no_start_at_prompt: Annotated[bool, Option("--no-start-at-prompt")] = False,
    readout: Annotated[bool, Option("--readout", help="read the cross-attention updates backwards, too")] = False,
    limit: Annotated[int | None, Option(help="only the first n groups of the zoo")] = None,
    out: Annotated[
        Path | None,
        Option(
            callback=file_to_write, help="default: where the app looks for it, unless one of other settings is there"
        ),
    ] = None,
    checkpoint_every: Annotated[float, Option(help="seconds; 0: after every update")] = 240,
    base: BaseKey = BUNDLED,
    work: Work = data.WORK,
    device: Device = "auto",
) -> None:
    """The weight encoder."""
    import numpy as np

    from demo.attack.by_encoder import encoder_path
    from demo.attack.weight_encoder import EncoderSettings
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.train import encoder, zoo
    from demo.train.processes import device_of, new_accelerator
    from demo.train.provenance import made_with

    accelerator = new_accelerator(device, every_part_learns=not (no_variational or no_timestep))
    of = find_base(base)
    pipe, lora = load_pipeline(of, str(device_of(accelerator, device))), find_preset(of.preset)
    parts = EncoderSettings(
        matrices=matrices,
        probes=probes,
        first=first,
        length=length,
        clip=not no_clip,
        causal=not no_causal,
        variational=not no_variational,
        timestep=not no_timestep,
        readout=readout,
        start_at_prompt=not no_start_at_prompt,
    )
    settings = encoder.TrainSettings(
        algorithm=algorithm,
        updates=updates,
        people=people,
        pictures=pictures,
        lr=lr,
        readout_lr=readout_lr,
        adam_epsilon=adam_epsilon,
        noise_from=noise_from,
        embedding_weight=embedding_weight,
    )
    if out is None:
        encoder.check_place(encoder_path(of), parts, settings)
    bank = None
    if algorithm == "zoo":
        bank = zoo.Zoo(work / "zoo" / of.key, limit=limit, wanted=made_with(of, lora))
    pool = [] if bank else _training_people(faces, 2000)
    rng = np.random.default_rng(0)
    model = encoder.train(
        pipe,
        of,
        encoder.new_encoder(pipe, of, lora, parts),
        lora,
        settings,
        work=work / "encoder" / f"{of.key}-{parts.matrices}{'-readout' if readout else ''}-{settings.algorithm}",
        zoo=bank,
        draw_people=lambda k: [pool[i] for i in rng.choice(len(pool), k, replace=False)],  # type: ignore[misc]
        checkpoint_every=checkpoint_every,
        accelerator=accelerator,
    )
    if accelerator.is_main_process:
        encoder.save(out or encoder_path(of), model, of, settings, bank)
    accelerator.end_training()


def photo_count(
    faces: Faces = FACES128,
    people: Annotated[int, Option(help="1 to 8 photos each, all numbers equally often")] = 64,
    group: Annotated[int, Option(help="people fine-tuned at once")] = 8,
    shard: Shard = 0,
    shards: Shards = 1,
    merge: Annotated[bool, Option("--merge", help="write the base's file from what is there, add nothing")] = False,
    base: BaseKey = BUNDLED,
    work: Work = data.WORK,
    device: Device = "auto",
) -> None:
    """LoRAs of known number, by whose spectra the photos are counted."""
    import io

    from PIL import Image

    from demo.attack.photo_count import FILE
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.fingerprints import fingerprint
    from demo.models.load import load_pipeline
    from demo.train import photo_count

    of = find_base(base)
    settings = find_preset(of.preset)
    folder = work / "photo-count" / f"{of.key}-{fingerprint(of, encoder=False)}"
    if not merge:
        table = list(read_split(faces, "domain_nonmember").groupby("identity", sort=True))[:people]
        photos = [[Image.open(io.BytesIO(blob)).convert("RGB") for blob in rows["image"]] for _, rows in table]
        counts = photo_count.spread(len(photos))
        pipe = load_pipeline(of, device)
        photo_count.collect(pipe, of, photos, counts, settings, folder, group=group, shard=shard, shards=shards)
    if merge or shards == 1:
        known = photo_count.calibration(of, settings, folder)
        print(f"{known.save(of.folder / FILE)}: {len(known.counts)} LoRAs, mean error {known.mean_error:.2f} photos")


def publish(
    repo: Annotated[str, Option(help="USER/REPO")],
    private: Annotated[bool, Option("--private", help="if the repository is new")] = False,
    base: BaseKey = BUNDLED,
) -> None:
    """Upload the weight encoder to the Hub, and note where in its manifest."""
    from demo.attack.by_encoder import encoder_path
    from demo.models.bases import find_base
    from demo.train.publish import publish

    of = find_base(base)
    entry = publish(encoder_path(of), of.key, repo, private=private)
    print(f"published: {entry.file} in {entry.repo} at {entry.revision}, sha256 {entry.sha256}")


def _training_people(faces: Path, people: int) -> list[list[object]]:
    import io

    import numpy as np
    from PIL import Image

    table = read_split(faces, "train")
    groups = [group for _, group in table.groupby("identity", sort=True) if len(group) >= 5]
    order = np.random.default_rng(0).permutation(len(groups))[:people]
    return [[Image.open(io.BytesIO(blob)).convert("RGB") for blob in groups[i]["image"][:5]] for i in order]
