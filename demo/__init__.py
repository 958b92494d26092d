"""What a shared LoRA gives away: fine-tune, attack and measure, on one code path."""
