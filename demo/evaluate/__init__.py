"""Held-out figures: what the README and the notes quote comes out of here."""
