"""The parts of ``weights/RESULTS.md`` on verdicts, defences, membership, the gate, Shake-to-Leak, number of photos."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from demo.attack.photo_count import load_calibration
from demo.evaluate import defences_table, gate, membership, photo_count, shake, shake_table, verdicts_table
from demo.evaluate.report_words import Section, earlier, listed, named, percent, plain, some_of
from demo.evaluate.verdicts import FILE, NULL_STORIES
from demo.faces.recognise import SAME_PERSON
from demo.models.bases import Base
from demo.shake.attacks.membership import MEMBERSHIP
from demo.shake.attacks.secmi import SecmiSettings
from demo.shake.gate.evidence import EvidenceSettings
from demo.stats.intervals import Interval, bootstrap_mean_ci, share_ci
from demo.verdicts.rule import LEAK

GROUPS = PLANTED, DOMAIN = "planted", "domain"
OTHER_TIMES = (50, 300)  # of SecMI, beside the published one
NOT_FARTHER = "not significantly farther from the person than without a defence"
MANY = 0.1  # share of photographs refused from which an edit is named


def sections(base: Base, tables: Mapping[str, Sequence[Path]]) -> list[Section]:
    """Those of which results ship, by their folders (:func:`demo.evaluate.shipped.all_tables`)."""
    made: dict[str, Callable[[Base, Sequence[Path]], Section]] = {
        "verdicts": _verdicts,
        "defences": _defences,
        "membership": _membership,
        "gate": _gate,
        "shake": _shake,
        "photo-count": _photo_count,
    }
    return [make(base, tables[kind]) for kind, make in made.items() if tables[kind]]


def _verdicts(base: Base, folders: Sequence[Path]) -> Section:
    folder = folders[-1]
    told = verdicts_table.records(folder)
    found, again = verdicts_table.summary(told), verdicts_table.agreement(told)
    verdict, false, alike = found["grades"]["verdict"], found["false"], found["alike"]
    crowd = next(one.stories[FILE].reconstruction for one in told)
    above = [NULL_STORIES[key] for key, own in false.items() if own["leaked"]["low"] > LEAK]
    worst = percent(max((own["leaked"] for own in false.values()), key=lambda rate: rate["mean"]))
    by_seed = (
        ""
        if again is None
        else (
            f"Of {again.fine_tunings} fine-tunings of {again.people} fictional people, {again.agreed} were judged as "
            "most of the same person's were (leak or not)."
        )
    )
    ceiling = found["ceiling"]
    values = {
        "earlier": earlier("verdicts", base, folder.parent.name),
        "strangers": f"{crowd.among - 1:,}" if crowd is not None else "the",
        "share": f"{LEAK:.0%}",
        "accepted": SAME_PERSON,
        "people": found["people"],
        "examples": len(found["seeds"]),
        "seeds": _numbers({float(len(own["grades"])) for own in found["seeds"].values()}),
        "tables": verdicts_table.markdown(found),
        "sentences": listed(
            f"The verdict is a leak for {percent(verdict['leaked'])} of the people.",
            f"On files that hold nothing of the person it is a leak for at most {worst} (three kinds of file). "
            f"Significantly oftener than the rule's {LEAK:.0%}: {named(above)}.",
            f"Look-alikes, the {alike[FILE]['among'] - 1} strangers nearest to the photos, are the harder test: the "
            f"encoder's pictures put {percent(alike[FILE]['first'])} of the people before all of them.",
            by_seed,
            ""
            if ceiling is None
            else f"The photos of a person lie at {plain(ceiling['distance'])} from each other. Of strangers, "
            f"{ceiling['false_accepts']['mean']:.2%} lie within {SAME_PERSON} of them, and {ceiling['most']:.1%} for "
            "the person with the most: the distance alone is no proof.",
        ),
    }
    headline = (
        f"The verdict is a leak for {percent(verdict['leaked'])} of {found['people']} people; on files that hold "
        f"nothing of the person for at most {worst}. {by_seed}"
    )
    return Section("verdicts", values, headline.strip())


def _defences(base: Base, folders: Sequence[Path]) -> Section:
    folder = folders[-1]
    found = defences_table.summary(folder)
    people = found.pop("none")["people"]
    label = {key: row["label"] for key, row in found.items()}

    def as_near(arm: str) -> list[str]:
        """Under which defences this arm is not significantly farther from the person than without one."""
        return [key for key, row in found.items() if row["distance_minus_none"][arm]["low"] <= 0]

    kept, attacked = as_near("dreambooth"), as_near("encoder")
    useful = [key for key in kept if key not in attacked]
    hidden = {
        arm: [key for key, row in found.items() if not row["arms"][arm]["rec_acc"]["mean"]]
        for arm in ("dreambooth", "encoder")
    }
    nobody = [key for key in hidden["encoder"] if key in hidden["dreambooth"]]
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("person-*.json"))]
    sigmas = {key: f"{r['sigma']:.3g} with {label[key]}" for r in records if (key := r["name"]) in label and r["sigma"]}
    values = {
        "earlier": earlier("defences", base, folder.parent.name),
        "people": people,
        "steps": _numbers({r["steps"] for r in records}),
        "deltas": _numbers({r["delta"] for r in records if r["delta"]}),
        "sigmas": named([sigmas[key] for key in label if key in sigmas]),
        "table": defences_table.markdown(folder),
        "sentences": listed(
            f"No picture is recognised, neither the owner's nor the encoder's, with: {_some(label, nobody)}.",
            f"The encoder's pictures are {NOT_FARTHER} with: {_some(label, attacked)}.",
            f"The owner's pictures are {NOT_FARTHER} with: {_some(label, kept)}.",
            f"The owner's are not significantly farther and the encoder's are, with: {_some(label, useful)}.",
        ),
    }
    headline = (
        f"{some_of(len(useful), len(found))} defences kept the owner's pictures and made the attack worse. With "
        f"{len(nobody)} of them nobody is recognised any more, neither in the attack's pictures nor in the owner's."
    )
    return Section("defences", values, headline)


def _membership(base: Base, folders: Sequence[Path]) -> Section:
    parts, sentences, headlines = [], [], []
    wanted = [(key, entry.settings()) for key, entry in MEMBERSHIP.items()]
    wanted += [("secmi", SecmiSettings(t=t)) for t in OTHER_TIMES]
    for key, settings in wanted:
        attack, name = MEMBERSHIP[key], membership.table_folder(Path(), base, key, settings).name
        groups = {group: membership.records(path, group) for path in folders if path.name == name for group in GROUPS}
        found = {group: membership.summary(people) for group, people in groups.items() if people}
        if not found:
            continue
        how = ", ".join(f"{field} = {value}" for field, value in settings if field != "seed")
        parts.append(
            f"**{attack.title}** ({attack.source}), {how}. {attack.explanation}\n\n{membership.markdown(found)}"
        )
        for group, figures in found.items():
            within = figures["auc_within_person"]
            said = f"{plain(within, 'estimate')}. It {_against_half(within)}."
            sentences.append(f"{attack.title}, {how}, {group}: the mean AUC within a person is {said}")
            if group == PLANTED and settings == attack.settings():
                headlines.append(f"{attack.title} {plain(within, 'estimate')}")
    values = {
        "earlier": earlier("membership", base, folders[-1].parent.name),
        "table": "\n\n".join(parts),
        "sentences": listed(*sentences),
    }
    headline = (
        f"Mean AUC within a planted person, by attack: {'; '.join(headlines)}. One half is chance. CLiD's time "
        "was chosen on these people."
    )
    return Section("membership", values, headline if headlines else "")


def _gate(base: Base, folders: Sequence[Path]) -> Section:
    folder, look = folders[-1], EvidenceSettings()
    known, judged = gate.records(folder, PLANTED), gate.records(folder, DOMAIN)
    found = gate.summary(gate.gate_of(base, known, look), judged)
    worst = {edit: max(own[k]["estimate"] for k in ("member", "non_member")) for edit, own in found["edits"].items()}
    through = [edit for edit, own in found["edits"].items() if own["drawn"]["estimate"] < 1 / 2]
    refused = [edit for edit, share in worst.items() if share > MANY]
    values = {
        "earlier": earlier("gate", base, folder.parent.name),
        "table": gate.markdown(found).strip(),
        "sentences": listed(
            f"Most drawn sets get through after: {named(through)}.",
            f"More than {MANY:.0%} of one kind of photographs are refused after: {named(refused)}.",
        ),
    }
    area = plain(found["scores"]["decoder"]["auc"], "estimate")
    sets = f"{found['sets']['drawn']} drawn sets and {found['sets']['real']} sets of photographs"
    headline = f"Its AUC is {area} ({sets}). Most drawn sets get through after: {named(through)}."
    return Section("gate", values, headline)


def _shake(base: Base, folders: Sequence[Path]) -> Section:
    folder = folders[-1]
    results, attack = shake.results(folder), shake.attack_of(folder)
    rows = shake_table.rows(results)
    methods = [row for row in rows if {"sp", "ood"} <= set(row.keys)]
    rose = [row for row in methods if _above(row.change(results, shake_table.area, "sp"))]
    leaks = [row for row in rose if _above(row.effect(results, shake_table.area))]
    controls = [row for row in methods if "members" in row.keys]
    seen = [row for row in controls if _above(row.change(results, shake_table.area, "members"))]
    points = {row.keys["sp" if "sp" in row.keys else "none"] for row in rows if row.curve}
    same = {number: arms for number, arms in results.items() if points <= set(arms)}
    table, sentences = shake_table.markdown(results).rsplit("\n\n", 1)
    curves = ""
    if 1 < len(same) < len(results):
        curves = f"The curves again, over the same {len(same)} people, who have all of their points:\n"
        curves += "\n".join(shake_table.curves(same))
    values = {
        "earlier": earlier("shake", base, folder.parent.name),
        "people": len(results),
        "attack": attack,
        "table": table,
        "sentences": listed(*sentences.splitlines()),
        "curves": curves,
    }
    headline = (
        f"{some_of(len(leaks), len(methods))} methods raised {attack}'s AUC significantly, against before and against "
        f"the control. As a check, training on the members themselves raised it with {len(seen)} of {len(controls)}."
    )
    return Section("shake", values, headline)


def _photo_count(base: Base, folders: Sequence[Path]) -> Section:
    folder = folders[-1]
    records = photo_count.records(folder, load_calibration(base))
    off = np.abs(np.array([r["read"] - r["photos"] for r in records if r["read"] is not None]))
    error, near = bootstrap_mean_ci(off), share_ci(int((off <= 1).sum()), len(off))
    rate = percent({"mean": near.estimate, "low": near.low, "high": near.high})
    wrong = f"{error.estimate:.2f} [{error.low:.2f}, {error.high:.2f}]"
    headline = f"The file tells it with a mean error of {wrong} photos; {rate} of the readings are right or one off."
    values = {
        "earlier": earlier("photo-count", base, folder.parent.name),
        "table": photo_count.markdown(records),
        "sentences": listed(headline),
    }
    return Section("photo_count", values, headline)


def _above(found: Interval | None) -> bool:
    return found is not None and found.low > 0


def _against_half(found: Mapping[str, float]) -> str:
    if found["low"] <= 1 / 2 <= found["high"]:
        return "does not differ significantly from one half, which is chance"
    return f"lies significantly {'above' if found['low'] > 1 / 2 else 'below'} one half, which is chance"


def _some(label: Mapping[str, str], keys: Sequence[str]) -> str:
    return named([label[key] for key in keys])


def _numbers(values: set[float]) -> str:
    return " or ".join(f"{value:g}" for value in sorted(values))
