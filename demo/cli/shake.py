"""``python -m demo shake``: Shake-to-Leak on one person of the base's training set; it can be taken up again."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.cli.output import Narrator, peak_memory_mb, print_json, say
from demo.cli.results import REPORT, check_out
from demo.errors import SettingsError
from demo.models.bases import BUNDLED
from demo.progress import Watcher

if TYPE_CHECKING:
    from demo.defences.base import Defence
    from demo.models.bases import Base
    from demo.shake.model import Shake, ShakeArm, ShakeSettings
    from demo.shake.people import Domain


def add_arguments(parser: argparse.ArgumentParser, whole: Callable[[int, int], Callable[[str], int]]) -> None:
    """The command's own options; those of the defence are the same as elsewhere.

    Args:
        whole: makes a reader of whole numbers between two limits.
    """
    whom = parser.add_mutually_exclusive_group()
    whom.add_argument("--person", metavar="NAME", help="one of the training set, by name (see --list)")
    whom.add_argument(
        "--prompt", metavar="TEXT", help="any domain in words; its members are not known, so there is no ROC"
    )
    whom.add_argument("--list", action="store_true", help="name the people and the methods, and end")
    parser.add_argument(
        "--method", action="append", metavar="KEY", help="fine-tuning method; give it again for more (default: lora)"
    )
    for name, kind, what in (
        ("rank", whole(1, 256), "LoRA of these ranks, as a curve"),
        ("tokens", whole(1, 64), "Textual Inversion with this many new words, as a curve"),
        ("std", float, "noise of these standard deviations on the weights, as a curve"),
    ):
        parser.add_argument(f"--{name}", nargs="+", action="extend", default=[], type=kind, metavar="N", help=what)
    parser.add_argument("--size", type=whole(1, 10_000), metavar="N", help="pictures of a set (default: 64)")
    parser.add_argument("--steps", type=whole(1, 1_000_000), metavar="N", help="of fine-tuning (default: the base's)")
    parser.add_argument(
        "--guidance", type=float, metavar="G", help="with which the sets are drawn (default: the base's)"
    )
    parser.add_argument(
        "--generations", type=whole(1, 100_000), metavar="N", help="draws for extraction, each model (default: 60)"
    )
    parser.add_argument(
        "--clique", type=whole(2, 1000), metavar="N", help="near-duplicates that make a candidate (default: 5)"
    )
    parser.add_argument(
        "--edge",
        type=float,
        metavar="D",
        help="largest distance of near-duplicates (default: calibrated on the base; published: 0.1)",
    )
    parser.add_argument("--membership", metavar="KEY", help="attack on membership (see --list)")
    parser.add_argument("--eidetic-delta", type=float, metavar="D", help="of extraction (default: 0.1)")
    parser.add_argument("--no-control", action="store_true", help="leave out the runs on somebody else's pictures")
    parser.add_argument(
        "--positive",
        action="store_true",
        help="each method on the training pictures themselves, too: what a leak shows",
    )
    parser.add_argument("--faces", type=Path, metavar="DIR", help="folder of domains.parquet, for its people")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the results; made if missing")
    parser.add_argument("--resume", action="store_true", help="go on with the experiment that is in DIR")
    parser.add_argument(
        "--base", default=BUNDLED, metavar="KEY", help=f"base model (default: {BUNDLED}, the bundled one)"
    )
    parser.add_argument("--seed", type=whole(0, 2**31 - 1), default=0, metavar="N", help="default: 0")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def shake(arguments: argparse.Namespace) -> None:
    """Check the input, quick things first, then attack, fine-tune and attack again, keeping each model's figures.

    Raises:
        DemoError: what is wrong with the input.
    """
    from demo.models.bases import find_base

    base = find_base(arguments.base)
    if arguments.list:
        _list(base, arguments.faces)
        return
    if arguments.out is None:
        raise SettingsError("There is no folder for the results.", "Say where with --out DIR.")
    if arguments.person is None and arguments.prompt is None:
        raise SettingsError("Nobody is named.", "Give --person NAME (see --list), or --prompt TEXT.")
    out: Path = arguments.out
    check_out(out, ("shake.json", *REPORT), ["arms"])

    say("Loading")
    from demo.cli.leak import chosen_defence
    from demo.hardware.zero_gpu import remedied
    from demo.preflight.shaking import check_shaking
    from demo.shake.model import Experiment
    from demo.shake.people import find_domain, free_text
    from demo.shake.plan import check, planned
    from demo.shake.run import shake as run_shake
    from demo.shake.store import ShakeStore
    from demo.shake.write import write_shake
    from demo.workflow import story

    settings, defence = _settings(arguments), chosen_defence(arguments)
    plan = planned(settings, defence)
    check(plan, settings, base)
    check_shaking(base, settings, plan)
    if arguments.prompt is not None:
        domain = free_text(arguments.prompt)
    else:
        domain = find_domain(arguments.person, base, arguments.faces)
    store = ShakeStore(out, publishable=domain.publishable)
    if store.begun() and not arguments.resume:
        raise SettingsError(
            f"{out} holds an experiment already.", "Add --resume to go on with it, or choose another folder."
        )
    store.begin(_common(base, domain, settings, defence, arguments.seed))
    experiment = Experiment(domain, settings, defence, arguments.seed, _finished(store))
    watch = story.Stopwatch()
    with watch.stage("shake"), story.COMPUTE, remedied():
        made = run_shake(
            story.pipeline(base.key, precise=True, whole=True),
            base,
            experiment,
            keep=store.keep,
            watcher=Watcher(Narrator()),
        )
    json, html = write_shake(out, made)
    _tell(made, json, html, watch.seconds)


def _settings(arguments: argparse.Namespace) -> ShakeSettings:
    from pydantic import ValidationError

    from demo.shake.attacks.membership import find_membership
    from demo.shake.attacks.memorised import EideticSettings
    from demo.shake.model import ShakeSettings

    if arguments.membership is not None:
        find_membership(arguments.membership)
    curves: dict[str, Any] = {"ranks": arguments.rank, "tokens": arguments.tokens, "stds": arguments.std}
    # No method is asked for beside a curve: the curve alone is drawn.
    methods = arguments.method or ([] if any(curves.values()) else ["lora"])
    chosen: dict[str, Any] = {name: tuple(values) for name, values in (curves | {"methods": methods}).items()}
    names = ("size", "steps", "guidance", "generations", "clique", "edge", "membership")
    chosen |= {name: value for name in names if (value := getattr(arguments, name)) is not None}
    try:
        if arguments.eidetic_delta is not None:
            chosen["eidetic"] = EideticSettings(delta=arguments.eidetic_delta)
        return ShakeSettings(control=not arguments.no_control, positive=arguments.positive, **chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"Shake, {first['loc'][0]}: {first['msg']}.", "Give a value in that range.") from None


def _common(base: Base, domain: Domain, settings: ShakeSettings, defence: Defence, seed: int) -> dict[str, object]:
    """What all models of a folder have in common."""
    from demo.models.fingerprints import fingerprint
    from demo.sweep.model import settings_of

    return {
        "person": domain.name,
        "base": f"{base.key} {fingerprint(base, encoder=False)}",
        "settings": settings.common(),
        "defence": {} if defence.key == "none" else {"key": defence.key, **settings_of(defence)},
        "seed": seed,
    }


def _finished(store: Any) -> list[ShakeArm]:
    arms, problems = store.load()
    for problem in problems:
        say(problem)
    if arms:
        say(f"Finished earlier, not run again: {', '.join(arm.title for arm in arms)}")
    return list(arms)


def _tell(made: Shake, json: Path, html: Path, seconds: Mapping[str, float]) -> None:
    from demo.shake.write import as_json

    told = as_json(made)
    for sentence in told["sentences"]:
        say(sentence)
    say(f"{told['headline']}. See {html}")
    kept = ("person", "prompt", "control_prompt", "defence", "headline", "kind", "sentences", "planned", "seed")
    scores = {"scores_members", "scores_non_members"}
    print_json(
        {
            "command": "shake",
            "base": told["base"],
            **{name: told[name] for name in kept},
            "arms": [{name: value for name, value in arm.items() if name not in scores} for arm in told["arms"]],
            "seconds": dict(seconds),
            "peak_memory_mb": peak_memory_mb(),
            "files": {"report_json": str(json), "report_html": str(html)},
        }
    )


def _list(base: Base, faces: Path | None) -> None:
    """Names for people to read, and all of them in the JSON line."""
    from demo.shake.attacks.membership import MEMBERSHIP
    from demo.shake.methods.registry import METHODS
    from demo.shake.people import domain_people, planted_names

    planted = list(planted_names(base))
    others = [domain.name for domain in domain_people(faces, base, people=None)] if faces is not None else []
    for title, names in (("Planted people", planted), ("People of the data set", others)):
        if names:
            say(f"{title}: {', '.join(names)}")
    for key, kind in METHODS.items():
        say(f"{key}: {kind.title}. {kind.explanation}")
    for key, attack in MEMBERSHIP.items():
        say(f"--membership {key}: {attack.title} ({attack.source}). {attack.explanation}")
    print_json(
        {
            "command": "shake",
            "base": base.key,
            "people": {"planted": planted, "faces": others},
            "methods": {key: kind.title for key, kind in METHODS.items()},
        }
    )
