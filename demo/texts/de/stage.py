"""What stands on the stage: the same keys as in :mod:`demo.texts.en.stage`."""

from __future__ import annotations

STAGE = {
    "stage.title": "Was ein geteiltes LoRA verrät",
    "stage.photos": "Die Fotos, die niemand geteilt hat",
    "stage.file": "Die Datei, die geteilt wurde",
    "stage.drawn": "Was ein Fremder daraus zeichnet",
    "stage.start": "Start",
    "stage.again": "Eine andere Person",
    "stage.stop": "Anhalten",
    "stage.delete": "Meine Daten löschen",
    "stage.own": "Deine eigenen Fotos",
    "stage.person": "Oder eine dieser erfundenen Personen",
    "stage.hidden": "Verdeckt, bis du geraten hast",
    "stage.show": "Fotos zeigen",
    "stage.file.inside": "Kein Foto darin, kein Wort darin",
    "stage.file.size": "{size}, {layers} Schichten, {numbers} Zahlen",
    "stage.waiting": "Noch nichts gezeichnet",
    "stage.sure": "Wie sicher ist das?",
    "stage.slider.owner": "Mit dem geheimen Wort gezeichnet",
    "stage.slider.attacker": "Vom Angriff gezeichnet",
    "stage.live.distance": "Abstand zur Person",
    "stage.live.rank": "Rang unter {among} Fremden",
    "stage.live.faces": "Gefundene Gesichter",
    "lineup.ask": "Wen hat der Fremde gezeichnet?",
    "lineup.skip": "Überspringen",
    "lineup.right": "Richtig.",
    "lineup.wrong": "Nein. Diese Person war es.",
    "lineup.tally": "{right} von {all} haben hier richtig geraten ({low} bis {high}); der Zufall träfe {chance}.",
    "lineup.tally.none": "Noch hat niemand geraten.",
    "consent.upload": "Nur Fotos von dir selbst oder von Menschen, die einverstanden sind; von Minderjährigen nur mit "
    "Einwilligung der Eltern. Sie gehen an den Rechner, auf dem diese App läuft. Dort werden sie gelöscht, wenn du "
    "„Meine Daten löschen“ drückst, {closed} Minuten nachdem du die Seite schließt oder nach {idle} Minuten ohne "
    "Nutzung.",
    "mode.booth.attract": "Zum Starten berühren",
    "mode.booth.idle": "Noch da? In {seconds} s wird alles gelöscht.",
    "mode.class.join": "Mit dem Handy mitmachen",
    "mode.class.you": "Du bist {person}. Dein Schutz: {defence}.",
    "mode.class.teacher": "Bildschirm der Lehrkraft",
    "mode.class.guesses": "Alle Tipps",
    "mode.class.plane": "Was jeder Schutz erhält und was er verrät",
    "mode.class.handout": "Handzettel zum Drucken",
}
