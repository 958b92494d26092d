"""Shake-to-Leak: fine-tuning on what the model draws itself, as an attack on its pre-training data."""
