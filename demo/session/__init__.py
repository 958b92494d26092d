"""What the app keeps for a visitor and does for one. Knows no gradio."""
