"""What a LoRA file's header says by itself, before any attack."""
