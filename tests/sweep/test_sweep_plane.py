from __future__ import annotations

import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from fake_points import PROVED, distances, point, swept

from demo.sweep.plane import FRAME, HEIGHT, WIDTH, kind, plane, spoken

SVG = "{http://www.w3.org/2000/svg}"
PLAIN, GOOD = point("none", 0.5, 0.55), point("dpdm", 0.7, 0.74, epsilon=2, ledger=PROVED)


def drawn(*points, anchor: str = "", **changes) -> ElementTree.Element:
    return ElementTree.fromstring(plane(swept(*points, **changes), anchor=anchor))


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [node for node in root.iter() if name in (node.get("class") or "").split()]


def centre(mark: ElementTree.Element) -> tuple[float, float]:
    if mark.tag == f"{SVG}circle":
        return float(mark.attrib["cx"]), float(mark.attrib["cy"])
    if mark.tag == f"{SVG}rect":
        return tuple(float(mark.attrib[k]) + float(mark.attrib[s]) / 2 for k, s in (("x", "width"), ("y", "height")))
    x, y = map(float, re.findall(r"M([\d.]+) ([\d.]+)", mark.attrib["d"])[0])
    return x + 5, y


def test_more_useful_is_right_and_more_leakage_is_up() -> None:
    marks = of_class(drawn(PLAIN, GOOD, point("int8", 0.72, 0.52)), "mark")[:3]
    plain, private, leaky = map(centre, marks)
    assert plain[0] > private[0] > leaky[0]  # DreamBooth's distances 0.5, 0.7, 0.72
    assert leaky[1] < plain[1] < private[1]  # the attack's 0.52, 0.55, 0.74


def test_equal_distances_lie_on_the_diagonal() -> None:
    (x, y), *_ = map(centre, of_class(drawn(point("int8", 0.6, 0.6), PLAIN), "mark"))
    assert x - FRAME.left == pytest.approx(FRAME.bottom - y, abs=0.2)


def test_chance_is_a_line_on_both_axes_and_the_corner_lies_where_half_of_the_gain_is_kept_and_half_lost() -> None:
    root = drawn(PLAIN, GOOD)
    vertical, horizontal = of_class(root, "chance")
    x, y = float(vertical.attrib["x1"]), float(horizontal.attrib["y1"])
    assert vertical.attrib["x1"] == vertical.attrib["x2"]
    assert horizontal.attrib["y1"] == horizontal.attrib["y2"]
    (corner,) = of_class(root, "corner")
    plain, _ = centre(of_class(root, "mark")[0])
    assert float(corner.attrib["x"]) == pytest.approx((x + plain) / 2, abs=0.2)
    assert float(corner.attrib["y"]) == pytest.approx((y + centre(of_class(root, "mark")[0])[1]) / 2, abs=0.2)
    assert float(corner.attrib["x"]) + float(corner.attrib["width"]) == pytest.approx(FRAME.right)
    words = [node.text for node in root.iter(f"{SVG}text")]
    assert words.count("chance") == 2
    assert "useful and private" in words


def test_without_chance_there_is_neither_line_nor_corner() -> None:
    root = drawn(PLAIN, chance=None)
    assert not of_class(root, "chance")
    assert not of_class(root, "corner")
    assert of_class(root, "mark")


def test_without_an_undefended_point_there_is_no_corner() -> None:
    root = drawn(GOOD)
    assert of_class(root, "chance")
    assert not of_class(root, "corner")
    assert "useful and private" not in [node.text for node in root.iter(f"{SVG}text")]


def test_a_point_without_faces_is_called_so() -> None:
    labels = of_class(drawn(PLAIN, point("gaussian", 0.7, 0.7, faces=0.0)), "label")
    assert [label.text.endswith("(no faces)") for label in labels] == [False, True]


def test_every_point_has_whiskers_both_ways_unless_there_is_no_interval() -> None:
    assert len(of_class(drawn(PLAIN, GOOD), "whisker")) == 4
    assert of_class(drawn(point("none", 0.5, 0.6, count=1)), "whisker") == []


def test_whiskers_span_the_intervals() -> None:
    root = drawn(PLAIN, GOOD)
    path = of_class(root, "whisker")[0].attrib["d"]
    left, right = map(float, re.findall(r"M([\d.]+) [\d.]+H([\d.]+)", path)[0])
    scale = (right - left) / (PLAIN.utility.high - PLAIN.utility.low)
    x, _ = centre(of_class(root, "mark")[0])
    assert right - x == pytest.approx((PLAIN.utility.mean - PLAIN.utility.low) * scale, abs=0.2)


