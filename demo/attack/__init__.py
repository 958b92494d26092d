"""Attacks. They see the released file and public models, nothing else."""
