"""LoRA files: read, checked, written, described."""