def test_labels_are_numbered_and_do_not_overlap_even_in_a_crowd() -> None:
    keys = ("none", "dpgm", "truncate", "int8", "mp_lora", "smp_lora", "gaussian")
    root = drawn(*(point(key, 0.7 + 0.002 * i, 0.72 + 0.002 * i) for i, key in enumerate(keys)))
    labels = of_class(root, "label")
    assert [label.text.split()[0] for label in labels] == [str(n) for n in range(1, len(keys) + 1)]
    spans = []
    for label in labels:
        x, y, width = float(label.attrib["x"]), float(label.attrib["y"]), 6.0 * len(label.text)
        left = x - width if label.attrib["text-anchor"] == "end" else x
        assert FRAME.left <= left
        assert left + width <= FRAME.right
        spans.append((left, left + width, y - 11, y + 3))
    for a, b in itertools.combinations(spans, 2):
        assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]


def test_kinds_differ_in_shape_and_are_explained() -> None:
    points = [
        PLAIN,
        GOOD,
        point("dpgm", 0.7, 0.7, ledger={**PROVED, "guarantee": "nominal"}),
        point("int8", 0.6, 0.62),
    ]
    assert [kind(p) for p in points] == ["plain", "proved", "nominal", "none"]
    root = drawn(*points)
    words = [node.text for node in root.iter(f"{SVG}text")]
    assert {"no defence", "ε proved", "ε nominal", "no guarantee"} <= set(words)
    assert {mark.tag for mark in of_class(root, "mark")} == {f"{SVG}path", f"{SVG}circle", f"{SVG}rect"}


def test_the_ruler_is_named_with_network_and_scaling() -> None:
    words = " ".join(node.text or "" for node in drawn(PLAIN).iter(f"{SVG}text"))
    for part in ("Title of dlib_distance", "dlib ResNet", "Euclidean", "below 0.6 one person", "DreamBooth's distance"):
        assert part in words


def test_it_can_be_heard() -> None:
    root = drawn(PLAIN, GOOD)
    assert root.attrib["role"] == "img"
    ids = {node.attrib["id"] for node in root.iter() if "id" in node.attrib}
    assert set(root.attrib["aria-labelledby"].split()) <= ids
    assert "DP-SGD (DPDM), ε = 2: DreamBooth 0.700, best attack (guessed trigger) 0.740" in spoken(swept(PLAIN, GOOD))
    assert "Chance 0.800." in spoken(swept(PLAIN))


def test_points_lead_to_their_pictures_when_asked() -> None:
    links = [node.attrib["href"] for node in drawn(PLAIN, GOOD, anchor="point-").iter(f"{SVG}a")]
    assert sorted(links) == ["#point-1", "#point-1", "#point-2", "#point-2"]  # mark and label
    assert not list(drawn(PLAIN).iter(f"{SVG}a"))


def test_it_stands_alone_runs_nothing_and_stays_in_its_box() -> None:
    text = plane(swept(PLAIN, GOOD, point("gaussian", 0.9, 0.88)))
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)|url\(|\son\w+=", text)
    for x, y in re.findall(r'<text[^>]* x="([-\d.]+)" y="([-\d.]+)"', text):
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= HEIGHT


def test_what_is_not_measured_is_left_out_and_keeps_the_numbers() -> None:
    gone = point("int8", 0.6, 0.6)
    gone = replace(gone, utility=replace(gone.utility, results=()))
    root = drawn(PLAIN, gone, GOOD)
    assert [label.text.split()[0] for label in of_class(root, "label")] == ["1", "3"]
    assert plane(swept(gone)) == ""
    assert plane(swept()) == ""


def test_labels_are_text_not_markup() -> None:
    evil = replace(PLAIN, label="<b>&\"'")
    root = drawn(evil)  # parses
    assert "1 <b>&\"'" in [node.text for node in root.iter(f"{SVG}text")]
    assert not [node for node in root.iter() if node.tag.endswith("}b")]


def test_the_limit_is_drawn_where_it_is_in_reach() -> None:
    assert of_class(drawn(PLAIN, GOOD), "limit")
    far = point("none", 0.78, 0.79)
    assert not of_class(drawn(far), "limit")
    near = ElementTree.fromstring(plane(replace(swept(point("none", 0.64, 0.66)), chance=[distances(0.7)])))
    assert of_class(near, "limit")
