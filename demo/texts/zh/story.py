"""The verdict on one person."""

from __future__ import annotations

_WITHOUT = "直接让模型画“一个人的照片”，{share}，完全不用编码器。"
_SWAP = "同一个嵌入向量放进另一个人的模型：{likeness}。"
_RULE = (
    "当一种攻击把本人排到 {among} 人中的第 {place} 名或更前（最接近的 {share}，再除以试过的 {count} 种攻击），"
    "并且比每个空白对照都更接近，就证实了泄露。识别的意思是：泄露，并且距离中位数低于 {near}。"
)
_NO_PLACE = (
    "泄露要求排进最接近的 {share} 陌生人，再除以攻击的种数；在 {among} 人中，对 {count} 种攻击来说没有足够好的名次。"
)
_ANECDOTE = "这只是一个人、{count} 张图片：是个例，不是统计。区间只反映图片的选取，不反映人的选取。"

STORY = {
    "story.word.leaked": "泄露",
    "story.word.kept": "未见泄露",
    "story.word.open": "没有定论",
    "story.more": "显示全部",
    "story.headline.no photos": "未判定：没有本人的照片，无从比较",
    "story.headline.not measured": "未判定：重建的图片无法测量",
    "story.headline.strangers taken": "未判定：陌生人被当成了本人",
    "story.gives.recognised": "分享的文件暴露了本人（被识别，{among} 人中第 {place} 名）",
    "story.gives.leak": "分享的文件暴露了本人（{among} 人中第 {place} 名）",
    "story.headline.leak, lead beats class prompt": "{gives}，而且{lead}显示的比类别提示词更多",
    "story.headline.leak, class prompt not measured": "{gives}；没有测量{lead}是否必要",
    "story.headline.leak, lead does not beat class prompt": "{gives}，但{lead}并不胜过类别提示词",
    "story.headline.leak, without encoder": "{gives}，用的是{attack}，完全不需要编码器",
    "story.headline.leak, other attack": "{gives}，用的是{attack}；{lead}显示的较少",
    "story.headline.like controls": "未能证实：图片像本人，但并不明显比对照更接近",
    "story.headline.nothing to find": "找不到本人，用秘密触发词也找不到",
    "story.headline.trace": "{attack}发现了本人的痕迹，{among} 人中第 {place} 名：太弱，不算泄露",
    "story.headline.trace, without encoder": "{attack}发现了本人的痕迹，{among} 人中第 {place} 名：太弱，不算泄露；"
    "没有编码器可试",
    "story.headline.not found": "攻击没有找到本人",
    "story.headline.not found, without encoder": "攻击没有找到本人；没有编码器可试",
    "story.no photos": "攻击者也没有照片：认识本人的人看一看图片就知道。",
    "story.not measured": "用{attack}画的图片缺少 dlib 距离，或者缺少在陌生人中的名次。",
    "story.strangers taken": "连无关的人也会被当成本人（{likeness}）。这个尺度在这里分不开人，名次再好也没有意义。",
    "story.likeness": "距离中位数 {distance}，{among} 人中第 {place} 名",
    "story.interval": "按图片计算的 95% 区间为 {low} 到 {high}",
    "story.interval.none": "只有一张图片，算不出区间",
    "story.dreambooth.none": "没有测量 DreamBooth 自己的图片，所以不知道本来能找到什么。",
    "story.dreambooth.recognised": "DreamBooth 本身有效：用秘密触发词能识别出本人（{likeness}）。",
    "story.dreambooth.leak": "DreamBooth 本身有效：用秘密触发词能在陌生人中找到本人，但还不够接近，"
    "不算识别（{likeness}）。",
    "story.dreambooth.not shown": "DreamBooth 本身效果不够好：用秘密触发词也不能在陌生人中找到本人（{likeness}）。",
    "story.reconstruction.recognised": "用{attack}做的重建被识别为本人（{likeness}）。",
    "story.reconstruction.leak": "用{attack}做的重建显示出本人，但还不够接近，不算识别（{likeness}）。",
    "story.reconstruction.like nulls": "用{attack}做的重建像本人，但并不明显比对照更接近（{likeness}）。",
    "story.reconstruction.trace": "用{attack}做的重建显示出本人的痕迹（{likeness}）。",
    "story.reconstruction.nothing": "用{attack}做的重建没有显示出本人（{likeness}）。",
    "story.accident": "名次由全部图片一起得出；陌生人有 {share} 的机会得到这么好的名次。",
    "story.alike": "更严格的检验：只与本人最像的 {others} 个陌生人相比，{among} 人中第 {place} 名。",
    "story.rule.one": _RULE,
    "story.rule.other": _RULE,
    "story.rule.none.one": _NO_PLACE,
    "story.rule.none.other": _NO_PLACE,
    "story.ceiling": "上限：照片彼此之间的距离中位数是 {distance}。不能指望画出来的图片更接近。",
    "story.false accepts": "{among} 个陌生人中，有 {strangers} 个（{share}）与这些照片的距离也在 {near} 以内："
    "只看距离，就会有这么多错判。",
    "story.agreement": "用同样的照片再微调一次，判定可能不同：对 {people} 个虚构人物的 {fine_tunings} 次微调中，有 "
    "{agreed} 次（{share}）的判定与同一人物的多数判定一致。",
    "story.class prompt.none": "没有测量类别提示词，所以不知道{attack}有没有增加什么。",
    "story.class prompt.up": "{attack}胜过类别提示词：近了 {by}（{interval}）。",
    "story.class prompt.down": "{attack}没有胜过类别提示词：类别提示词近了 {by}（{interval}）。"
    + _WITHOUT.format(share="能看到的更多"),
    "story.class prompt.unclear, nearer": "{attack}没有胜过类别提示词：近了 {by}，但差别不明显（{interval}）。"
    + _WITHOUT.format(share="能看到的差不多"),
    "story.class prompt.unclear, farther": "{attack}没有胜过类别提示词：远了 {by}，但差别不明显（{interval}）。"
    + _WITHOUT.format(share="能看到的差不多"),
    "control.other": "{name}",
    "story.control.nearer": "对照，{what}：{likeness}。重建更接近（{interval}）。",
    "story.control.not nearer": "对照，{what}：{likeness}。重建并不明显更接近（{interval}）。",
    "story.control.expected": "{likeness}；随机水平是第 {place} 名",
    "story.control.none": "没有测量空白对照，所以相似可能只是偶然。",
    "story.tried.recognised": "用{attack}能识别出本人（{likeness}）。",
    "story.tried.leak": "用{attack}能显示出本人，但还不够接近，不算识别（{likeness}）。",
    "story.tried.like nulls": "用{attack}画出的图片像本人，但并不明显比随机水平更接近（{likeness}）。",
    "story.tried.trace": "用{attack}能看到本人的痕迹（{likeness}）。",
    "story.tried.nothing": "用{attack}没有显示出本人（{likeness}）。",
    "story.swap.unknown": _SWAP + "重建本身没有显示出本人，所以这说明不了身份由什么承载。",
    "story.swap.embedding": _SWAP + "嵌入向量本身就承载着身份。",
    "story.swap.both": _SWAP + "嵌入向量承载一部分身份，其余由微调后的权重承载。",
    "story.swap.weights": _SWAP + "没有证实嵌入向量单独承载身份；与微调后的权重一起，它就能承载。",
    "story.swap.open": _SWAP + "差别不明显，所以不知道身份是由嵌入向量还是由权重承载。",
    "story.anecdote.one": _ANECDOTE,
    "story.anecdote.other": _ANECDOTE,
}
