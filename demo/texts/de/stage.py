"""What stands on the stage: the same keys as in :mod:`demo.texts.en.stage`."""

from __future__ import annotations

_LINEUP_TALLY = "Richtige Tipps hier: {right} von {count} ({low} bis {high}); Zufall wäre einer von sechs."

STAGE = {
    "stage.title": "Was ein geteiltes LoRA verrät",
    "stage.photos": "Die Fotos, die niemand geteilt hat",
    "stage.file": "Die Datei, die geteilt wurde",
    "stage.drawn": "Was ein Fremder daraus zeichnet",
    "stage.start": "Start",
    "stage.again": "Eine andere Person",
    "stage.stop": "Anhalten",
    "stage.delete": "Meine Daten löschen",
    "stage.own": "Deine eigenen Fotos oder eine andere Person",
    "stage.hidden": "Verdeckt, bis du geraten hast",
    "stage.show": "Fotos zeigen",
    "stage.file.inside": "Kein Foto darin, kein Wort darin.",
    "stage.file.size": "{size}, {layers} Schichten, {numbers} Zahlen.",
    "stage.file.making": "entsteht gerade",
    "stage.file.alt": "Die Zahlen der Datei als Bild: bunte Punkte, kein Gesicht",
    "stage.left out.one": "{count} Foto, weggelassen",
    "stage.left out.other": "{count} Fotos, weggelassen",
    "stage.photos.none": "Noch keine Fotos",
    "stage.photos.alt": "Foto {number} von {count}",
    "stage.photos.alt.hidden": "Foto {number} von {count}, unkenntlich, bis du geraten hast",
    "stage.photos.compared": "Mit ihnen werden die anderen Bilder verglichen. Nur du siehst sie.",
    "stage.drawn.alt": "Bild {number} von {count}, vom Angriff gezeichnet",
    "stage.drawn.alt.live": "Bild {number} von {count}, entsteht gerade",
    "stage.sure": "Wie sicher ist das?",
    "stage.slider.owner": "Mit dem geheimen Wort gezeichnet",
    "stage.slider.attacker": "Vom Angriff gezeichnet",
    "stage.slider": "Wie viel von jedem Bild zu sehen ist",
    "stage.place": "Platz {place} von {among}",
    "stage.lab": "Alle Schritte und Einstellungen",
    "stage.about": "Über diese Demo und deine Fotos",
    "stage.live.attack": "Die Bilder des Angriffs, schon beim Zeichnen gemessen",
    "stage.live.final": "Die fertigen Bilder des Angriffs, wie das Urteil sie misst",
    "stage.live.owner": "Die Bilder mit dem geheimen Wort, gemessen, während die Datei entsteht",
    "stage.live.distance": "Abstand (dieselbe Person: unter {near})",
    "stage.live.place": "Platz unter Fremden",
    "stage.live.faces": "Gefundene Gesichter",
    "stage.line_up.ask": "Wen hat der Fremde gezeichnet?",
    "stage.line_up.skip": "Überspringen",
    "stage.line_up.right": "Richtig.",
    "stage.line_up.wrong": "Nein. Diese Person war es.",
    "stage.line_up.tally.one": _LINEUP_TALLY,
    "stage.line_up.tally.other": _LINEUP_TALLY,
    "stage.line_up.alt.open": "Gesicht {number}: Ist es dieses?",
    "stage.line_up.alt.answer": "Gesicht {number}: Das ist die Person",
    "stage.line_up.alt.other": "Gesicht {number}: eine fremde Person",
    "consent.upload": "Nur Fotos von dir selbst oder von Menschen, die einverstanden sind; von Minderjährigen nur "
    "mit Einwilligung der Eltern. Sie gehen an den Rechner, auf dem diese App läuft (ein öffentlicher Space läuft "
    "auf einem von Hugging Face). Dort werden sie gelöscht, wenn du „Meine Daten löschen“ drückst, {closed} Minuten "
    "nachdem du die Seite schließt oder nach {idle} Minuten ohne Nutzung.",
    "consent.photos": "{least} bis {most} Fotos einer einzigen Person, von vorn und bei gutem Licht.",
    "consent.people": "Oder nimm eine erfundene Person: Ein Klick genügt. Diese Menschen gibt es nicht; ihre Bilder "
    "sind generiert.",
    "stage.photo.files": "Dateien",
    "stage.photo.camera": "Kamera",
    "stage.photo.shoot": "Foto aufnehmen",
    "stage.photo.formats": "Fotos ({formats})",
    "stage.photo.which": "Welches davon?",
    "stage.photo.take": "Dieses Gesicht nehmen",
    "stage.photo.leave": "Foto weglassen",
    "stage.photo.remove": "Alle Fotos entfernen",
    "stage.photo.choose": "Wähle zuerst ein Gesicht.",
    "stage.photo.alt": "Foto {number} von {count}, auf das Gesicht zugeschnitten: {name}",
    "stage.photo.fictional.one": "{person} gibt es nicht: eine erfundene Person, {count} generiertes Bild.",
    "stage.photo.fictional.other": "{person} gibt es nicht: eine erfundene Person, {count} generierte Bilder.",
    "stage.photo.hidden": "Jemand wurde ausgelost und bleibt verdeckt, bis du geraten hast.",
    "stage.photo.ready.one": "{count} Foto ist bereit.",
    "stage.photo.ready.other": "{count} Fotos sind bereit.",
    "stage.photo.lacking.one": "Es fehlt noch {count}.",
    "stage.photo.lacking.other": "Es fehlen noch {count}.",
    "stage.photo.expired": "Deine Fotos und Ergebnisse sind gelöscht: "
    "Sie wurden eine Weile nicht genutzt, oder die App wurde neu gestartet.",
    "stage.photo.faces": "{name} zeigt {count} Gesichter.",
    "stage.photo.face": "Gesicht {number}",
    "stage.photo.face.alt": "Gesicht {number} von {count} in {name}",
    "stage.deleted": "Deine Fotos, Dateien und Ergebnisse sind gelöscht.",
    "stage.nothing": "Es läuft nichts, was du anhalten könntest.",
    "stage.older": "Gehört zu den vorher geladenen Fotos ({whose}).",
    "stage.older.own": "deinen eigenen",
    "stage.yours": "Deine Fotos",
    "stage.theirs": "Bilder von {person}",
    "stage.before": "{title}, vorher geladen",
    "stage.arms": "Was gezeichnet wurde, je nach Art",
    "stage.bars": "Balken",
    "stage.metrics": "Alle Messwerte",
    "stage.about.text": "Ein LoRA ist eine kleine Datei, die einem Bildmodell etwas Neues beibringt: hier das Gesicht "
    "eines Menschen. Solche Dateien werden geteilt. Ein Encoder liest die Zahlen der Datei, sonst nichts, und lässt "
    "das Modell die Person zeichnen: ohne Foto, ohne geheimes Wort. Diese Demo führt vor, was das Paper „Risks When "
    "Sharing LoRA Fine-Tuned Diffusion Model Weights“ beschreibt.\n\nface64 ist ein kleines Modell, 64 × 64 Pixel: Es "
    "zeigt das Prinzip, keine scharfen Bilder. Eine einzelne Person ist eine Anekdote: Der Platz unter 1.000 Fremden "
    "sagt, ob eine Ähnlichkeit mehr ist als Zufall, und die Kontrollen sagen, woher sie kommt.\n\nface64 wurde mit "
    "CelebA trainiert: Gewichte und Bilder sind für nichtkommerzielle Forschung und Lehre. Die erfundenen Personen "
    "sind generiert.",
    "mode.booth.attract": "Zum Starten berühren",
    "mode.booth.nobody": "Diese Menschen gibt es nicht.",
    "mode.booth.idle": "Noch da? In {seconds} s wird alles gelöscht.",
    "mode.class.join": "Mit dem Handy mitmachen",
    "mode.class.you": "{number}. Du bist {person}. Dein Schutz: {defence}.",
    "mode.class.joined.one": "{count} ist dabei, {done} fertig.",
    "mode.class.joined.other": "{count} sind dabei, {done} fertig.",
    "mode.class.leaks.one": "Die Datei war in {leaks} von {count} Geschichte undicht.",
    "mode.class.leaks.other": "Die Datei war in {leaks} von {count} Geschichten undicht.",
    "mode.class.useful": "für die Person selbst brauchbarer",
    "mode.class.leaky": "verrät mehr von der Person",
    "mode.class.chance": "Zufall",
    "mode.class.intro": "Ihr alle habt ein Modell auf Fotos einer erfundenen Person trainiert (Fine-Tuning), mit oder "
    "ohne Schutz, und dann die Datei angegriffen, ohne sonst etwas in der Hand zu haben. Das hat die Klasse "
    "herausgefunden.",
    "mode.class.question.1": "Was bekommt zu sehen, wer nur die Datei hat? Was ist dafür nicht nötig?",
    "mode.class.question.2": "Welche Geschichten ohne Schutz waren undicht? Achte auf den Platz unter Fremden, nicht "
    "auf ein einzelnes Bild.",
    "mode.class.question.3": "Welcher Schutz hat dicht gehalten, und was ging der Person, der die Datei gehört, dabei "
    "verloren?",
    "mode.class.question.4": "Wie oft hat die Klasse richtig geraten? Wie oft träfe der Zufall, und könnte der "
    "Unterschied Glück sein?",
    "mode.class.question.5": "Warum werden auch Bilder aus einer Zufallsdatei und aus der Datei einer anderen Person "
    "gemessen?",
    "mode.class.question.6": "Würdest du so eine Datei von dir teilen? Von einem Freund oder einer Freundin? Was "
    "würdest du vorher fragen?",
    "mode.class.small": "Abstände nach der Gesichtserkennung von dlib, gemittelt über die Bilder. Jeder Punkt ist "
    "eine Person und ein Fine-Tuning: eine Anekdote, keine Statistik.",
    "mode.class.teacher": "Bildschirm der Lehrkraft",
    "mode.class.plane": "Was jeder Schutz erhält und was er verrät",
    "mode.class.handout": "Handzettel zum Drucken",
}
