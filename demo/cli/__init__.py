"""The command line: ``leak`` tells the whole story on a folder of photos, ``attack`` attacks one file, ``defend``
tries the defences on a folder of photos, ``shake`` turns fine-tuning against the base's own training set.

People read stderr; the last line of stdout is one JSON object. Exit codes: 0 good, 2 something that the
caller can put right (one line says what), 1 a fault of the program, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from demo.cli.audit import add_arguments as add_audit_arguments
from demo.cli.output import one_line, say
from demo.cli.shake import add_arguments as add_shake_arguments
from demo.commands import any_console
from demo.errors import DemoError, SettingsError
from demo.models.bases import BUNDLED
from demo.photos.split import LEAST_PHOTOS, MOST_PHOTOS

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    for name in ("TRANSFORMERS_VERBOSITY", "DIFFUSERS_VERBOSITY"):
        os.environ.setdefault(name, "error")
    any_console()
    debug = False
    try:
        arguments = _parser().parse_args(argv)
        debug = arguments.debug
        run: Callable[[argparse.Namespace], None] = arguments.run
        run(arguments)
    except DemoError as error:
        if debug:
            raise
        say(f"Error: {one_line(str(error))}")
        return 2
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    except Exception as error:
        if debug:
            raise
        say(f"Unexpected {type(error).__name__}: {one_line(str(error))} (--debug shows where)")
        return 1
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error is said."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message[:1].upper()}{message[1:]}.", f"See: {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m demo", description="What a shared LoRA gives away.", allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    leak = commands.add_parser("leak", help="photos -> LoRA -> attack -> comparison -> report", allow_abbrev=False)
    leak.set_defaults(run=_leak)
    _tuning(leak)
    leak.add_argument("--gate", action="store_true", help="refuse photos that the base model drew itself")
    leak.add_argument(
        "--metrics",
        default="bundled",
        metavar="bundled|all|KEY,...",
        help="what to measure beside the bundled metrics; the others (FaceNet, CLIP-L, DINO) are downloaded first, "
        "1.9 GB in all (default: bundled)",
    )
    _defence(leak)

    defend = commands.add_parser(
        "defend", help="photos -> every defence -> what it costs and what still leaks", allow_abbrev=False
    )
    defend.set_defaults(run=_defend)
    _tuning(defend)
    defend.add_argument(
        "--only",
        metavar="KEY[:EPSILON],...",
        help="these defences instead of all; a key alone stands for all planned strengths (such as none,dpdm:10)",
    )
    defend.add_argument("--resume", action="store_true", help="go on with the sweep that is in DIR")

    audit = commands.add_parser(
        "audit", help="a defence's epsilon checked by an attack with a canary photo", allow_abbrev=False
    )
    add_audit_arguments(audit, _whole)
    _defence(audit)
    audit.set_defaults(run=_audit, defence="dpdm")

    shake = commands.add_parser(
        "shake", help="fine-tuning on the base's own pictures -> what its training set leaks then", allow_abbrev=False
    )
    add_shake_arguments(shake, _whole)
    _defence(shake)
    shake.set_defaults(run=_shake)

    attack = commands.add_parser("attack", help="what a LoRA file alone gives away", allow_abbrev=False)
    attack.set_defaults(run=_attack)
    attack.add_argument("file", type=Path, metavar="FILE.safetensors", help="the LoRA file, or the folder with it")
    _common(attack)
    attack.add_argument(
        "--attack",
        metavar="NAME",
        help="such as random_trigger; a name that there is not is answered with those that there are (default: the "
        "encoder where the base has one, else what needs no training)",
    )
    attack.add_argument(
        "--clean", type=Path, metavar="PATH", help="also write a copy that says nothing by itself (same weights)"
    )
    attack.add_argument("--steps", type=_whole(1, 200), metavar="N", help="sampling steps (default: the base's own)")
    attack.add_argument(
        "--seed", type=_whole(0, 2**31 - 1), metavar="N", default=1, help="of the pictures (default: 1)"
    )
    attack.add_argument(
        "--ordinary-guidance", action="store_true", help="draw as an ordinary user does, not guided by the public model"
    )
    return parser


def _tuning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--photos",
        type=Path,
        required=True,
        metavar="DIR",
        help=f"folder of {LEAST_PHOTOS} to {MOST_PHOTOS} photos of one person",
    )
    _common(parser)
    parser.add_argument(
        "--steps", type=_whole(1, 20_000), metavar="N", help="fine-tuning steps (default: the base's own)"
    )
    parser.add_argument(
        "--seed",
        type=_whole(0, 2**31 - 1),
        metavar="N",
        help="default: random, because the secret trigger follows from it",
    )
    parser.add_argument("--no-prior", action="store_true", help="fine-tune without prior preservation")
    parser.add_argument("--include-photos", action="store_true", help="put the private photos into report.html")


def _defence(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("defence")
    group.add_argument("--defence", default="none", metavar="KEY", help="such as dpdm (default: none)")
    group.add_argument("--epsilon", type=float, metavar="E", help="budget of one photo, such as 10")
    group.add_argument("--delta", type=float, metavar="D", help="a small number (default: the paper's)")
    group.add_argument(
        "--noise-multiplier", type=float, metavar="S", help="instead of epsilon, or with it as the limit"
    )
    group.add_argument(
        "--secure-noise", action="store_true", help="noise from a cryptographically secure source; slower"
    )
    group.add_argument(
        "--defence-set",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="further settings of the defence",
    )


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if missing"
    )
    parser.add_argument(
        "--base",
        default=BUNDLED,
        metavar="KEY|DIR",
        help=f"base model: a name such as sd14, or a folder in diffusers' layout (default: {BUNDLED}, bundled)",
    )
    parser.add_argument("--samples", type=_whole(1, 64), default=8, metavar="N", help="pictures to draw (default: 8)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return value

    return parse


def _leak(arguments: argparse.Namespace) -> None:
    from demo.cli.leak import leak

    leak(arguments)


def _defend(arguments: argparse.Namespace) -> None:
    from demo.cli.defend import defend

    defend(arguments)


def _audit(arguments: argparse.Namespace) -> None:
    from demo.cli.audit import audit

    audit(arguments)


def _shake(arguments: argparse.Namespace) -> None:
    from demo.cli.shake import shake

    shake(arguments)


def _attack(arguments: argparse.Namespace) -> None:
    from demo.cli.attack import attack

    attack(arguments)
