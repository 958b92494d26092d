"""Sentences for visitors: whose photos may come in, and what the words mean."""

from __future__ import annotations

FILE_CONSENT = (
    "**Only a file made from photos of yourself, or of people who agree to it; of minors only with their parents' "
    "consent.** The attack draws whoever is in it."
)

LORA = (
    "A *LoRA* is a small file. It teaches a model that draws pictures one more thing: here, one person's face. "
    "People share such files on the web."
)
WORDS = {
    "LoRA": "a small file of matrices that is added to a public model and changes what it draws.",
    "Base model": "the public model that draws pictures from text, before any LoRA is added.",
    "Fine-tuning": "training a model a little further on a few photos; a step is one small change of its numbers.",
    "DreamBooth": "a common way to fine-tune on 3 to 20 photos of one person, so that one word brings up the person.",
    "Trigger word": "that word: invented, secret, and in no file here; whoever knows it can draw the person.",
    "Class prompt": 'the plain sentence that DreamBooth is anchored to, "a photo of a person"; it needs no secret.',
    "Prior preservation": "training on pictures of other people at the same time, so that the model does not draw "
    "everybody like the one person.",
    "Encoder": "the attacker's network; it reads the LoRA's numbers and writes an embedding: other numbers, which "
    "stand for the person in the model.",
    "Decoys": "faces of people who have nothing to do with the file; the person's place among them, the rank, says how "
    "well a picture is recognised.",
    "Epsilon (ε)": "how much of one photo a defence can let out, proved or only nominal; a smaller ε takes more noise.",
}


def words() -> str:
    """The words as a Markdown list, a sentence each."""
    return "\n".join(f"- **{word}:** {meaning}" for word, meaning in WORDS.items())
