"""The page: one file, no script, nothing fetched, readable on a phone and in the dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from PIL import Image

from demo.lora.metadata.leak import Finding
from demo.metrics.base import MetricResult
from demo.metrics.registry import main_metrics
from demo.report.figures import bars, data_uri, interval, mean, number
from demo.report.model import Arm, LeakReport
from demo.report.style import CSS

FIXED_NOTES = (
    "One person is an anecdote. Only many held-out people, each with these controls, make a statistic.",
    "Intervals are 95% and cover the choice of pictures of this person: Student's for means, Welch's for differences, "
    "Wilson's for shares.",
    "Plain and paper's scaling are different numbers for the same thing: never compare one with the other.",
    "Networks differ in what they call alike. A metric whose weights were not there is listed as such, not replaced.",
)
METADATA_LEAK = "Metadata leak: what the file says by itself"
SILENT = "The file's header says nothing but ranks, alphas and layers."
GRAVITY = {"high": "High", "medium": "Medium", "low": "Low"}
# The browser itself is told to fetch nothing: the page holds faces.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(report: LeakReport, *, include_photos: bool = False) -> str:
    """The whole page as HTML.

    Args:
        report: the story.
        include_photos: whether the private photos are inlined.
    """
    sections = [
        section("verdict", "Verdict", _verdict(report)),
        section("pictures", "Pictures", _pictures(report, include_photos)),
        section("numbers", "Numbers", _numbers(report)),
        section("seen", "What the adversary saw", _seen(report)),
        *(
            []
            if report.metadata_leak is None
            else [section("metadata-leak", METADATA_LEAK, findings(report.metadata_leak))]
        ),
        section("settings", "Settings", _settings(report)),
        section("notes", "Notes", listed([*report.notes, *FIXED_NOTES])),
    ]
    return document(report.title, f"Base model: {report.base}", sections)


def document(title: str, subtitle: str, sections: Sequence[str], css: str = "") -> str:
    """A whole page: one file, no script, nothing fetched.

    Args:
        title: text.
        subtitle: text.
        sections: of :func:`section`.
        css: rules on top of the common ones.
    """
    title = escape(title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{CSS}{css}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{title}</h1><p>{escape(subtitle)}</p></header>\n"
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(key: str, title: str, body: str) -> str:
    """A part of the page. ``title`` and ``body`` are markup."""
    return f'<section id="{key}" aria-labelledby="h-{key}"><h2 id="h-{key}">{title}</h2>\n{body}\n</section>'


def listed(items: Sequence[str]) -> str:
    """Texts as a list."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _verdict(report: LeakReport) -> str:
    verdict = report.verdict
    kind = "leaked" if verdict.leaked else "kept" if verdict.conclusive else "open"
    return f'<p class="headline {kind}">{escape(verdict.headline)}.</p>{listed(verdict.sentences)}'


def _pictures(report: LeakReport, include_photos: bool) -> str:
    arms = list(report.arms)
    rows = [_row(arm) for arm in arms]
    if include_photos and report.photos:
        rows.insert(
            0,
            _row(
                Arm(
                    "photos",
                    "Private photos",
                    "Included on request; whoever gets this page gets them, too.",
                    report.photos,
                )
            ),
        )
    elif report.photos:
        rows.insert(0, f"<p>Private photos left out of this page: {len(report.photos)}.</p>")
    return "\n".join(rows)


def _row(arm: Arm) -> str:
    tiles = "".join(_tile(arm, index, image) for index, image in enumerate(arm.pictures))
    body = f'<div class="row">{tiles}</div>' if tiles else "<p>No pictures.</p>"
    return f'<div class="arm"><h3>{escape(arm.title)}</h3><p>{escape(arm.explanation)}</p>{body}</div>'


def _tile(arm: Arm, index: int, image: Image.Image) -> str:
    best = index == arm.best
    alt = escape(
        f"{arm.title}, picture {index + 1} of {len(arm.pictures)}" + (", the attack's own choice" if best else "")
    )
    caption = "<figcaption>best</figcaption>" if best else ""
    return f'<figure{" class=best" if best else ""}><img src="{data_uri(image)}" alt="{alt}">{caption}</figure>'


def _numbers(report: LeakReport) -> str:
    keys = _metric_keys(report.metrics)
    first = main_metrics()
    shown = [figure for key in first if (figure := bars(key, report.arms, report.metrics))]
    others = [f for key in keys if key not in first and (f := bars(key, report.arms, report.metrics))]
    more = f'<details><summary>Bars of the other metrics</summary><div class="grid">{"".join(others)}</div></details>'
    return f'<div class="grid">{"".join(shown)}</div>{more if others else ""}{_table(report, keys)}'


def _metric_keys(metrics: Mapping[str, Sequence[MetricResult]]) -> list[str]:
    return list(dict.fromkeys(result.key for results in metrics.values() for result in results))


