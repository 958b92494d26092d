"""Fine-tuning a LoRA on photos, for one person or many at once."""
