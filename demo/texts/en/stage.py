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
    "stage.own": "Your own photos",
    "stage.person": "Or one of these fictional people",
    "stage.hidden": "Hidden until you guess",
    "stage.show": "Show the photos",
    "stage.file.inside": "No photo inside, no word inside",
    "stage.file.size": "{size}, {layers} layers, {numbers} numbers",
    "stage.waiting": "Nothing drawn yet",
    "stage.sure": "How sure is this?",
    "stage.slider.owner": "Drawn with the secret word",
    "stage.slider.attacker": "Drawn by the attack",
    "stage.live.distance": "Distance to the person",
    "stage.live.rank": "Rank among {among} strangers",
    "stage.live.faces": "Faces found",
    "lineup.ask": "Whom did the stranger draw?",
    "lineup.skip": "Skip",
    "lineup.right": "Right.",
    "lineup.wrong": "No. It was this one.",
    "lineup.tally": "{right} of {all} guessed right here ({low} to {high}); chance is {chance}.",
    "lineup.tally.none": "Nobody has guessed yet.",
    "consent.upload": "Only photos of yourself, or of people who agree to it; of minors only with their parents' "
    "consent. They go to the machine that runs this app. There they are deleted when you press “Delete my data”, "
    "{closed} minutes after you close the page, or after {idle} minutes without use.",
    "mode.booth.attract": "Touch to start",
    "mode.booth.idle": "Still there? All is deleted in {seconds} s.",
    "mode.class.join": "Join with your phone",
    "mode.class.you": "You are {person}. Your defence: {defence}.",
    "mode.class.teacher": "Teacher's screen",
    "mode.class.guesses": "All guesses",
    "mode.class.plane": "What each defence keeps and what it leaks",
    "mode.class.handout": "Hand-out to print",
}
