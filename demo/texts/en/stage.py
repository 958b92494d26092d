"""What stands on the stage, the first page: one dictionary, in which its new keys go, in every language alike.

What has no field is translated by the browser (:mod:`demo.ui.components.translations`); the rest on the server.
"""

from __future__ import annotations

STAGE = {
    "stage.title": "What a shared LoRA gives away",
    "stage.photos": "The photos that nobody shared",
    "stage.file": "The file that was shared",
    "stage.drawn": "What a stranger draws from it",
    "stage.start": "Start",
    "stage.again": "Another person",
    "stage.stop": "Stop",
    "stage.delete": "Delete my data",
    "stage.own": "Your own photos, or another person",
    "stage.hidden": "Hidden until you guess",
    "stage.show": "Show the photos",
    "stage.file.inside": "No photo inside, no word inside.",
    "stage.file.size": "{size}, {layers} layers, {numbers} numbers.",
    "stage.file.making": "in the making",
    "stage.file.alt": "The numbers of the file as a picture: coloured dots, and no face",
    "stage.left out.one": "{count} photo, left out",
    "stage.left out.other": "{count} photos, left out",
    "stage.photos.none": "No photos yet",
    "stage.photos.alt": "Photo {number} of {count}",
    "stage.photos.alt.hidden": "Photo {number} of {count}, not to be recognised until you guess",
    "stage.photos.compared": "What the others are compared with. They are shown to you alone.",
    "stage.drawn.alt": "Picture {number} of {count} that the attack drew",
    "stage.drawn.alt.live": "Picture {number} of {count} in the making",
    "stage.sure": "How sure is this?",
    "stage.slider.owner": "Drawn with the secret word",
    "stage.slider.attacker": "Drawn by the attack",
    "stage.slider": "How much of each picture is seen",
    "stage.place": "place {place} of {among}",
    "stage.lab": "Every step and setting",
    "stage.about": "About this, and about your photos",
    "stage.live.attack": "The attack's pictures, measured while they are drawn",
    "stage.live.owner": "The owner's pictures, measured while the file is made",
    "stage.live.distance": "Distance (same person: below {near})",
    "stage.live.place": "Place among strangers",
    "stage.live.faces": "Faces found",
    "stage.lineup.ask": "Whom did the stranger draw?",
    "stage.lineup.skip": "Skip",
    "stage.lineup.right": "Right.",
    "stage.lineup.wrong": "No. It was this one.",
    "stage.lineup.tally.one": "{right} of {count} guess here was right ({low} to {high}); chance is one in six.",
    "stage.lineup.tally.other": "{right} of {count} guesses here were right ({low} to {high}); chance is one in six.",
    "stage.lineup.alt.open": "Face {number}: is it this one?",
    "stage.lineup.alt.answer": "Face {number}: this is the person",
    "stage.lineup.alt.other": "Face {number}: a stranger",
    "consent.upload": "Only photos of yourself, or of people who agree to it; of minors only with their parents' "
    "consent. They go to the machine that runs this app (a public Space runs on one of Hugging Face's). There they "
    "are deleted when you press “Delete my data”, {closed} minutes after you close the page, or after {idle} minutes "
    "without use.",
    "consent.photos": "{least} to {most} photos of one person, from the front, in good light.",
    "consent.people": "Or take a fictional person: one click. These people do not exist; their pictures were "
    "generated.",
    "stage.photo.files": "Files",
    "stage.photo.camera": "Camera",
    "stage.photo.shoot": "Take a photo",
    "stage.photo.formats": "Photos ({formats})",
    "stage.photo.which": "Which of them?",
    "stage.photo.take": "Take this face",
    "stage.photo.leave": "Leave the photo out",
    "stage.photo.remove": "Remove all photos",
    "stage.photo.choose": "Choose a face first.",
    "stage.photo.alt": "Photo {number} of {count}, cropped to the face: {name}",
    "stage.photo.fictional.one": "{person} does not exist: a fictional person, {count} generated picture.",
    "stage.photo.fictional.other": "{person} does not exist: a fictional person, {count} generated pictures.",
    "stage.photo.hidden": "Somebody was drawn by lot, and is hidden until you guess.",
    "stage.photo.ready.one": "{count} photo ready.",
    "stage.photo.ready.other": "{count} photos ready.",
    "stage.photo.lacking.one": "{count} more needed.",
    "stage.photo.lacking.other": "{count} more needed.",
    "stage.photo.expired": "Your photos and results have been deleted: "
    "they were not used for a while, or the app was started again.",
    "stage.photo.faces": "{name} shows {count} faces.",
    "stage.photo.face": "Face {number}",
    "stage.photo.face.alt": "Face {number} of {count} in {name}",
    "stage.deleted": "Your photos, files and results have been deleted.",
    "stage.nothing": "There is nothing to stop.",
    "stage.older": "Of the photos loaded before ({whose}).",
    "stage.older.own": "your own",
    "stage.yours": "Your photos",
    "stage.theirs": "Pictures of {person}",
    "stage.before": "{title}, loaded before",
    "stage.bars": "Bars",
    "stage.metrics": "All metrics",
    "stage.about.text": "A LoRA is a small file that teaches a model that draws pictures one more thing: here, one "
    "person's face. People share such files. An encoder reads the file's numbers, and nothing else, and makes the "
    "model draw the person: no photo, no secret word. This is a demonstration of the paper “Risks When Sharing LoRA "
    "Fine-Tuned Diffusion Model Weights”.\n\nface64 is a small model, 64 x 64 pixels: it shows the mechanism, not "
    "sharp pictures. One person is an anecdote: the place among 1,000 strangers says whether a likeness is more than "
    "chance, and the controls say where it comes from.\n\nface64 was trained on CelebA: weights and pictures are for "
    "non-commercial research and education. The fictional people were generated.",
    "mode.booth.attract": "Touch to start",
    "mode.booth.idle": "Still there? All is deleted in {seconds} s.",
    "mode.class.join": "Join with your phone",
    "mode.class.you": "{number}. You are {person}. Your defence: {defence}.",
    "mode.class.joined.one": "{count} has joined, {done} done.",
    "mode.class.joined.other": "{count} have joined, {done} done.",
    "mode.class.leaks.one": "The file leaked in {leaks} of {count} story.",
    "mode.class.leaks.other": "The file leaked in {leaks} of {count} stories.",
    "mode.class.useful": "more useful to its owner",
    "mode.class.leaky": "more of the person leaks",
    "mode.class.chance": "chance",
    "mode.class.intro": "Each of you fine-tuned a model on photos of an invented person, with a defence or without, "
    "and attacked the file with nothing else in hand. This is what the class found.",
    "mode.class.question.1": "What does somebody who has the file alone get to see? What do they not need?",
    "mode.class.question.2": "Which stories without a defence leaked? Look at the place among strangers, not at one "
    "picture.",
    "mode.class.question.3": "Which defence kept the person private, and what did its owner lose by it?",
    "mode.class.question.4": "How often did the class guess right? How often would it be by chance, and could the "
    "difference be luck?",
    "mode.class.question.5": "Why are pictures of a random file and of another person's file measured, too?",
    "mode.class.question.6": "Would you share such a file of yourself? Of a friend? What would you ask first?",
    "mode.class.small": "Distances are those of dlib's face recogniser, mean over the pictures. Each point is one "
    "person and one fine-tuning: an anecdote, not a statistic.",
    "mode.class.teacher": "Teacher's screen",
    "mode.class.plane": "What each defence keeps and what it leaks",
    "mode.class.handout": "Hand-out to print",
}
