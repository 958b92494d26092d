"""Statistics: intervals and tests, ROC curves. Pure functions on arrays."""
