"""The human measure in a report: a guess that is made after the report was, and the bars of all guesses."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from demo.metrics.base import MetricResult
from demo.report.arms import CHANCE as CHANCE_ARM
from demo.report.bars import bars
from demo.report.model import Arm, LeakReport
from demo.report.rendering import render
from demo.report.verdict import worded
from demo.texts import line_up as texts
from demo.texts.en import ENGLISH
from demo.texts.language import Language
from demo.verdicts.line_up import CHANCE, Counted, LineUpResult

KEY = "line_up"  # of the bars


def with_line_up(report: LeakReport, result: LineUpResult | None, language: Language = ENGLISH) -> LeakReport:
    """The same report with the result of a line-up, or without any: nothing is drawn or measured again.

    Args:
        report: any; the result that it has is replaced.
        result: of the line-up.
        language: of the verdict's sentences.
    """
    verdict = report.verdict
    if verdict.found is not None:
        verdict = worded(replace(verdict.found, line_up=result), language)
    return replace(report, line_up=result, verdict=verdict)


def section(found: LineUpResult | None, language: Language = ENGLISH) -> Markup:
    """The human measure as a part of the page; empty where there was no line-up."""
    if found is None:
        return Markup("")
    figure = Markup("") if found.counted is None else guesses(found.counted, language)
    said = texts.sentences(found, language)
    return render("report/line_up.html.j2", title=language.say("line_up.title"), said=said, figure=figure)


def guesses(found: Counted, language: Language = ENGLISH) -> Markup:
    """Right guesses as bars against chance; empty where there are none.

    Args:
        found: the guesses. Those of people who had seen the photos are left out.
    """
    if not found.all:
        return Markup("")
    title, model, scaling = (language.say(f"line_up.{part}") for part in ("bars", "bars.who", "bars.what"))

    def result(mean: float, low: float, high: float) -> MetricResult:
        return MetricResult(KEY, title, model, scaling, mean, low, high, (mean,))

    arms = [
        Arm(KEY, language.count("line_up.bars.row", found.all), "", ()),
        Arm(CHANCE_ARM, language.say("line_up.bars.chance"), "", ()),
    ]
    shares = {
        KEY: [result(found.right / found.all, found.low, found.high)],
        CHANCE_ARM: [result(CHANCE, float("nan"), float("nan"))],
    }
    return bars(KEY, arms, shares)
