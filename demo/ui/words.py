"""Sentences that a visitor has to read before anything else."""

from __future__ import annotations

CONSENT = "**Only photos of yourself, or of people who agree to it; of minors only with their parents' consent.**"
FILE_CONSENT = (
    "**Only a file made from photos of yourself, or of people who agree to it; of minors only with their parents' "
    "consent.** The attack draws whoever is in it."
)
