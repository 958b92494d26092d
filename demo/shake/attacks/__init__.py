"""Attacks on a model's training data: membership inference and extraction."""
