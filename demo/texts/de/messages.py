"""What is said while one waits, of photos that come in, and over errors; the core's own words among them."""

from __future__ import annotations

STRIP = {
    "strip.word.waiting": "Wartet.",
    "strip.word.running": "Läuft.",
    "strip.word.failed": "Fehlgeschlagen.",
    "strip.word.stopped": "Angehalten.",
    "strip.word.done": "Fertig.",
    "strip.waiting": "{title}: {place}. Es beginnt von selbst.",
    "strip.place": "Platz {place} in der Warteschlange",
    "strip.place.soon": "{where}, noch keine 10 s",
    "strip.place.time": "{where}, noch etwa {time}",
    "strip.ready": "{title}: wird vorbereitet. Beim ersten Mal dauert es am längsten.",
    "strip.step": "{stage}: {step} von {total}",
    "strip.comma": ", ",
    "strip.left": "noch {time} in diesem Teil",
    "strip.loss": "Loss {loss}",
    "strip.failed": "{title}: {error}",
    "strip.stopped": "{title}, nach {time}. Was fertig war, bleibt erhalten.",
    "strip.cut": "{title}, nach {time}, weil andere warten. Was fertig war, bleibt erhalten.",
    "strip.done": "{title}, nach {time}.",
    "strip.seconds": "{seconds} s",
    "strip.minutes": "{minutes} min",
    "strip.minutes and seconds": "{minutes} min {seconds} s",
    "strip.spoken.waiting": "{title}: {place}.",
    "strip.spoken.running": "{title}: läuft.",
    "strip.spoken.failed": "{title}: fehlgeschlagen. {error}",
    "strip.spoken.stopped": "{title}: angehalten.",
    "strip.spoken.cut": "{title}: angehalten, weil andere warten.",
    "strip.spoken.done": "{title}: fertig.",
}

STAGES = {
    "strip.job.Fine-tuning": "Fine-Tuning",
    "strip.job.The whole story": "Die ganze Geschichte",
    "strip.job.Attack": "Angriff",
    "strip.job.Comparison": "Vergleich",
    "strip.job.Sweep": "Vergleich der Schutzverfahren",
    "strip.job.Shake-to-Leak": "Shake-to-Leak",
    "strip.stage.part": "Teil {number} von {all}, {stage}",
    "strip.stage.point": "{number} von {all}, {name}: {stage}",
    "strip.stage.class images": "Klassenbilder, ab {number} von {all}",
    "strip.stage.extraction": "Extraktion, ab {number} von {all}",
    "strip.stage.measure": "Messen ({name})",
    "strip.stage.draw the set": "Menge zeichnen ({name})",
    "strip.stage.fine-tune": "Fine-Tuning",
    "strip.stage.encoder": "Gewichts-Encoder",
    "strip.stage.class prompt": "Klassen-Prompt",
    "strip.stage.guessed trigger": "geratenes Triggerwort",
    "strip.stage.swapped model": "vertauschtes Modell",
    "strip.stage.DreamBooth": "DreamBooth",
    "strip.stage.chance": "Zufall",
    "strip.stage.draw": "Zeichnen",
    "strip.stage.gate": "Prüfung der Fotos",
    "strip.stage.membership inference": "Mitgliedschaft prüfen",
    "strip.stage.download, MB": "Herunterladen, MB",
    "strip.spent": "verbraucht: ε je Foto {photo}, ε der Person {person}",
    "strip.spent.nominal": "nominell, ohne Garantie: ε je Foto {photo}, ε der Person {person}",
}

PHOTOS = {
    "photos.more.one": "{count} weiteres Foto ist nicht brauchbar: {names}.",
    "photos.more.other": "{count} weitere Fotos sind nicht brauchbar: {names}.",
    "photos.one too many": "{name} ist eins zu viel. Höchstens {most} Fotos werden genommen.",
    "photos.too many": "{count} Fotos sind zu viel: {names}. Höchstens {most} Fotos werden genommen.",
    "photos.span": "{first} bis {last}",
    "photos.removed": "Die Fotos sind entfernt.",
    "photos.removed, compared": "Die Fotos sind entfernt und mit ihnen der Vergleich.",
    "photos.still": "Noch da: {what}. „Meine Daten löschen“ löscht auch das.",
    "photos.still.file": "die LoRA-Datei",
    "photos.still.drawn": "was der Angriff daraus gezeichnet hat",
    "photos.still.swept": "die Ergebnisse zu den Schutzverfahren",
}

