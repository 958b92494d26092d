"""Training of what is bundled: fictional people, base model, weight encoder."""
