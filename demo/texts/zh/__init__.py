"""Chinese, in simplified characters. It has one plural form; its ``one`` and ``other`` are alike.

One word for one thing:
    attack 攻击; canary 金丝雀照片; ceiling 上限; chance 随机水平; class prompt 类别提示词; control 对照; defence
    防御; distance 距离; embedding 嵌入向量; fine-tuning 微调; guess 猜; inconclusive 没有定论; leak 泄露; ledger
    账本; line-up 辨认; place 第 … 名; recognised 识别; reconstruction 重建; shown 证实; strangers 陌生人; the
    person 本人; trace 痕迹; trigger word 触发词; useful 有用; weight encoder 权重编码器. LoRA stays LoRA.
"""

from __future__ import annotations

from demo.texts.language import Language, one_form
from demo.texts.zh.audit import AUDIT
from demo.texts.zh.general import GENERAL, NAMES
from demo.texts.zh.line_up import LINE_UP
from demo.texts.zh.messages import ERRORS, PHOTOS, ROWS, STAGES, STRIP
from demo.texts.zh.shake import SHAKE
from demo.texts.zh.stage import STAGE
from demo.texts.zh.story import STORY
from demo.texts.zh.sweep import SWEEP

__all__ = ["CHINESE"]

CHINESE = Language(
    "zh",
    "简体中文",
    GENERAL | NAMES | STORY | LINE_UP | SWEEP | SHAKE | AUDIT | STAGE | STRIP | STAGES | PHOTOS | ROWS | ERRORS,
    plural=one_form,
)
