"""A sweep's verdict in words."""

from __future__ import annotations

from demo.faces.recognise import SAME_PERSON
from demo.stats.intervals import Difference
from demo.texts import arms
from demo.texts.en import ENGLISH
from demo.texts.errors import untranslated
from demo.texts.language import Language
from demo.verdicts.directions import Direction, direction
from demo.verdicts.rule import LEAK
from demo.verdicts.sweep import Group, SweepGrade, SweepVerdict, Undefended

REASONED = (SweepGrade.NO_CHANCE, SweepGrade.TOO_FEW_PICTURES, SweepGrade.NOT_MEASURED)  # no point could be judged


def headline(found: SweepVerdict, language: Language = ENGLISH) -> str:
    """The most important sentence, without a full stop."""
    fields = {"names": language.joined(found.corner)} if found.grade is SweepGrade.CORNER else {}
    return language.say(f"sweep.headline.{found.grade}", **fields)


def sentences(found: SweepVerdict, language: Language = ENGLISH) -> tuple[str, ...]:
    """What the undefended file gives, every defended point in one group, epsilons, and what is not shown."""
    grade = found.grade
    if grade is SweepGrade.NOTHING_FINISHED:
        return (language.say("sweep.nothing finished"),)
    if grade in REASONED:
        return (_reason(found, language), *_epsilons(found, language))
    said = [] if found.undefended is None else [_undefended(found.undefended, language)]
    if grade in (SweepGrade.NO_UNDEFENDED, SweepGrade.UNDEFENDED_USELESS, SweepGrade.UNDEFENDED_TIGHT):
        said.append(language.say(f"sweep.{grade}"))
    said += [_group(group, names, found, language) for group, names in found.groups]
    if found.useless:
        names = language.joined(found.useless)
        said.append(language.say("sweep.useless", names=names, kept=language.share(found.kept)))
    said += [*_epsilons(found, language), _anecdote(found.pictures, language)]
    if grade is SweepGrade.CORNER:
        said.append(language.say("sweep.private"))
    return tuple(said)


def _reason(found: SweepVerdict, language: Language) -> str:
    if found.grade is SweepGrade.TOO_FEW_PICTURES:
        return language.say("sweep.too few pictures", count=language.fixed(found.least_pictures, 0))
    return untranslated(found.reason, language) if found.reason else language.say(f"sweep.{found.grade}")


def _undefended(plain: Undefended, language: Language) -> str:
    return language.say(
        "sweep.undefended",
        dreambooth=language.fixed(plain.dreambooth),
        attack=arms.title(plain.attack_key, plain.attack, language),
        attacked=language.fixed(plain.attacked),
        chance=language.fixed(plain.chance),
        utility=_nearer("sweep.dreambooth", plain.utility, language),
        leakage=_nearer("sweep.attack", plain.leakage, language),
    )


def _nearer(key: str, gap: Difference, language: Language) -> str:
    ends = {"low": language.fixed(gap.low), "high": language.fixed(gap.high)}
    if direction(gap) is Direction.UP:
        return language.say(f"{key}.nearer", by=language.fixed(gap.estimate), **ends)
    return language.say(f"{key}.unclear", **ends)


def _group(group: Group, names: tuple[str, ...], found: SweepVerdict, language: Language) -> str:
    fields = {"names": language.joined(names)}
    if group.startswith("use"):
        fields["kept"] = language.share(found.kept)
    if group is Group.USEFUL_PRIVATE:
        fields["lost"] = language.share(1 - found.left)
    return language.say(f"sweep.group.{group}", **fields)


def _epsilons(found: SweepVerdict, language: Language) -> list[str]:
    """What the ledgers prove, photo and person side by side; and what they do not."""
    said = []
    if found.proved:
        pairs = [
            language.say(
                "sweep.proved.pair",
                name=proved.name,
                photo=language.epsilon(proved.photo),
                person=language.epsilon(proved.person),
            )
            for proved in found.proved
        ]
        said.append(language.say("sweep.proved", pairs=language.joined(pairs)))
    if found.nominal:
        said.append(language.say("sweep.nominal", names=language.joined(found.nominal)))
    return said


def _anecdote(pictures: int, language: Language) -> str:
    parts = (
        language.count("sweep.anecdote", pictures),
        language.say("sweep.intervals", near=language.plain(SAME_PERSON), share=language.share(LEAK)),
    )
    return language.joined(parts, "list.sentences")
