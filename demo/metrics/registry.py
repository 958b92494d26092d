"""The registry of metrics. A new one is one file and one line in :data:`METRICS`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from demo.errors import DemoError, SettingsError
from demo.metrics import clip, dino, dlib_identity, face_found, facenet, mobile_face_net
from demo.metrics.base import Context, Metric, MetricResult
from demo.metrics.dlib_identity import ALIKE, IDENTITY, PLACE, RANK
from demo.metrics.face_found import FACES
from demo.models.networks import Unavailable
from demo.stats.intervals import mean_ci, share_ci

__all__ = [
    "ALIKE",
    "FACES",
    "IDENTITY",
    "METRICS",
    "PLACE",
    "RANK",
    "Context",
    "Metric",
    "MetricResult",
    "Unavailable",
    "bundled",
    "column_metrics",
    "evaluate",
    "main_metrics",
]

METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        *dlib_identity.METRICS,
        *facenet.METRICS,
        *mobile_face_net.METRICS,
        *clip.METRICS,
        *dino.METRICS,
        *face_found.METRICS,
    )
}


def bundled() -> tuple[str, ...]:
    """The metrics that never download."""
    return tuple(key for key, metric in METRICS.items() if metric.bundled)


def main_metrics() -> tuple[str, ...]:
    """The first figures of a comparison."""
    return _placed({key: metric.main for key, metric in METRICS.items()})


def column_metrics() -> tuple[str, ...]:
    """The columns of the table of defences."""
    return _placed({key: metric.column for key, metric in METRICS.items()})


def _placed(places: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted((key for key in places if places[key]), key=lambda key: places[key]))


def chosen(text: str) -> tuple[str, ...]:
    """The metrics of ``bundled``, ``all`` or ``KEY,...``.

    The bundled ones are always among them: the verdict is made of them.

    Raises:
        SettingsError: an unknown key.
    """
    named = {part.strip() for part in text.split(",")}
    unknown = sorted(named - METRICS.keys() - {"bundled", "all"})
    if unknown:
        raise SettingsError(
            f"Unknown metric: {', '.join(unknown)}.", f"Choose bundled, all or some of: {', '.join(METRICS)}."
        )
    return tuple(key for key, metric in METRICS.items() if metric.bundled or key in named or "all" in named)


def evaluate(context: Context, keys: Iterable[str] | None = None) -> list[MetricResult]:
    """Measure one arm's pictures.

    A metric that cannot be had says why in ``unavailable``; no other one takes its place. Metrics that are not
    bundled may download their weights here, unless that is forbidden.

    Args:
        context: pictures and photos.
        keys: of METRICS, in the order wanted; None for all.

    Returns:
        One result a key: mean over pictures, with a 95% interval over them (Student's, within the metric's limits;
        Wilson's for shares).

    Raises:
        SettingsError: an unknown key.
    """
    wanted = list(METRICS if keys is None else keys)
    unknown = [key for key in wanted if key not in METRICS]
    if unknown:
        raise SettingsError(f"Unknown metric: {', '.join(unknown)}.", f"Choose among {', '.join(METRICS)}.")
    return [_measure(METRICS[key], context) for key in wanted]


def _measure(metric: Metric, context: Context) -> MetricResult:
    missing = metric.available()
    if missing is not None:
        return _unavailable(metric, missing.reason)
    try:
        scores = metric.score(context)
    except DemoError as error:  # such as a download that fails only when tried
        return _unavailable(metric, str(error))
    among = None if metric.among is None else metric.among(context)
    interval = share_ci(int(scores.sum()), len(scores)) if metric.share else mean_ci(scores)
    least, most = metric.limits if among is None else (1.0, float(among))
    return MetricResult(
        key=metric.key,
        title=metric.title,
        model=metric.model,
        scaling=metric.scaling,
        mean=interval.estimate,
        low=max(interval.low, least),  # NaN stays NaN
        high=min(interval.high, most),
        values=tuple(float(score) for score in scores),
        higher_is_better=metric.higher_is_better,
        among=among,
    )


def _unavailable(metric: Metric, reason: str) -> MetricResult:
    nan = float("nan")
    return MetricResult(
        metric.key,
        metric.title,
        metric.model,
        metric.scaling,
        nan,
        nan,
        nan,
        (),
        unavailable=reason,
        higher_is_better=metric.higher_is_better,
    )
