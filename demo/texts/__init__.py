"""The words for verdicts. A language is one file of templates (en.py); the other modules choose among them."""
