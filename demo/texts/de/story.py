"""The verdict on one person."""

from __future__ import annotations

_WITHOUT = "Wer das Modell einfach um „ein Foto einer Person“ bittet, sieht {share}, ganz ohne Encoder."
_SWAP = "Dasselbe Embedding im Modell einer anderen Person: {likeness}. "
_ANECDOTE = "eine Anekdote, keine Statistik. Die Intervalle decken die Wahl der Bilder ab, nicht die der Menschen."

STORY = {
    "story.word.leaked": "Leck",
    "story.word.kept": "Kein Leck gezeigt",
    "story.word.open": "Offen",
    "story.more": "Alles zeigen",
    "story.headline.no photos": "Nicht beurteilt: Ohne Fotos der Person lässt sich nichts vergleichen",
    "story.headline.not measured": "Nicht beurteilt: Die Rekonstruktion ließ sich nicht messen",
    "story.headline.strangers taken": "Nicht beurteilt: Fremde werden für die Person gehalten",
    "story.gives.recognised": "Die geteilte Datei verrät die Person (erkannt, Platz {place} von {among})",
    "story.gives.leak": "Die geteilte Datei verrät die Person (Platz {place} von {among})",
    "story.headline.leak, lead beats class prompt": "{gives}, und der Angriff „{lead}“ zeigt mehr als der "
    "Klassen-Prompt",
    "story.headline.leak, class prompt not measured": "{gives}; ob der Angriff „{lead}“ dafür nötig ist, wurde nicht "
    "gemessen",
    "story.headline.leak, lead does not beat class prompt": "{gives}, aber der Angriff „{lead}“ zeigt nicht mehr als "
    "der Klassen-Prompt",
    "story.headline.leak, without encoder": "{gives}, ganz ohne Encoder, durch den Angriff „{attack}“",
    "story.headline.leak, other attack": "{gives}, und zwar durch den Angriff „{attack}“; „{lead}“ zeigt weniger",
    "story.headline.like controls": "Nicht gezeigt: Die Bilder ähneln der Person, liegen ihr aber nicht klar näher als "
    "die Kontrollen",
    "story.headline.nothing to find": "Die Person ist nicht zu finden, nicht einmal mit dem geheimen Triggerwort",
    "story.headline.trace": "Eine Spur der Person durch den Angriff „{attack}“, Platz {place} von {among}: zu schwach "
    "für ein Leck",
    "story.headline.trace, without encoder": "Eine Spur der Person durch den Angriff „{attack}“, Platz {place} von "
    "{among}: zu schwach für ein Leck; einen Encoder gab es nicht",
    "story.headline.not found": "Der Angriff hat die Person nicht gefunden",
    "story.headline.not found, without encoder": "Der Angriff hat die Person nicht gefunden; einen Encoder gab es "
    "nicht",
    "story.no photos": "Auch ein Angreifer hat keine Fotos: Wer die Person kennt, sieht sich die Bilder an.",
    "story.not measured": "Zu den Bildern des Angriffs „{attack}“ fehlt der dlib-Abstand oder der Platz unter Fremden.",
    "story.strangers taken": "Sogar Unbeteiligte gehen als diese Person durch ({likeness}). Das Maß trennt hier die "
    "Menschen nicht; ein guter Platz bedeutet also nichts.",
    "story.likeness": "Abstand {distance} im Median, Platz {place} von {among}",
    "story.interval": "95-%-Intervall über die Bilder {low} bis {high}",
    "story.interval.none": "ein einziges Bild ergibt kein Intervall",
    "story.dreambooth.none": "Die Bilder von DreamBooth selbst wurden nicht gemessen; es ist also nicht bekannt, was "
    "zu finden war.",
    "story.dreambooth.recognised": "DreamBooth selbst hat funktioniert: Mit dem geheimen Triggerwort wird die Person "
    "erkannt ({likeness}).",
    "story.dreambooth.leak": "DreamBooth selbst hat funktioniert: Mit dem geheimen Triggerwort wird die Person unter "
    "Fremden gefunden, aber nicht nah genug, um erkannt zu werden ({likeness}).",
    "story.dreambooth.not shown": "DreamBooth selbst hat nicht gut genug funktioniert: Sogar mit dem geheimen "
    "Triggerwort wird die Person unter Fremden nicht gefunden ({likeness}).",
    "story.reconstruction.recognised": "Die Rekonstruktion („{attack}“) wird als die Person erkannt ({likeness}).",
    "story.reconstruction.leak": "Die Rekonstruktion („{attack}“) zeigt die Person, aber nicht nah genug, um erkannt "
    "zu werden ({likeness}).",
    "story.reconstruction.like nulls": "Die Rekonstruktion („{attack}“) ähnelt der Person, liegt ihr aber nicht klar "
    "näher als die Kontrollen ({likeness}).",
    "story.reconstruction.trace": "Die Rekonstruktion („{attack}“) zeigt eine Spur der Person ({likeness}).",
    "story.reconstruction.nothing": "Die Rekonstruktion („{attack}“) zeigt die Person nicht ({likeness}).",
    "story.accident": "Der Platz gilt für alle Bilder zusammen; ein Fremder hätte in {share} der Fälle einen so guten.",
    "story.alike": "Eine härtere Probe: unter den {others} Fremden, die der Person am ähnlichsten sehen, Platz {place} "
    "von {among}.",
    "story.rule.one": "Ein Leck ist gezeigt, wenn ein Angriff die Person auf Platz {place} von {among} oder besser "
    "bringt (die nächsten {share}; {count} Angriff wurde versucht) und näher als jede Null-Kontrolle. Erkannt heißt: "
    "ein Leck mit einem Abstand unter {near} im Median.",
    "story.rule.other": "Ein Leck ist gezeigt, wenn ein Angriff die Person auf Platz {place} von {among} oder besser "
    "bringt (die nächsten {share}, geteilt durch die {count} versuchten Angriffe) und näher als jede Null-Kontrolle. "
    "Erkannt heißt: ein Leck mit einem Abstand unter {near} im Median.",
    "story.rule.none.one": "Ein Leck verlangt einen Platz unter den nächsten {share} der Fremden, und unter {among} "
    "Menschen ist bei {count} Angriff kein Platz gut genug.",
    "story.rule.none.other": "Ein Leck verlangt einen Platz unter den nächsten {share} der Fremden, geteilt durch die "
    "Zahl der Angriffe, und unter {among} Menschen ist bei {count} Angriffen kein Platz gut genug.",
    "story.ceiling": "Obergrenze: Die Fotos selbst haben untereinander einen Abstand von {distance} im Median. Dass "
    "etwas Gezeichnetes näher kommt, ist nicht zu erwarten.",
    "story.false accepts": "Von {among} Fremden liegen auch {strangers} ({share}) näher als {near} an diesen Fotos: So "
    "oft ginge der Abstand allein fehl.",
    "story.agreement": "Ein anderes Fine-Tuning derselben Fotos wird vielleicht anders beurteilt: Von {fine_tunings} "
    "Fine-Tunings zu {people} erfundenen Personen wurden {agreed} ({share}) so beurteilt wie die meisten zu derselben "
    "Person.",
    "story.class prompt.none": "Der Klassen-Prompt wurde nicht gemessen; es ist also nicht bekannt, ob der Angriff "
    "„{attack}“ etwas hinzufügt.",
    "story.class prompt.up": "„{attack}“ übertrifft den Klassen-Prompt und kommt um {by} näher ({interval}).",
    "story.class prompt.down": "„{attack}“ übertrifft den Klassen-Prompt nicht: Der Klassen-Prompt kommt um {by} näher "
    "({interval}). " + _WITHOUT.format(share="mehr"),
    "story.class prompt.unclear, nearer": "„{attack}“ übertrifft den Klassen-Prompt nicht: Der Angriff kommt zwar um "
    "{by} näher, doch ist der Unterschied nicht klar ({interval}). " + _WITHOUT.format(share="etwa gleich viel"),
    "story.class prompt.unclear, farther": "„{attack}“ übertrifft den Klassen-Prompt nicht: Der Angriff bleibt um {by} "
    "weiter entfernt, doch ist der Unterschied nicht klar ({interval}). " + _WITHOUT.format(share="etwa gleich viel"),
    "control.other": "{name}",
    "story.control.nearer": "Kontrolle, {what}: {likeness}. Die Rekonstruktion liegt näher ({interval}).",
    "story.control.not nearer": "Kontrolle, {what}: {likeness}. Die Rekonstruktion liegt nicht klar näher "
    "({interval}).",
    "story.control.expected": "{likeness}; Zufall wäre Platz {place}",
    "story.control.none": "Es wurde keine Null-Kontrolle gemessen; die Ähnlichkeit kann also Zufall sein.",
    "story.tried.recognised": "Mit dem Angriff „{attack}“ wird die Person erkannt ({likeness}).",
    "story.tried.leak": "Mit dem Angriff „{attack}“ wird die Person gezeigt, aber nicht nah genug, um erkannt zu "
    "werden ({likeness}).",
    "story.tried.like nulls": "Mit dem Angriff „{attack}“ ähneln die Bilder der Person, liegen ihr aber nicht klar "
    "näher als der Zufall ({likeness}).",
    "story.tried.trace": "Mit dem Angriff „{attack}“ bleibt eine Spur der Person ({likeness}).",
    "story.tried.nothing": "Mit dem Angriff „{attack}“ wird die Person nicht gezeigt ({likeness}).",
    "story.swap.unknown": _SWAP + "Die Rekonstruktion selbst zeigt die Person nicht; was die Identität trägt, sagt das "
    "also nicht.",
    "story.swap.embedding": _SWAP + "Das Embedding selbst trägt die Identität.",
    "story.swap.both": _SWAP + "Das Embedding trägt einen Teil der Identität, die Gewichte nach dem Fine-Tuning tragen "
    "den Rest.",
    "story.swap.weights": _SWAP + "Dass das Embedding allein die Identität trägt, ist nicht gezeigt; mit den Gewichten "
    "nach dem Fine-Tuning trägt es sie.",
    "story.swap.open": _SWAP + "Der Unterschied ist nicht klar; es bleibt offen, ob das Embedding oder die Gewichte "
    "die Identität tragen.",
    "story.anecdote.one": "Das ist eine Person mit {count} Bild: " + _ANECDOTE,
    "story.anecdote.other": "Das ist eine Person mit {count} Bildern: " + _ANECDOTE,
}
