"""``python -m demo.train COMMAND``: everything in ``weights/``, from the data.

``zoo`` and ``encoder`` run on several processes or machines, too: ``accelerate launch`` (GPUs), ``torchrun`` (CPUs).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo.errors import DemoError
from demo.faces.faces128 import FACES128, read_split
from demo.paths import PEOPLE
from demo.train import data

STAGES = ("data", "vae", "clip", "unet", "cool", "assemble")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m demo.train", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("people", help="generate the fictional people and the decoys")
    base = commands.add_parser("base", help="train face64, in resumable stages")
    base.add_argument("--stage", choices=STAGES, action="append", help="one stage (may be repeated); all by default")
    base.add_argument("--faces", type=Path, default=FACES128)
    base.add_argument("--vae-pictures", type=int, default=24_000)
    base.add_argument("--clip-pictures", type=int, default=40_000)
    base.add_argument("--unet-pictures", type=int, default=4_000_000)
    base.add_argument("--cool-pictures", type=int, default=200_000, help="over which the rate is lowered to nothing")
    base.add_argument("--detail", type=float, default=0.0, help="weigh channels by their spread to minus this power")
    base.add_argument("--low-noise", type=float, default=1.0, help="timesteps as shares to this power")
    base.add_argument("--start", type=Path, default=None, help="a UNet's safetensors to begin from")
    base.add_argument("--start-seen", type=int, default=0, help="pictures that it has seen")
    prior = commands.add_parser(
        "prior", help="class images of a base, for prior preservation, and the other person's LoRA"
    )
    example = commands.add_parser("example", help="the LoRA of a fictional person, drawn by lot, that the app offers")
    zoo = commands.add_parser("zoo", help="a bank of LoRAs of training people")
    zoo.add_argument("--faces", type=Path, default=FACES128)
    zoo.add_argument("--people", type=int, default=400)
    zoo.add_argument("--group", type=int, default=8)
    zoo.add_argument("--shard", type=int, default=0)
    zoo.add_argument("--shards", type=int, default=1)
    encoder = commands.add_parser("encoder", help="the weight encoder")
    encoder.add_argument("--faces", type=Path, default=FACES128)
    encoder.add_argument("--algorithm", choices=("zoo", "algorithm1", "algorithm2", "algorithm3"), default="zoo")
    encoder.add_argument("--updates", type=int, default=1500)
    encoder.add_argument("--people", type=int, default=8, help="LoRAs an update")
    encoder.add_argument("--pictures", type=int, default=4, help="noisy pictures of each")
    encoder.add_argument("--lr", type=float, default=1e-3)
    encoder.add_argument("--readout-lr", type=float, default=1e-3)
    encoder.add_argument("--adam-epsilon", type=float, default=1e-8)
    encoder.add_argument(
        "--embedding-weight", type=float, default=0.0, help="of the error to the secret prompt's embedding"
    )
    encoder.add_argument("--noise-from", type=float, default=0.0, help="leave out this share of the cleanest timesteps")
    encoder.add_argument("--matrices", choices=("conv", "linear", "probes"), default="probes")
    encoder.add_argument("--probes", type=int, default=24, help="probes on either side of each update")
    encoder.add_argument("--first", type=int, default=None, help="only the first n matrices")
    encoder.add_argument("--length", type=int, default=None, help="tokens of z; by default one for all that is read")
    for flag in ("clip", "causal", "variational", "timestep", "start-at-prompt"):
        encoder.add_argument(f"--no-{flag}", dest=flag.replace("-", "_"), action="store_false")
    encoder.add_argument("--readout", action="store_true", help="read the cross-attention updates backwards, too")
    encoder.add_argument("--limit", type=int, default=None, help="only the first n groups of the zoo")
    encoder.add_argument(
        "--out",
        type=Path,
        default=None,
        help="default: where the app looks for it, unless one of other settings is there",
    )
    encoder.add_argument("--checkpoint-every", type=float, default=240, help="seconds; 0: after every update")
    count = commands.add_parser("photo-count", help="LoRAs of known number, by whose spectra the photos are counted")
    count.add_argument("--faces", type=Path, default=FACES128)
    count.add_argument("--people", type=int, default=64, help="1 to 8 photos each, all numbers equally often")
    count.add_argument("--group", type=int, default=8, help="people fine-tuned at once")
    count.add_argument("--shard", type=int, default=0)
    count.add_argument("--shards", type=int, default=1)
    count.add_argument("--merge", action="store_true", help="write the base's file from what is there, add nothing")
    publish = commands.add_parser(
        "publish", help="upload the weight encoder to the Hub, and note where in its manifest"
    )
    publish.add_argument("--repo", required=True, help="USER/REPO")
    publish.add_argument("--private", action="store_true", help="if the repository is new")
    for command in (base, prior, example, zoo, encoder, count):
        command.add_argument("--work", type=Path, default=data.WORK, help="check-points and caches")
        command.add_argument("--device", default="auto")
    for command in (prior, example, zoo, encoder, count, publish):
        command.add_argument("--base", default="face64")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one command; 2 on bad input."""
    args = parser().parse_args(argv)
    try:
        COMMANDS[args.command](args)
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _people(_: argparse.Namespace) -> None:
    from demo.train import people

    people.main(PEOPLE)