ROWS = {
    "rows.picture": "{title}, Bild {number} von {all}",
    "rows.picture.best": "{title}, Bild {number} von {all}, der beste Versuch",
    "rows.megabytes": "{size} MB",
    "rows.kilobytes": "{size} kB",
    "rows.best": "bester Versuch",
}

ERRORS = {
    "errors.english": "Auf Englisch: {text}",
    "errors.title": "Das hat nicht geklappt",
    "errors.stopped": "Es wurde angehalten.",
    "errors.stopped.title": "Angehalten",
    "errors.gone": "Deine Fotos und Ergebnisse sind gelöscht. Lade Fotos, um neu zu beginnen.",
    "errors.busy.one": "{count} Auftrag wartet schon. Versuche es in ein paar Minuten noch einmal.",
    "errors.busy.other": "{count} Aufträge warten schon. Versuche es in ein paar Minuten noch einmal.",
    "errors.closing": "Die App wird gerade beendet. Beginne neu, wenn sie wieder da ist.",
    "errors.job": "Ein Auftrag von dir wartet oder läuft schon. Warte auf sein Ende oder halte ihn an.",
    "errors.unexpected": "Etwas Unerwartetes ist schiefgegangen. Versuche es noch einmal; das Protokoll der App sagt, "
    "was es war.",
    "errors.no session": "Die Anfrage nennt keine Sitzung. Gib einen session_hash an, wie es Gradios Clients tun. "
    "Ein MCP-Client sendet einen Header X-Session: mindestens 16 Zeichen, die niemand erraten kann.",
    "errors.memory": "Der Speicher der GPU hat nicht gereicht. Nimm weniger Fotos oder Klassenbilder je Schritt oder "
    "ein kleineres Basismodell wie „face64“; oder beende andere Programme, die die GPU benutzen.",
    "errors.faces": "{name} zeigt mehrere Gesichter. Wähle eins davon oder lass das Foto weg.",
    "errors.few photos.one": "{count} Foto geladen; mindestens {least} sind nötig. Füge Fotos einer einzigen Person "
    "hinzu oder wähle eine erfundene.",
    "errors.few photos.other": "{count} Fotos geladen; mindestens {least} sind nötig. Füge Fotos einer einzigen Person "
    "hinzu oder wähle eine erfundene.",
    "errors.no photos": "Es gibt keine Fotos zum Vergleichen. Lade zuerst Fotos.",
    "photos.bad.missing": "{name} ist nicht da. Wähle das Foto noch einmal.",
    "photos.bad.unreadable": "{name} lässt sich nicht lesen. Lade das Foto noch einmal hoch oder speichere es als "
    "JPEG.",
    "photos.bad.truncated": "{name} ist abgeschnitten: Das Ende fehlt. Lade das Foto noch einmal hoch.",
    "photos.bad.unsupported": "{name} hat ein Format, das hier nicht gelesen wird. Speichere das Foto als JPEG.",
    "photos.bad.too_large": "{name} ist zu groß. Exportiere es kleiner.",
    "photos.bad.bomb": "{name} hat viel zu viele Pixel. Exportiere es kleiner.",
    "photos.bad.no_face": "In {name} ist kein Gesicht zu finden. Nimm ein Foto, das ein Gesicht von vorn und bei Licht "
    "zeigt.",
    "photos.bad.no_such_face": "Dieses Gesicht gibt es in {name} nicht. Wähle ein anderes.",
    "photos.bad.several_faces": "{name} zeigt mehrere Gesichter. Schneide das Foto auf eine Person zu oder lass es "
    "weg.",
    "photos.bad.not_deleted": "{name} konnte nicht gelöscht werden. Lösche die Datei von Hand: Sie ist eine "
    "ungeschützte Kopie des Fotos.",
}
