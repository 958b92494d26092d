"""Lists, words for what has no number, and the names of attacks, controls and rows."""

from __future__ import annotations

GENERAL = {
    "list.semicolon": "; ",
    "list.comma": ", ",
    "list.and": " und ",
    "sentence": "{text}.",
    "list.sentences": " ",
    "number.none": "k. A.",
    "epsilon.none": "keins",
    "signed": "{change} ({low} bis {high})",
    "attack.other": "{name}",
    "no_encoder": "Für {base} gibt es keinen Gewichts-Encoder. Die Bilder stammen von Angriffen, die kein Training "
    "brauchen ({attacks}). Ein Encoder zeigt vielleicht mehr, vielleicht weniger.",
}

# Names stand in quotation marks behind "Angriff", so that they need no case.
NAMES = {
    "attack.encoder": "Gewichts-Encoder",
    "attack.class_prompt": "Klassen-Prompt",
    "attack.random_trigger": "geratenes Triggerwort",
    "control.random_lora": "ein LoRA aus Zufallszahlen",
    "control.other_lora": "das LoRA einer anderen Person",
    "control.chance": "Menschen, die mit der Datei nichts zu tun haben",
    "defence.none": "Kein Schutz",
    "defence.dpdm": "DP-SGD (DPDM)",
    "defence.dpgm": "DPGM",
    "defence.gaussian": "Gauß-Rauschen auf der Datei",
    "defence.truncate": "Verringerter Rang",
    "defence.int8": "Rundung auf int8",
    "defence.mp_lora": "MP-LoRA",
    "defence.smp_lora": "SMP-LoRA",
    "arm.title.dreambooth": "DreamBooth",
    "arm.title.encoder": "Gewichts-Encoder",
    "arm.title.class_prompt": "Klassen-Prompt",
    "arm.title.random_trigger": "Geratenes Triggerwort",
    "arm.title.random_lora": "Zufälliges LoRA",
    "arm.title.other_lora": "LoRA einer anderen Person",
    "arm.title.swapped_model": "Vertauschtes Modell",
    "arm.title.chance": "Zufall",
    "arm.explanation.dreambooth": "So nutzt es die betroffene Person selbst: der Prompt mit dem geheimen Triggerwort, "
    "gezeichnet mit gewöhnlicher Guidance.",
    "arm.explanation.encoder": "Liest die Matrizen und schreibt ein Embedding, das den Prompt ersetzt.",
    "arm.explanation.class_prompt": "Lädt die Datei und verlangt „eine Person“: kein Encoder, kein Triggerwort.",
    "arm.explanation.random_trigger": "Lädt die Datei und setzt zufällige Buchstaben an die Stelle des Triggerworts.",
    "arm.explanation.random_lora": "Derselbe Angriff auf gleich viele Zufallszahlen: eine Datei von niemandem.",
    "arm.explanation.other_lora": "Derselbe Angriff auf die Datei einer erfundenen Person.",
    "arm.explanation.swapped_model": "Das Embedding dieser Datei im Modell der anderen Person: Wessen Gesicht kommt "
    "heraus?",
    "arm.explanation.chance": "Die eigenen Menschen des Basismodells, ganz ohne LoRA.",
}
