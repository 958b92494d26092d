"""Metadata of known trainers with planted secrets: each must be said, and defaults must not be.

``python -c "from tests.fuzz.metadata import run; print(run(100_000, 0))"`` from the project's root.
"""

from __future__ import annotations

import copy
import json
import random
import string
import traceback
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from demo.lora.metadata.leak import MOST, SHOWN, Finding, scan_metadata
from tests.fuzz.report import Report
from tests.fuzz.trainers import TRAINERS, Trainer, Way

LETTERS = "abcdefghijklmnopqrstuvwxyz"
CLASSES = ("woman", "man", "person", "girl", "dog")
NOTHING = ("", " ", "None", "null", "{}", "[]", '{"a": {"b": ""}}', "[null, []]", "\t\n", '""')
SLASHES = ("photos", "lora sets", "10_x", "data-set", "v1.5", "stable_diffusion", "é", "模型", "train (2)")

# Paths that name an account, and paths that name none but are nobody else's.
ACCOUNTS: tuple[Callable[[str, str], str], ...] = (
    lambda user, rest: f"/home/{user}/{rest}",
    lambda user, rest: f"/Users/{user}/{rest}",
    lambda user, rest: f"C:\\Users\\{user}\\" + rest.replace("/", "\\"),
    lambda user, rest: f"d:/Users/{user}/{rest}",
    lambda user, rest: f"/mnt/c/Users/{user}/{rest}",
    lambda user, rest: f"/export/home/{user}/{rest}",
    lambda user, rest: f"/nfs/home2/{user}/{rest}",
    lambda user, rest: f"/media/{user}/DISK/{rest}",
    lambda user, rest: f"/run/media/{user}/DISK/{rest}",
    lambda user, rest: f"~{user}/{rest}",
    lambda user, rest: f"\\\\wsl$\\Ubuntu\\home\\{user}\\" + rest.replace("/", "\\"),
    lambda user, rest: f"\\\\nas\\Users\\{user}\\" + rest.replace("/", "\\"),
    lambda user, rest: "C:\\Documents and Settings\\" + user + "\\" + rest.replace("/", "\\"),
    lambda user, rest: f"file:///home/{user}/x",
    lambda user, rest: f"file:///C:/Users/{user}/x.json",
    lambda user, rest: f"sqlite:////home/{user}/x.db",
    lambda user, rest: f"vscode-remote://wsl+Ubuntu/home/{user}/x",
    lambda user, rest: f"hdfs://nn/user/{user}/x",
    lambda user, rest: "\\\\?\\UNC\\nas\\Users\\" + user + "\\" + rest.replace("/", "\\"),
)
PLACES: tuple[Callable[[str, str], str], ...] = (
    lambda name, rest: f"/{name}/{rest}",
    lambda name, rest: f"/opt/{name}/{rest}",
    lambda name, rest: f"E:\\{name}\\" + rest.replace("/", "\\"),
    lambda name, rest: f"\\\\{name}\\share\\" + rest.replace("/", "\\"),
    lambda name, rest: f"//{name}/share/x",
    lambda name, rest: f"~/{name}/x",
    lambda name, rest: f"%USERPROFILE%\\{name}\\x",
    lambda name, rest: f"${{HOME}}/{name}/x",
    lambda name, rest: f"/Volumes/{name}/{rest}",
    lambda name, rest: f"/teamspace/studios/this_studio/{name}",
    lambda name, rest: f"/kaggle/working/{name}",
    lambda name, rest: f"/content/drive/MyDrive/{name}/x",
    lambda name, rest: f"../{name}/photos/",
    lambda name, rest: f"smb://nas/{name}/x",
    lambda name, rest: f"/root/{name}",
)


def run(tries: int, seed: int) -> Report:
    """Try so many headers; the same seed tries the same ones.

    Each failing try is told with the number that :func:`attempt` takes.
    """
    report = Report("metadata")
    for number in range(seed * 10_000_000, seed * 10_000_000 + tries):
        report.tries += 1
        try:
            wrong = attempt(number)
        except Exception:
            report.crashes.append(f"{number}: {traceback.format_exc(limit=-2)}")
            continue
        if wrong:
            report.wrong.append(f"{number}: {wrong}")
        else:
            report.accepted += 1
    return report


