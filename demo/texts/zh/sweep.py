"""The verdict on defences."""

from __future__ import annotations

_KEEPS = "DreamBooth 至少保住了无防御时相对随机水平增益的 {kept}"
_LOSES = "DreamBooth 保住的不到无防御时相对随机水平增益的 {kept}"
_ANECDOTE = "这只是一个人、每行 {count} 张图片：是个例，不是统计。"

SWEEP = {
    "sweep.headline.nothing finished": "没有完成任何一项",
    "sweep.headline.no chance arm": "未判定：没有可比较的对象",
    "sweep.headline.too few pictures": "未判定：图片太少",
    "sweep.headline.not measured": "未判定：图片无法测量",
    "sweep.headline.no undefended point": "未判定：缺少无防御的文件作比较",
    "sweep.headline.undefended useless": "没有定论：即使没有防御，也不能证实 DreamBooth 好过随机水平",
    "sweep.headline.undefended tight": "没有定论：连无防御的文件也没有证实泄露",
    "sweep.headline.only undefended": "无防御的文件会泄露；没有试任何防御",
    "sweep.headline.corner": "有用，而且留给这些攻击的泄露最多一半：{names}",
    "sweep.headline.unsettled": "没有定论：没有证实哪种防御既有用又不泄露，有几种尚不清楚",
    "sweep.headline.none": "这里试过的防御没有一种既有用又不泄露",
    "sweep.nothing finished": "没有一种防御试到了最后。",
    "sweep.no chance arm": "在测量随机水平的图片之前，比较就停止了。",
    "sweep.too few pictures": "每行少于 {count} 张图片，显示不出差别。请多画一些。",
    "sweep.not measured": "图片没有与本人的距离。",
    "sweep.no undefended point": "无防御的 LoRA 不在其中，所以不知道本来要保护什么。",
    "sweep.undefended useless": "没有证实微调本身能让图片比无关的人更接近本人，所以说不出防御破坏或保护了什么。",
    "sweep.undefended tight": "攻击用无防御的文件也显示不出本人，所以看不出哪种防御起了保护作用。",
    "sweep.undefended": "没有防御时，DreamBooth 的图片与本人的距离是 {dreambooth}，"
    "最佳攻击（{attack}）的是 {attacked}；随机水平是 {chance}。{utility}{leakage}",
    "sweep.dreambooth.nearer": "DreamBooth 比随机水平近 {by}（95% 区间为 {low} 到 {high}）。",
    "sweep.dreambooth.unclear": "DreamBooth 并不明显比随机水平更近（95% 区间为 {low} 到 {high}）。",
    "sweep.attack.nearer": "攻击比随机水平近 {by}（95% 区间为 {low} 到 {high}）。",
    "sweep.attack.unclear": "攻击并不明显比随机水平更近（95% 区间为 {low} 到 {high}）。",
    "sweep.group.useful, private": "有用且不泄露：{names}。"
    + _KEEPS
    + "；最佳攻击至少失去了增益的 {lost}，并且完全没有"
    "显示出本人。",
    "sweep.group.useful, leaks": "有用，但仍会泄露：{names}。" + _KEEPS + "；最佳攻击显示出了本人。",
    "sweep.group.useful, open": "有用，是否泄露尚不清楚：{names}。"
    + _KEEPS
    + "；最佳攻击没有显示出本人，但留有痕迹，或者没有证实失去了足够多。",
    "sweep.group.open, leaks": "会泄露：{names}。最佳攻击显示出了本人；图片这么少，DreamBooth 保住了多少尚不清楚。",
    "sweep.group.open, open": "尚不清楚：{names}。图片这么少，DreamBooth 保住了多少尚不清楚；没有证实泄露。",
    "sweep.group.useless, leaks": "会泄露，用处又不大：{names}。" + _LOSES + "；最佳攻击显示出了本人。",
    "sweep.group.useless, open": "用处不大：{names}。" + _LOSES + "；没有证实泄露。",
    "sweep.group.ruined": "已毁坏：{names}。DreamBooth 的图片中，能找到人脸的不到一半。",
    "sweep.useless": "用处不大：{names}。" + _LOSES + "。",
    "sweep.proved": "已证明的（单张照片的 ε，以及本人的 ε，因为每张照片上都是本人）：{pairs}。DP-SGD 的 ε 与完全没有"
    "这些照片相比，高斯噪声的 ε 与换成别的照片相比。画出来的是谁的脸，要看本人的 ε。",
    "sweep.proved.pair": "{name}：照片 {photo}，本人 {person}",
    "sweep.nominal": "这些只有名义上的 ε，没有证明支持：{names}。",
    "sweep.anecdote.one": _ANECDOTE,
    "sweep.anecdote.other": _ANECDOTE,
    "sweep.intervals": "区间只反映图片的选取，不反映人、照片的选取和训练噪声。按其构造，这里每二十个区间就有一个不准。"
    "最佳攻击是在同一批图片上选出来的，所以看起来比实际稍好。当攻击的图片把本人排进最接近的 {share} 陌生人（再除以"
    "攻击的种数），并且比随机水平更近，就算显示出了本人。识别还要求距离低于 {near}。",
    "sweep.private": "不泄露的意思是：留给这些攻击中最佳者的增益最多一半。编码器是用无防御的文件训练的；"
    "如果用同样防御过的文件来训练，也许能得到更多。只有针对本人的证明才能排除这一点。",
}
