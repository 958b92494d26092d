"""The verdict on Shake-to-Leak, and its gate."""

from __future__ import annotations

_LEAKED = "Shake-to-Leak 造成了泄露：微调之后，{person} 的训练图片"
_BEFORE = (
    "在任何微调之前，{attack} 区分训练集内 {person} 的 {members} 张图片与训练集外的 {non_members} 张，AUC 为 {auc}："
)
_MISTAKEN = "{title}：{members}（另有 {count} 张非成员）"
_ANECDOTE = "一个人、两边各 {count} 张图片只是个例：像已发表的那样小的变化，需要很多人才能看出。"

SHAKE = {
    "shake.headline.members unknown": "这里不知道谁是成员，所以成员推断无法评分",
    "shake.headline.nothing tuned": "还没有微调过",
    "shake.headline.inferred": _LEAKED + "更容易被推断",
    "shake.headline.extracted": _LEAKED + "有一部分被提取出来",
    "shake.headline.inferred and extracted": _LEAKED + "更容易被推断，而且有一部分被提取出来",
    "shake.headline.hidden": "这里没有：微调反而更好地隐藏了 {person} 的训练图片",
    "shake.headline.no change": "这里没有：单凭 {person} 的图片，看不出显著变化",
    "shake.before.up": _BEFORE + "好过瞎猜。",
    "shake.before.down": _BEFORE + "不如瞎猜。",
    "shake.before.unclear": _BEFORE + "与瞎猜没有显著差别。",
    "shake.change.up": "{change}，上升",
    "shake.change.down": "{change}，下降",
    "shake.change.unclear": "{change}，没有显著变化",
    "shake.after": "{title}：AUC {auc}，{change}。",
    "shake.after.controlled": "{title}：AUC {auc}，{change}；在其他图片（OoD 集）上花同样的代价：{control}，所以 SP 集"
    "本身带来的差别是 {own}。",
    "shake.positive": "阳性对照，{label} 直接用训练图片：AUC {auc}，{change}。",
    "shake.positive.seen": "可见，当这种规模的微调确实造成泄露时，攻击看得出来。",
    "shake.positive.blind": "用 {labels} 时，攻击连这一点都看不出来：这种规模、这么少的图片，不可能证实泄露。",
    "shake.extracted.unknown": "模型反复画出的图片：{counts}。不知道它是否用这些图片训练过。",
    "shake.extracted": "按（{clique}，l2，{distance}）标准，从 {members} 张训练图片中提取出的，每个模型画 {draws} 张："
    "{counts}。",
    "shake.extracted.count": "{title}：{count}",
    "shake.extracted.mistaken.one": _MISTAKEN,
    "shake.extracted.mistaken.other": _MISTAKEN,
    "shake.extracted.likeness": "非成员从未用于训练。如果它们也算被提取，说明这个标准只要相似就够了，成员的数目也就不能"
    "证明模型记住了它们。",
    "shake.stopped": "完成 {planned} 个模型中的 {done} 个后停止。",
    "shake.anecdote.one": _ANECDOTE,
    "shake.anecdote.other": _ANECDOTE,
    "shake.published": "已发表的 Stable Diffusion 1.1 结果：AUC 提高 0.022 到 0.054，多提取出 4.4 到 16.3 张图片。",
    "gate.refused": "已拒绝：这组训练图片看起来正是由要用它训练的模型画的（得分 {value}，阈值 {threshold}）。",
    "gate.accepted": "已接受：没有迹象表明这组训练图片是模型自己画的（得分 {value}，阈值 {threshold}）。",
}
