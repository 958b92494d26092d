"""What each public endpoint does, for programs and as MCP's tools. What is not named here is not public."""

from __future__ import annotations

ENDPOINTS = {
    "add_photos": "Add photos of one person, as files. A photo of several people waits until a face is chosen.",
    "remove_photos": "Take all photos off the session, and the comparison that shows them.",
    "load_person": "Take a fictional person's photos in place of all photos; returns how many there are.",
    "fine_tune": "Put a fine-tuning on the session's photos in line. It makes a LoRA file. Ask `status` how it stands.",
    "run_story": "Put the whole story in line: fine-tune, attack, compare. Ask `status` how it stands.",
    "add_lora": "Take a LoRA file (.safetensors) to attack, for a base model.",
    "take_example": "Take the LoRA file that comes with the bundled base model.",
    "attack": "Put an attack on the session's file in line: it has the file and public models, nothing else.",
    "clean_copy": "Make a copy of the session's file without what it says by itself. The weights leak as before.",
    "compare": "Put a comparison of the attack's pictures with the photos, DreamBooth and controls in line.",
    "defend": "Put a sweep in line: several defences, tried on the session's photos.",
    "continue_defend": "Go on with a sweep that was stopped.",
    "shake": "Put a Shake-to-Leak experiment on a planted person in line.",
    "continue_shake": "Go on with an experiment that was stopped.",
    "guess": "Choose one of the six faces of the line-up, by its number from 1.",
    "status": "How the session's job stands, and what the session has.",
    "stop": "Stop the session's job. What was finished is kept.",
    "delete_my_data": "Delete all that the session has, now.",
}