def attempt(number: int) -> str:
    """One try; what is wrong with it, or nothing."""
    rng = random.Random(number)
    trainer = rng.choice(TRAINERS)
    kind = rng.choice(("trigger", "account", "place", "mail", "anywhere", "nothing", "reg", "broken"))
    tree: dict[str, Any] = copy.deepcopy(dict(trainer.defaults))
    for key in rng.sample(sorted(tree), rng.randrange(len(tree))) if rng.random() < 0.5 else ():
        del tree[key]
    for _ in range(rng.randrange(4)):
        tree[f"{_word(rng)}_{_word(rng)}"] = rng.choice(NOTHING)
    if kind == "nothing":
        return _silent(scan_metadata(_stored(tree, rng)))
    if kind == "reg":
        return _regular(tree, rng)
    if kind == "broken":
        return _broken(tree, rng)
    if kind == "anywhere":
        return _anywhere(tree, rng)
    return _planted(trainer, kind, tree, rng)


def _planted(trainer: Trainer, kind: str, tree: dict[str, Any], rng: random.Random) -> str:
    secret = _word(rng)
    if kind == "trigger":
        way = rng.choice(trainer.triggers)
        shown = rng.choice((secret, f"{secret} {rng.choice(CLASSES)}", f"a photo of {secret}, smiling"))
        plant(tree, way, secret if any("{}" in str(part) for part in way) else shown, secret)
    elif kind == "mail":
        way, secret = rng.choice(trainer.texts), f"{secret}@{_word(rng)}.{rng.choice(('org', 'com', 'co.uk', 'de'))}"
        plant(tree, way, _inside(secret, rng), secret)
    else:
        way = rng.choice(trainer.texts)
        rest = "/".join(rng.choice(SLASHES) for _ in range(rng.randrange(1, 4)))
        path = rng.choice(ACCOUNTS if kind == "account" else PLACES)(secret, rest)
        plant(tree, way, path if rng.random() < 0.5 else _inside(path, rng), secret)
    metadata = _stored(tree, rng)
    found = scan_metadata(metadata)
    fault = _well_formed(found)
    if fault:
        return f"{trainer.name}, {way}: {fault}"
    kinds = {"account": {"user"}, "place": {"path"}, "mail": {"mail"}}.get(kind)
    hits = [f for f in found if secret in f.value and (kinds is None or f.kind in kinds)]
    if kind == "account":
        hits = [f for f in hits if f.value == secret]
    if kind == "trigger":
        hits = [f for f in hits if f.severity != "low"]
    return "" if hits else f"{trainer.name}, {way}: {kind} {secret} is not said of {json.dumps(metadata)[:3000]}"


def _silent(found: tuple[Finding, ...]) -> str:
    loud = [f for f in found if f.severity != "low"]
    return f"defaults say {loud[0]}" if loud else _well_formed(found)


def _regular(tree: dict[str, Any], rng: random.Random) -> str:
    """Class images beside the photos, by any of kohya's ways of saying so."""
    word, thing = _word(rng), rng.choice(CLASSES)
    named = rng.choice((f"{word} {thing}", f"{thing} {word}"))
    mine, theirs = f"{rng.randrange(1, 99)}_{named}", f"{rng.randrange(1, 9)}_{thing}"
    tags = {mine: {f"{word} {thing}": 15, "smiling": 3}, theirs: {thing: 400, "standing": 7}}
    tree["ss_dataset_dirs"] = {mine: {"n_repeats": 20, "img_count": 15}}
    folder = rng.choice(("", "/srv/sets/", "D:\\sets\\"))
    subsets = [
        {"image_dir": folder + mine, "class_tokens": f"{word} {thing}", "is_reg": False, "img_count": 15},
        {"image_dir": folder + theirs, "class_tokens": thing, "is_reg": True, "img_count": 400},
    ]
    if rng.random() < 0.5:
        tree["ss_reg_dataset_dirs"] = {theirs: {"n_repeats": 1, "img_count": 400}}
        tree.pop("ss_datasets", None)
        tree["ss_tag_frequency"] = tags
    else:
        tree["ss_datasets"] = [{"subsets": rng.sample(subsets, 2), "tag_frequency": tags}]
        if rng.random() < 0.5:
            tree["ss_tag_frequency"] = tags
    found = scan_metadata(_stored(tree, rng))
    triggers = {f.value for f in found if f.kind == "trigger"}
    grave = [f for f in found if f.severity != "low" and f.value in {thing, theirs}]
    if word not in triggers or thing in triggers:
        return f"triggers are {triggers}, not {word}"
    return f"of class images: {grave[0]}" if grave else _well_formed(found)


