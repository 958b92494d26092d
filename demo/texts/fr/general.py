"""Lists, words for what has no number, and the names of attacks, controls and rows."""

from __future__ import annotations

GENERAL = {
    "list.semicolon": " ; ",
    "list.comma": ", ",
    "list.and": " et ",
    "sentence": "{text}.",
    "list.sentences": " ",
    "number.none": "n. d.",
    "epsilon.none": "aucun",
    "signed": "{change} ({low} à {high})",
    "attack.other": "l’attaque {name}",
    "no_encoder": "Il n’y a pas d’encodeur de poids pour {base}. Les images viennent d’attaques qui ne demandent aucun "
    "entraînement ({attacks}). Un encodeur en montrerait peut-être plus, peut-être moins.",
}

# Names have their article; no template puts "à" or "de" before one.
NAMES = {
    "attack.encoder": "l’encodeur",
    "attack.class_prompt": "le prompt de classe",
    "attack.random_trigger": "le mot déclencheur deviné",
    "control.random_lora": "un LoRA de nombres aléatoires",
    "control.other_lora": "le LoRA d’une autre personne",
    "control.chance": "des gens qui n’ont rien à voir avec le fichier",
    "defence.none": "Aucune défense",
    "defence.dpdm": "DP-SGD (DPDM)",
    "defence.dpgm": "DPGM",
    "defence.gaussian": "Bruit gaussien sur le fichier",
    "defence.truncate": "Troncature du rang",
    "defence.int8": "Arrondi en int8",
    "defence.mp_lora": "MP-LoRA",
    "defence.smp_lora": "SMP-LoRA",
    "arm.title.dreambooth": "DreamBooth",
    "arm.title.encoder": "Encodeur de poids",
    "arm.title.class_prompt": "Prompt de classe",
    "arm.title.random_trigger": "Mot déclencheur deviné",
    "arm.title.random_lora": "LoRA aléatoire",
    "arm.title.other_lora": "LoRA d’une autre personne",
    "arm.title.swapped_model": "Modèle échangé",
    "arm.title.chance": "Hasard",
    "arm.explanation.dreambooth": "L’usage qu’en fait la victime : le prompt avec le mot déclencheur secret, dessiné "
    "avec un guidage ordinaire.",
    "arm.explanation.encoder": "Lit les matrices et écrit un embedding qui remplace le prompt.",
    "arm.explanation.class_prompt": "Charge le fichier et demande « une personne » : ni encodeur, ni mot déclencheur.",
    "arm.explanation.random_trigger": "Charge le fichier et met des lettres au hasard à la place du mot déclencheur.",
    "arm.explanation.random_lora": "La même attaque sur autant de nombres aléatoires : le fichier de personne.",
    "arm.explanation.other_lora": "La même attaque sur le fichier d’une personne fictive.",
    "arm.explanation.swapped_model": "L’embedding de ce fichier dans le modèle de l’autre personne : quel visage en "
    "sort ?",
    "arm.explanation.chance": "Les gens que le modèle de base dessine de lui-même, sans aucun LoRA.",
}
