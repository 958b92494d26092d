"""Defences: what changes the training or the released file so that it gives less away. One file each."""
