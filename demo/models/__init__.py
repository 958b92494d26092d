"""Base models: the registry, where they come from, how they are loaded and drawn with."""
