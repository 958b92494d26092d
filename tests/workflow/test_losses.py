from __future__ import annotations

from demo.workflow.losses import MAX_POINTS, LossSeries


def test_long_loss_series_stay_short_and_keep_their_mean() -> None:
    series = LossSeries()
    for step in range(1, 4097):
        series.add(step, float(step % 2))
        assert len(series.points) < MAX_POINTS
    assert len(series.points) >= MAX_POINTS // 4
    assert series.points[-1] == (4096, 0.5)
    assert all(loss == 0.5 for _, loss in series.points)
    steps = [step for step, _ in series.points]
    assert steps == sorted(steps)