def _anywhere(tree: dict[str, Any], rng: random.Random) -> str:
    """A word of nobody's in place of any text or empty place: however grave, it must be said."""
    ways = [way for way in _texts(tree, ()) if way != ("format",)]
    if not ways:
        return ""
    way, secret = rng.choice(ways), _word(rng)
    value = rng.choice((secret, f"{secret} and more", f"more, {secret}"))
    plant(tree, way, value, secret)
    found = scan_metadata(_stored(tree, rng))
    said = any(secret in finding.value for finding in found)
    return _well_formed(found) if said else f"{way}: {value!r} is not said"


def _texts(tree: Any, way: Way) -> list[Way]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    inside = [found for part, below in items for found in _texts(below, (*way, part))]
    return inside + ([way] if tree is None or isinstance(tree, str) else [])


def _broken(tree: dict[str, Any], rng: random.Random) -> str:
    """Anything may stand in a header; only an error would be wrong."""
    metadata = _stored(tree, rng)
    for key in list(metadata):
        value = metadata[key]
        if rng.random() < 0.3 and value:
            metadata[key] = value[: rng.randrange(len(value))]
        elif rng.random() < 0.2:
            metadata[key] = value[::-1] if rng.random() < 0.3 else rng.choice('{["\\/@') * rng.randrange(1, 2000)
        elif rng.random() < 0.2:
            metadata[key] = "".join(
                rng.choice(string.printable + "\u202e\ud7ffé\x00") for _ in range(rng.randrange(300))
            )
    return _well_formed(scan_metadata(metadata))


def _well_formed(found: tuple[Finding, ...]) -> str:
    if len(found) > MOST + 2:
        return f"{len(found)} findings"
    for f in found:
        if not (f.value + f.where).isprintable() or len(f.value) > SHOWN or not (f.what and f.why):
            return f"not to be shown: {f}"
    return ""


def plant(tree: dict[str, Any], way: Way, value: str, secret: str) -> None:
    """Put a value at a place, and make the tables and lists on the way to it."""
    keys = [part.format(secret) if isinstance(part, str) else part for part in way]
    here: Any = tree
    for part, after in pairwise(keys):
        here = _step(here, part, [] if isinstance(after, int) else {})
    last = keys[-1]
    named = isinstance(way[-1], str) and "{}" in way[-1]
    if named:
        ends = {"ss_tag_frequency": {secret: 12, "smiling": 3}, "ss_dataset_dirs": {"n_repeats": 3, "img_count": 4}}
        own: Any = ends.get(str(way[0]), "<embed>") if len(way) < 3 else 1
    else:
        own = value
    if isinstance(here, list):
        here.extend([None] * (last + 1 - len(here)) if isinstance(last, int) else [])
    here[last] = own


def _step(here: Any, part: str | int, empty: Any) -> Any:
    if isinstance(here, list) and isinstance(part, int):
        here.extend([None] * (part + 1 - len(here)))
        if not isinstance(here[part], type(empty)):
            here[part] = empty
        return here[part]
    if not isinstance(here.get(part), type(empty)):
        here[part] = empty
    return here[part]


def _stored(tree: dict[str, Any], rng: random.Random) -> dict[str, str]:
    """The tree as safetensors stores it: texts alone, in any order."""
    ascii_only, indent = rng.random() < 0.5, rng.choice((None, None, 2))
    keys = list(tree)
    if rng.random() < 0.3:
        rng.shuffle(keys)
    metadata: dict[str, str] = {}
    for key in keys:
        value = tree[key]
        if isinstance(value, str):
            metadata[key] = value
            continue
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
        again = rng.random() < 0.1
        metadata[key] = json.dumps(text) if again else text
    return metadata


def _inside(text: str, rng: random.Random) -> str:
    """A text in the middle of another."""
    before = rng.choice(("see ", "", "trained on ", "dir=", "(", '"', "note: ", "a/b and 10/12/2024, "))
    after = {"(": ")", '"': '"'}.get(before, rng.choice(("", "\nmore", "  ", ", more")))
    return before + text + after


def _word(rng: random.Random) -> str:
    """A word that stands nowhere else."""
    return "zq" + "".join(rng.choice(LETTERS) for _ in range(rng.randrange(4, 10)))
