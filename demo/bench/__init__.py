"""``python -m demo.bench``: seconds, memory and ratios, each against a named alternative in the same run."""
