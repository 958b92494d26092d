"""Defences against each other on one person: what each one costs, and what still leaks."""
