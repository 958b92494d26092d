"""What is said while one waits, of photos that come in, and over errors; the core's own words among them."""

from __future__ import annotations

STRIP = {
    "strip.word.waiting": "等待中。",
    "strip.word.running": "运行中。",
    "strip.word.failed": "失败。",
    "strip.word.stopped": "已停止。",
    "strip.word.done": "完成。",
    "strip.waiting": "{title}：{place}，会自动开始。",
    "strip.place": "排在第 {place} 位",
    "strip.place.soon": "{where}，还需等待不到 10 秒",
    "strip.place.time": "{where}，还需等待约 {time}",
    "strip.ready": "{title}：正在准备。第一次最慢。",
    "strip.step": "{stage}：{step} / {total}",
    "strip.comma": "，",
    "strip.left": "这一部分还剩 {time}",
    "strip.loss": "损失 {loss}",
    "strip.failed": "{title}：{error}",
    "strip.stopped": "{title}，用时 {time}。已完成的部分会保留。",
    "strip.cut": "{title}，用时 {time}，因为还有别人在等。已完成的部分会保留。",
    "strip.done": "{title}，用时 {time}。",
    "strip.seconds": "{seconds} 秒",
    "strip.minutes": "{minutes} 分钟",
    "strip.minutes and seconds": "{minutes} 分 {seconds} 秒",
    "strip.spoken.waiting": "{title}：{place}。",
    "strip.spoken.running": "{title}：运行中。",
    "strip.spoken.failed": "{title}：失败。{error}",
    "strip.spoken.stopped": "{title}：已停止。",
    "strip.spoken.cut": "{title}：已停止，因为还有别人在等。",
    "strip.spoken.done": "{title}：完成。",
}

STAGES = {
    "strip.job.Fine-tuning": "微调",
    "strip.job.The whole story": "完整流程",
    "strip.job.Attack": "攻击",
    "strip.job.Comparison": "比较",
    "strip.job.Sweep": "防御比较",
    "strip.job.Shake-to-Leak": "Shake-to-Leak",
    "strip.stage.part": "第 {number} 部分（共 {all} 部分），{stage}",
    "strip.stage.point": "第 {number} 项（共 {all} 项），{name}：{stage}",
    "strip.stage.class images": "类别图片，从第 {number} 张起，共 {all} 张",
    "strip.stage.extraction": "提取，从第 {number} 张起，共 {all} 张",
    "strip.stage.measure": "测量（{name}）",
    "strip.stage.draw the set": "绘制图片集（{name}）",
    "strip.stage.fine-tune": "微调",
    "strip.stage.encoder": "权重编码器",
    "strip.stage.class prompt": "类别提示词",
    "strip.stage.guessed trigger": "猜测的触发词",
    "strip.stage.swapped model": "互换模型",
    "strip.stage.DreamBooth": "DreamBooth",
    "strip.stage.chance": "随机水平",
    "strip.stage.draw": "绘制",
    "strip.stage.gate": "检查照片",
    "strip.stage.membership inference": "成员推断",
    "strip.stage.download, MB": "下载（MB）",
    "strip.spent": "已消耗：每张照片 ε {photo}，本人 ε {person}",
    "strip.spent.nominal": "名义值，没有保证：每张照片 ε {photo}，本人 ε {person}",
}

_MORE = "另有 {count} 张不能用：{names}。"

PHOTOS = {
    "photos.more.one": _MORE,
    "photos.more.other": _MORE,
    "photos.one too many": "{name} 是多出来的一张。最多接受 {most} 张照片。",
    "photos.too many": "多了 {count} 张照片：{names}。最多接受 {most} 张照片。",
    "photos.span": "{first} 到 {last}",
    "photos.removed": "照片已移除。",
    "photos.removed, compared": "照片已移除，与它们的比较也一并移除。",
    "photos.still": "还留着：{what}。“删除我的数据”会把它们也删掉。",
    "photos.still.file": "LoRA 文件",
    "photos.still.drawn": "攻击用它画的图片",
    "photos.still.swept": "防御比较的结果",
}

ROWS = {
    "rows.picture": "{title}，第 {number} 张，共 {all} 张",
    "rows.picture.best": "{title}，第 {number} 张，共 {all} 张，最佳猜测",
    "rows.megabytes": "{size} MB",
    "rows.kilobytes": "{size} kB",
    "rows.best": "最佳猜测",
}

_BUSY = "已有 {count} 个任务在等待。请过几分钟再试。"
_FEW = "只有 {count} 张照片，至少需要 {least} 张。请添加同一个人的照片，或者选一个虚构人物。"

ERRORS = {
    "errors.english": "（英文）{text}",
    "errors.title": "没有成功",
    "errors.stopped": "已停止。",
    "errors.stopped.title": "已停止",
    "errors.gone": "你的照片和结果已删除。请重新加载照片再开始。",
    "errors.busy.one": _BUSY,
    "errors.busy.other": _BUSY,
    "errors.closing": "应用正在关闭。等它恢复后请重新开始。",
    "errors.job": "你已有一个任务在排队或运行。请等它结束，或者停止它。",
    "errors.unexpected": "发生了意外错误。请再试一次；应用的日志里有原因。",
    "errors.no session": "请求没有指明会话。请像 Gradio 客户端那样提供 session_hash。"
    "MCP 客户端须发送 X-Session 请求头：至少 16 个无人能猜到的字符。",
    "errors.memory": "GPU 内存不足。请减少每一步的照片或类别图片，或者用更小的基础模型，例如“face64”；"
    "也可以关闭其他占用 GPU 的程序。",
    "errors.faces": "{name} 里有好几张脸。请选其中一张，或者不用这张照片。",
    "errors.few photos.one": _FEW,
    "errors.few photos.other": _FEW,
    "errors.no photos": "没有可供比较的照片。请先加载照片。",
    "photos.bad.missing": "{name} 不存在。请重新选择照片。",
    "photos.bad.unreadable": "{name} 无法读取。请重新上传，或者另存为 JPEG。",
    "photos.bad.truncated": "{name} 不完整：缺了末尾。请重新上传。",
    "photos.bad.unsupported": "{name} 的格式这里读不了。请另存为 JPEG。",
    "photos.bad.too_large": "{name} 太大了。请导出得小一些。",
    "photos.bad.bomb": "{name} 的像素太多了。请导出得小一些。",
    "photos.bad.no_face": "{name} 里找不到人脸。请用一张光线充足、正面只有一张脸的照片。",
    "photos.bad.no_such_face": "{name} 里没有这张脸。请选另一张。",
    "photos.bad.several_faces": "{name} 里有好几张脸。请裁剪到只剩一个人，或者不用这张照片。",
    "photos.bad.not_deleted": "{name} 没能删除。请手动删除这个文件：它是照片的一份未受保护的副本。",
}
