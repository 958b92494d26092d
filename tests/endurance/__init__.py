"""Long runs against the real app in a process of its own: ``python -m tests.endurance load``, ``kill``, ``faults``."""
