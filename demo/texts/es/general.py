"""Lists, words for what has no number, and the names of attacks, controls and rows."""

from __future__ import annotations

GENERAL = {
    "list.semicolon": "; ",
    "list.comma": ", ",
    "list.and": " y ",
    "sentence": "{text}.",
    "list.sentences": " ",
    "number.none": "n. d.",
    "epsilon.none": "ninguno",
    "signed": "{change} ({low} a {high})",
    "attack.other": "el ataque {name}",
    "no_encoder": "No hay codificador de pesos para {base}. Las imágenes vienen de ataques que no necesitan "
    "entrenamiento ({attacks}). Un codificador mostraría quizá más, quizá menos.",
}

# Names have their article; no template puts "a" or "de" before one.
NAMES = {
    "attack.encoder": "el codificador",
    "attack.class_prompt": "el prompt de clase",
    "attack.random_trigger": "la palabra de activación adivinada",
    "control.random_lora": "un LoRA de números aleatorios",
    "control.other_lora": "el LoRA de otra persona",
    "control.chance": "gente que no tiene nada que ver con el archivo",
    "defence.none": "Sin defensa",
    "defence.dpdm": "DP-SGD (DPDM)",
    "defence.dpgm": "DPGM",
    "defence.gaussian": "Ruido gaussiano en el archivo",
    "defence.truncate": "Truncamiento del rango",
    "defence.int8": "Redondeo a int8",
    "defence.mp_lora": "MP-LoRA",
    "defence.smp_lora": "SMP-LoRA",
    "arm.title.dreambooth": "DreamBooth",
    "arm.title.encoder": "Codificador de pesos",
    "arm.title.class_prompt": "Prompt de clase",
    "arm.title.random_trigger": "Palabra de activación adivinada",
    "arm.title.random_lora": "LoRA aleatorio",
    "arm.title.other_lora": "LoRA de otra persona",
    "arm.title.swapped_model": "Modelo cambiado",
    "arm.title.chance": "Azar",
    "arm.explanation.dreambooth": "El uso de la propia víctima: el prompt con la palabra de activación secreta, "
    "dibujado con guía normal.",
    "arm.explanation.encoder": "Lee las matrices y escribe un embedding que sustituye al prompt.",
    "arm.explanation.class_prompt": "Carga el archivo y pide «una persona»: ni codificador ni palabra de activación.",
    "arm.explanation.random_trigger": "Carga el archivo y pone letras al azar en lugar de la palabra de activación.",
    "arm.explanation.random_lora": "El mismo ataque sobre otros tantos números aleatorios: el archivo de nadie.",
    "arm.explanation.other_lora": "El mismo ataque sobre el archivo de una persona ficticia.",
    "arm.explanation.swapped_model": "El embedding de este archivo en el modelo de la otra persona: ¿qué cara sale?",
    "arm.explanation.chance": "La gente que el modelo base dibuja por sí mismo, sin ningún LoRA.",
}
