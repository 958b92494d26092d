"""Extraction: training pictures that come out of the model whole (Carlini et al., USENIX Security 2023)."""
