from __future__ import annotations

import itertools

from demo.sweep.labels import Box, place

FRAME = Box(0, 0, 400, 300)


def test_labels_of_a_crowd_do_not_overlap_and_stay_inside() -> None:
    points = [(200 + 3 * (i % 4), 150 + 4 * (i // 4)) for i in range(12)]
    boxes = place(points, [(80, 12)] * 12, FRAME)
    assert all(box.inside(FRAME) for box in boxes)
    assert all(a.overlap(b) == 0 for a, b in itertools.combinations(boxes, 2))
    marks = [Box(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    assert all(box.overlap(mark) == 0 for box in boxes for mark in marks)


def test_a_label_alone_lies_beside_its_point_on_the_right() -> None:
    (box,) = place([(100, 100)], [(60, 12)], FRAME)
    assert 100 < box.left < 120
    assert box.top < 100 < box.bottom
    (box,) = place([(390, 100)], [(60, 12)], FRAME)  # where there is room on the left alone
    assert box.right < 390


def test_labels_shun_what_is_taken_and_rather_do_not_cross_lines() -> None:
    taken = Box(100, 0, 400, 300)
    (box,) = place([(95, 100)], [(60, 12)], FRAME, [taken])
    assert box.overlap(taken) == 0
    line = Box(0, 99, 400, 101)
    (box,) = place([(100, 100)], [(60, 12)], FRAME, crossed=[line])
    assert box.overlap(line) == 0


def test_where_there_is_no_room_a_label_is_still_placed_inside() -> None:
    boxes = place([(20, 6), (22, 6)], [(38, 12)] * 2, Box(0, 0, 40, 12))
    assert all(box.inside(Box(0, 0, 40, 12)) for box in boxes)
    (box,) = place([(20, 6)], [(90, 12)], Box(0, 0, 40, 12))  # wider than the frame
    assert box.left == 0