def _table(report: LeakReport, keys: Sequence[str]) -> str:
    arms = [arm for arm in report.arms if arm.key in report.metrics]
    if not keys or not arms:
        return "<p>Nothing was measured.</p>"
    found = {(arm, result.key): result for arm, results in report.metrics.items() for result in results}
    head = "".join(f'<th scope="col">{escape(arm.title)}</th>' for arm in arms)
    rows = {key: [found.get((arm.key, key)) for arm in arms] for key in keys}
    measured = [key for key, results in rows.items() if any(r is not None and not r.unavailable for r in results)]
    body = "".join(_table_row(key, rows[key]) for key in measured)
    table = (
        "<p>Means over an arm's pictures, with 95% intervals. Under each metric: its network and its scaling.</p>"
        '<div class="scroll" role="region" aria-labelledby="cap-metrics" tabindex="0"><table>'
        '<caption id="cap-metrics">Metrics of every arm</caption>'
        f'<thead><tr><th scope="col">Metric</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
    missing = [result for key in keys if key not in measured for result in rows[key] if result is not None]
    return (table if measured else "<p>No metric could be measured.</p>") + _not_measured(missing)


def _not_measured(results: Sequence[MetricResult]) -> str:
    if not results:
        return ""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for result in results:
        by_reason.setdefault((result.model, result.unavailable or ""), []).append(result.title)
    items = [f"{', '.join(dict.fromkeys(t))}; {model}. {reason}" for (model, reason), t in by_reason.items()]
    return f'<h3 id="not-measured">Not measured</h3>{listed(items)}'


def _table_row(key: str, results: Sequence[MetricResult | None]) -> str:
    known = next((result for result in results if result is not None), None)
    if known is None:
        return ""
    direction = "higher" if known.higher_is_better else "lower"
    name = (
        f"{escape(known.title)}<small>{escape(known.model)}<br>{escape(known.scaling)}<br>"
        f"{direction} = nearer to the person</small>"
    )
    cells = "".join(_cell(result) for result in results)
    return f'<tr data-metric="{escape(key)}"><th scope="row">{name}</th>{cells}</tr>'


def _cell(result: MetricResult | None) -> str:
    if result is None:
        return '<td class="missing">not measured</td>'
    if result.unavailable:
        return f'<td class="missing">Not measured. {escape(result.unavailable)}</td>'
    span = interval(result)
    return f"<td>{mean(result)}{f'<small>{span}</small>' if span else ''}</td>"


def _seen(report: LeakReport) -> str:
    start = (
        "The adversary has the public base model and the shared LoRA file: the matrices below, "
        "no photo, no trigger word, no prompt, no seed."
    )
    if not report.seen:
        return f"<p>{start} (Their list was not recorded.)</p>"
    total = sum(matrix.rows * matrix.columns for matrix in report.seen)
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(m.name)}</code></th>'
        f"<td>{m.rows} x {m.columns}</td><td>{number(m.norm)}</td></tr>"
        for m in report.seen
    )
    return (
        f"<p>{start}</p><details><summary>Matrices: {len(report.seen):,}, numbers: {total:,}</summary>"
        '<div class="scroll" role="region" aria-labelledby="cap-seen" tabindex="0"><table>'
        '<caption id="cap-seen">The matrices in the file</caption><thead><tr><th scope="col">Matrix</th>'
        f'<th scope="col">Shape</th><th scope="col">Norm</th></tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def findings(found: Sequence[Finding]) -> str:
    """What the file says, a row each, or that it says nothing. All texts of the file are escaped."""
    if not found:
        return f"<p>{SILENT}</p>"
    rows = "".join(
        f'<tr data-severity="{escape(f.severity)}"><th scope="row">{escape(f.what)}<small>{GRAVITY[f.severity]}</small>'
        f"</th><td><code>{escape(f.value)}</code><small>{escape(f.where)}</small></td><td>{escape(f.why)}</td></tr>"
        for f in found
    )
    return (
        "<p>Read from the header, before any attack. A clean copy of the file says none of it; "
        "its weights give away the same as before.</p>"
        '<div class="scroll" role="region" aria-label="What the file says" tabindex="0"><table class="plain">'
        '<thead><tr><th scope="col">What</th><th scope="col">The file says</th><th scope="col">Why it matters</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )


def _settings(report: LeakReport) -> str:
    return settings_table(report.settings, report.seconds)


def settings_table(settings: Mapping[str, object], seconds: Mapping[str, float]) -> str:
    """Settings and the times of the stages, a row each."""
    times = {f"Time: {stage}": f"{spent:,.1f} s" for stage, spent in seconds.items()}
    rows = "".join(
        f'<tr><th scope="row">{escape(str(key))}</th><td>{escape(str(value))}</td></tr>'
        for key, value in (dict(settings) | times).items()
    )
    table = f'<table class="plain"><caption>Settings and times</caption><tbody>{rows}</tbody></table>'
    return f'<div class="scroll">{table}</div>'
