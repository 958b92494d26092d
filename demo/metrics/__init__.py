"""Metrics. They alone see the private photos."""
