"""LoRA: fine-tuning, files, batches of them."""