def _base(args: argparse.Namespace) -> None:
    from demo.hardware.devices import choose_device
    from demo.train import base

    device = str(choose_device(args.device))
    for stage in args.stage or STAGES:
        if stage == "data":
            base.run_data(args.faces, args.work)
        elif stage == "vae":
            base.run_vae(args.work, args.vae_pictures, device)
        elif stage == "clip":
            base.run_clip(args.work, args.clip_pictures, device)
        elif stage == "unet":
            base.run_unet(
                args.work,
                args.unet_pictures,
                device,
                start=args.start,
                seen=args.start_seen,
                detail=args.detail,
                low_noise=args.low_noise,
            )
        elif stage == "cool":
            base.run_cool(args.work, args.cool_pictures, device, detail=args.detail, low_noise=args.low_noise)
        else:
            base.assemble(args.work)


def _prior(args: argparse.Namespace) -> None:
    """Class latents, and the fictional 'other person' whose LoRA serves the controls."""
    from demo.files import write_tensors
    from demo.finetune.class_images import draw_class_latents
    from demo.finetune.dreambooth import fine_tune
    from demo.finetune.settings import find_preset
    from demo.lora.files import write_lora
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.train.people import planted_pictures

    base = find_base(args.base)
    pipe, settings = load_pipeline(base, args.device), find_preset(base.preset)
    latents = draw_class_latents(pipe, base, settings.class_images)
    write_tensors(base.folder / "class_latents.safetensors", {"latents": latents.half()})
    tuned = fine_tune(pipe, base, planted_pictures(PEOPLE, 0, member=False)[:5], settings, seed=999)
    write_lora(base.folder / "other-person.safetensors", tuned.lora)


