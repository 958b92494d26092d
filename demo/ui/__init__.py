"""The web app. Nothing outside this package imports gradio."""
