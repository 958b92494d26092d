"""Lists, words for what has no number, and the names of attacks, controls and rows."""

from __future__ import annotations

GENERAL = {
    "list.semicolon": "；",
    "list.comma": "、",
    "list.and": "和",
    "sentence": "{text}。",
    "list.sentences": "",
    "number.none": "无",
    "epsilon.none": "无",
    "signed": "{change}（{low} 到 {high}）",
    "attack.other": "攻击“{name}”",
    "no_encoder": "{base} 没有权重编码器。图片来自不需要训练的攻击（{attacks}）。编码器显示的可能更多，也可能更少。",
}

NAMES = {
    "attack.encoder": "编码器",
    "attack.class_prompt": "类别提示词",
    "attack.random_trigger": "猜测的触发词",
    "control.random_lora": "由随机数组成的 LoRA",
    "control.other_lora": "另一个人的 LoRA",
    "control.chance": "与该文件毫无关系的人",
    "defence.none": "没有防御",
    "defence.dpdm": "DP-SGD (DPDM)",
    "defence.dpgm": "DPGM",
    "defence.gaussian": "在文件上加高斯噪声",
    "defence.truncate": "秩截断",
    "defence.int8": "舍入为 int8",
    "defence.mp_lora": "MP-LoRA",
    "defence.smp_lora": "SMP-LoRA",
    "arm.title.dreambooth": "DreamBooth",
    "arm.title.encoder": "权重编码器",
    "arm.title.class_prompt": "类别提示词",
    "arm.title.random_trigger": "猜测的触发词",
    "arm.title.random_lora": "随机 LoRA",
    "arm.title.other_lora": "另一个人的 LoRA",
    "arm.title.swapped_model": "互换模型",
    "arm.title.chance": "随机水平",
    "arm.explanation.dreambooth": "受害者自己的用法：带秘密触发词的提示词，用普通引导来画。",
    "arm.explanation.encoder": "读取矩阵，写出一个嵌入向量来代替提示词。",
    "arm.explanation.class_prompt": "加载文件，只要求画“一个人”：没有编码器，也没有触发词。",
    "arm.explanation.random_trigger": "加载文件，在触发词的位置填上随机字母。",
    "arm.explanation.random_lora": "对同样多的随机数做同样的攻击：这个文件不属于任何人。",
    "arm.explanation.other_lora": "对一个虚构人物的文件做同样的攻击。",
    "arm.explanation.swapped_model": "把这个文件的嵌入向量放进另一个人的模型：出来的是谁的脸？",
    "arm.explanation.chance": "基础模型自己画的人，完全不用 LoRA。",
}
