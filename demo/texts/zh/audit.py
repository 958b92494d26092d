"""The verdict of an audit."""

from __future__ import annotations

_WRONG = "账目或代码有错："

AUDIT = {
    "audit.no claim": "没有声称任何 ε；攻击显示{shown}。",
    "audit.wrong.nominal": "名义上的 ε 不是上界：攻击显示{shown}，超过账本上的 ε = {claimed}。",
    "audit.wrong.exceeded": _WRONG + "攻击显示{shown}，超过账本上的 ε = {claimed}。",
    "audit.wrong.separated": _WRONG + "试验区分含与不含金丝雀照片的微调，比账本上 ε = {claimed} 的机制所能允许的更准，"
    "置信度为 {confidence}。",
    "audit.consistent": "一致：攻击显示{shown}，没有超过账本上的 ε = {claimed}。",
    "audit.too few trials": "试验太少，无法下结论：在 {trials} 次试验中，就算攻击从不出错，"
    "最多也只能显示 ε = {largest}，低于账本上的 ε = {claimed}。至少需要 {needed} 次试验。",
    "audit.shown": "至少 ε = {epsilon}，置信度为 {confidence}（δ = {delta}）",
    "audit.trials": "共 {trials} 次试验。在用于检验的一半中，含金丝雀照片的 {inside} 次微调，攻击判对了 {found} 次；"
    "不含的 {outside} 次，判错了 {false} 次。",
    "audit.noise.any": "当作 DP-SGD 来看，这些比率排除不了任何噪声量。",
    "audit.noise": "当作 DP-SGD 来看，并用上每个 δ：噪声倍数最多为 {at_most}（账本上是 {claimed}），"
    "也就是 ε = {epsilon} 或更大。",
    "audit.object": "审计自己做了微调，每次 {steps} 步；它们检验的是代码和账目。步数更多的文件有自己的噪声，不在其中。",
    "audit.saw.gradients": "攻击者看到了每一个加噪的梯度：DP-SGD 定理允许的全部。",
    "audit.saw.file": "攻击者只看到了发布的文件：远少于 DP-SGD 定理所允许的。",
    "audit.clipped": "金丝雀照片的梯度在 {share} 的步骤中达到了裁剪范数。范数更小时，在相同的 ε 下就是最坏情形。",
    "audit.largest": "试验这么少，任何攻击都显示不出超过 ε = {largest} 的结果。",
    "audit.refutes": "攻击发现得少，并不证明什么：它可以推翻一个 ε，却永远不能证实。",
}