def _example(args: argparse.Namespace) -> None:
    """The file that a visitor without one attacks; whose it is was not chosen by how well that goes."""
    import json
    import random

    from PIL import Image

    from demo.finetune.dreambooth import fine_tune
    from demo.finetune.settings import find_preset
    from demo.lora.files import write_lora
    from demo.models.bases import EXAMPLE, find_base
    from demo.models.load import load_pipeline

    listed = json.loads((PEOPLE / "people.json").read_text(encoding="utf-8"))["examples"]
    folder = PEOPLE / random.Random(0).choice(listed)["folder"]
    pictures = [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.webp"))[:5]]
    base = find_base(args.base)
    seed = random.SystemRandom().getrandbits(32)  # kept nowhere: the trigger follows from it
    tuned = fine_tune(load_pipeline(base, args.device), base, pictures, find_preset(base.preset), seed=seed)
    write_lora(base.folder / EXAMPLE, tuned.lora)


def _training_people(args: argparse.Namespace, people: int) -> list[list[object]]:
    import io

    from PIL import Image

    table = read_split(args.faces, "train")
    groups = [group for _, group in table.groupby("identity", sort=True) if len(group) >= 5]
    import numpy as np

    order = np.random.default_rng(0).permutation(len(groups))[:people]
    return [[Image.open(io.BytesIO(blob)).convert("RGB") for blob in groups[i]["image"][:5]] for i in order]


def _zoo(args: argparse.Namespace) -> None:
    from demo.finetune.class_images import class_latents
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.train import zoo
    from demo.train.processes import device_of, new_accelerator

    accelerator = new_accelerator(args.device)
    base = find_base(args.base)
    people = _training_people(args, args.people)
    pipe, settings = load_pipeline(base, str(device_of(accelerator, args.device))), find_preset(base.preset)
    if settings.prior_weight:
        with accelerator.main_process_first():
            class_latents(pipe, base, settings.class_images)
    zoo.build(
        pipe,
        base,
        people,  # type: ignore[arg-type]
        settings,
        args.work / "zoo" / base.key,
        group=args.group,
        shard=args.shard + args.shards * accelerator.process_index,
        shards=args.shards * accelerator.num_processes,
    )
    accelerator.wait_for_everyone()  # whoever reads the zoo next finds all of it
    accelerator.end_training()


def _encoder(args: argparse.Namespace) -> None:
    import numpy as np

    from demo.attack.registry import encoder_path
    from demo.attack.weight_encoder import EncoderSettings
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.load import load_pipeline
    from demo.train import encoder, zoo
    from demo.train.processes import device_of, new_accelerator
    from demo.train.provenance import made_with

    accelerator = new_accelerator(args.device, every_part_learns=args.variational and args.timestep)
    base = find_base(args.base)
    pipe, lora = load_pipeline(base, str(device_of(accelerator, args.device))), find_preset(base.preset)
    parts = EncoderSettings(
        matrices=args.matrices,
        probes=args.probes,
        first=args.first,
        length=args.length,
        clip=args.clip,
        causal=args.causal,
        variational=args.variational,
        timestep=args.timestep,
        readout=args.readout,
        start_at_prompt=args.start_at_prompt,
    )
    settings = encoder.TrainSettings(
        algorithm=args.algorithm,
        updates=args.updates,
        people=args.people,
        pictures=args.pictures,
        lr=args.lr,
        readout_lr=args.readout_lr,
        adam_epsilon=args.adam_epsilon,
        noise_from=args.noise_from,
        embedding_weight=args.embedding_weight,
    )
    if args.out is None:
        encoder.check_place(encoder_path(base), parts, settings)
    bank = None
    if args.algorithm == "zoo":
        bank = zoo.Zoo(args.work / "zoo" / base.key, limit=args.limit, wanted=made_with(base, lora))
    pool = [] if bank else _training_people(args, 2000)
    rng = np.random.default_rng(0)
    model = encoder.train(
        pipe,
        base,
        encoder.new_encoder(pipe, base, lora, parts),
        lora,
        settings,
        work=args.work
        / "encoder"
        / f"{base.key}-{parts.matrices}{'-readout' if args.readout else ''}-{settings.algorithm}",
        zoo=bank,
        draw_people=lambda k: [pool[i] for i in rng.choice(len(pool), k, replace=False)],  # type: ignore[misc]
        checkpoint_every=args.checkpoint_every,
        accelerator=accelerator,
    )
    if accelerator.is_main_process:
        encoder.save(args.out or encoder_path(base), model, base, settings, bank)
    accelerator.end_training()


def _photo_count(args: argparse.Namespace) -> None:
    import io

    from PIL import Image

    from demo.attack.photo_count import FILE
    from demo.finetune.settings import find_preset
    from demo.models.bases import find_base
    from demo.models.fingerprints import fingerprint
    from demo.models.load import load_pipeline
    from demo.train import photo_count

    base = find_base(args.base)
    settings = find_preset(base.preset)
    folder = args.work / "photo-count" / f"{base.key}-{fingerprint(base, encoder=False)}"
    if not args.merge:
        table = list(read_split(args.faces, "domain_nonmember").groupby("identity", sort=True))[: args.people]
        people = [[Image.open(io.BytesIO(blob)).convert("RGB") for blob in group["image"]] for _, group in table]
        where = {"group": args.group, "shard": args.shard, "shards": args.shards}
        counts = photo_count.spread(len(people))
        photo_count.collect(load_pipeline(base, args.device), base, people, counts, settings, folder, **where)
    if args.merge or args.shards == 1:
        known = photo_count.calibration(base, settings, folder)
        print(f"{known.save(base.folder / FILE)}: {len(known.counts)} LoRAs, mean error {known.mean_error:.2f} photos")


def _publish(args: argparse.Namespace) -> None:
    from demo.attack.registry import encoder_path
    from demo.models.bases import find_base
    from demo.train.publish import publish

    base = find_base(args.base)
    entry = publish(encoder_path(base), base.key, args.repo, private=args.private)
    print(f"published: {entry.file} in {entry.repo} at {entry.revision}, sha256 {entry.sha256}")


COMMANDS = {
    "people": _people,
    "base": _base,
    "prior": _prior,
    "example": _example,
    "zoo": _zoo,
    "encoder": _encoder,
    "photo-count": _photo_count,
    "publish": _publish,
}


if __name__ == "__main__":
    sys.exit(main())
