"""The line-up in a report."""

from __future__ import annotations

_COUNTED = (
    "没看过照片的人猜了 {count} 次，猜对 {right} 次（{share}，95% 区间为 {low} 到 {high}；随机水平是 {chance}）。"
)
_BARS_ROW = "人（猜了 {count} 次）"

LINE_UP = {
    "line_up.title": "人眼判断",
    "line_up.right": "人眼判断：根据重建的图片，从六张脸中认出了本人，另外五张是长得像的陌生人。随机猜的话，"
    "六次能对一次。",
    "line_up.wrong": "人眼判断：六张脸中一张是本人，五张是长得像的陌生人；根据重建的图片，选中的是陌生人。",
    "line_up.none": "人眼判断：还没有人猜过重建的图片画的是六张脸中的哪一张。",
    "line_up.seen": "猜的人之前看过照片，或者认识本人，因此另行统计。",
    "line_up.counted.none": "没看过照片的人还没有猜过。随机水平是猜对 {chance}。",
    "line_up.counted.one": _COUNTED,
    "line_up.counted.other": _COUNTED,
    "line_up.bars": "辨认时猜对的比例",
    "line_up.bars.who": "人",
    "line_up.bars.what": "没看过照片的人在六张脸中猜对的比例",
    "line_up.bars.row.one": _BARS_ROW,
    "line_up.bars.row.other": _BARS_ROW,
    "line_up.bars.chance": "随机水平，六分之一",
}
